"""Frequency analysis (频率分析): how often customers were written to, what followed, and which hour serves best (M5).

Hears complaint.opened; speaks nothing and changes nothing but its own projection.
"""
