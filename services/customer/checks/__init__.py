"""Checks of records against the truth (C14): how much of the archive is accurate, with both sides of the ratio.

Speaks `record.checked`; hears nothing.
"""
