"""Real adapters of access."""
