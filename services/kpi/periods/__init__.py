"""The periods that are assessed, months and quarters, and whether each is still open or closed."""
