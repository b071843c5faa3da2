"""Consent confirmed by a code in an SMS: the customer reads it aloud, the clerk types it in.

Speaks `customer.consent_code_requested` and, through the archive, `customer.consent_changed`; hears nothing. A code is
bound to one customer, the purposes and the wording, works once, for ten minutes, and is kept only as a keyed hash.
"""
