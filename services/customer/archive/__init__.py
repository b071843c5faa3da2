"""The customer archive (顾客档案): one record per customer of a hall, kept only with the customer's consent (C1–C6).

Speaks `customer.registered`, `customer.updated`, `customer.number_stored` and `customer.consent_changed`; hears of
delivered and opted-out SMS and of tickets, and shows them on the record.
"""
