"""Real sources of exceptional days."""
