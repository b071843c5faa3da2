"""How often a customer may be written to: cap slots of a calendar month, taken before a message exists.

Speaks and hears nothing. The unique key of a slot is the cap: no counter is read and then written.
"""
