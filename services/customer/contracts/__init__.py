"""Contracts of customers (C14): what was agreed until when, and the reminders before it ends, each once.

Speaks nothing and hears nothing: what a contract sells is told by activations.
"""
