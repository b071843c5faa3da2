"""Archived customers as far as complaints need them: whose number it is, which hall and clerk look after them, tier.

Speaks nothing; hears `customer.registered`, `customer.updated`, `customer.reassigned`, `customer.tier_changed`,
`customer.left_network` and `customer.purged`. Parts that may arrive before each other live in tables of their own.
"""
