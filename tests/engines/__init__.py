"""The real engines tests run on: one PostgreSQL and one Kafka a session, shared by its processes, and templates."""
