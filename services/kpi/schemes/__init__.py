"""Weighted schemes, versioned and in force from a month on, and the targets (计划) they are measured against.

A published scheme is never changed: the next version is another row.
"""
