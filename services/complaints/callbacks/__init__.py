"""Satisfaction call-backs: one task for every closed cycle, made by somebody other than the handler.

Speaks `complaint.rated` and what follows from it; the task is written in the transaction that closes the ticket.
"""
