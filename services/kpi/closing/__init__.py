"""Closing a period (关账): its last run becomes final. Speaks `period.closed`."""
