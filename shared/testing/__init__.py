"""What the house ships for its tests: a bus in memory of what was published, and a look into the outbox."""
