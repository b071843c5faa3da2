"""Three months of SMS and tickets for the demo's customers, said through each service's outbox."""
