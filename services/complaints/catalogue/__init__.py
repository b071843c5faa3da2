"""What complaints are about and what settles them: categories, causes and remedies as tables with Chinese names."""
