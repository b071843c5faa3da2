"""Which facts an event yields (`recording`), and how facts are counted (`counting`)."""
