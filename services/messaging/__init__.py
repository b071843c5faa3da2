"""Messaging: every SMS the house sends, from the intent to the last receipt, and what customers write back."""
