"""Forgetting people (C7, X2): callers who were archived nowhere they called, and what the kernel keeps of those erased.

Speaks nothing; hears `customer.purged`. Tickets and orders that know their customer see to their own.
"""
