"""Why somebody must not be written to: no consent, opted out, number dead, complaint open, gone.

Speaks and hears nothing; planning and dispatch ask it at every step.
"""
