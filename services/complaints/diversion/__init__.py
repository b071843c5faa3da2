"""Diversion (分流): how many archived customers bring their issue to the hall instead of the 10086 hotline.

Speaks `diversion.measured`; hears nothing: it is measured from tickets and orders in one statement.
"""
