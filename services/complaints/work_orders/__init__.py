"""Orders of the 10086 hotline: one row for each source and number, matched to the archive by the caller's number.

Speaks `work_order.imported`; hears `customer.registered`, `customer.updated` and `customer.purged`.
"""
