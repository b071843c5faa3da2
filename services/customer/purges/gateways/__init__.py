"""Off-net lists as files."""
