"""What must hold across the services, checked from the facts they all sent: each with a count and a sample."""
