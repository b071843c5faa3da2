"""The consent ledger: what a customer agreed to, for which purpose, when, before whom, with which words and proof.

Speaks `customer.consent_changed` (through the archive, which owns the customer's version); hears nothing. The ledger
only grows: the database refuses UPDATE and DELETE.
"""
