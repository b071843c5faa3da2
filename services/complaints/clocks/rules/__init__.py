"""Decisions about time, without a clock: calendars, the fold of a log into clocks, and which policy applies."""
