"""What the messaging service holds of one person, for that person. Speaks `personal_data.exported`; hears nothing."""
