"""Real sources of days."""
