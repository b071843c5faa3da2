"""Proof that nobody got more than the cap: counted from what gateways answered, not from our own counters.

Speaks and hears nothing, and changes nothing.
"""
