"""Halls and clerks as the customer service's directory tells them: who may handle a ticket, which hall an order names.

Speaks nothing; hears `hall.changed` and `clerk.changed`.
"""
