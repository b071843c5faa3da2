"""Callbacks of gateways: verified on raw bytes, stored in an inbox, answered in milliseconds, applied by a loop.

Doubles change nothing, any order ends the same, receipts for messages nobody knows yet are parked and matched later.
"""
