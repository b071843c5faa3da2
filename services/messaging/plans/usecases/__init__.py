"""Writing plans, deciding about them, and carrying them out."""
