"""How the four services are put together and run: in one process, or apart on Kafka and PostgreSQL."""
