"""Files of 10086 orders: received with every number sealed, applied chunk by chunk by the worker, reported row by row.

Speaks nothing itself: orders and tickets speak.
"""
