"""Campaigns: one template to an audience that was counted, confirmed by somebody else, and reconciled to the message.

Speaks campaign.completed; hears nothing.
"""
