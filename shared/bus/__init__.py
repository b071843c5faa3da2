"""The event bus: one port, Kafka and an embedded log behind it."""
