"""Forgetting people (C7, X2): what messaging keeps of somebody goes when the archive has let them go.

Speaks `sms.suppressed` for what was still waiting; hears `customer.purged`. Messages that were sent keep their content
until their retention ends (M12); slots, consents and outcomes stay, by id.
"""
