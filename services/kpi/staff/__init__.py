"""Who is assessed: this service's copy of halls and clerks, from the customer service's directory.

Hears `hall.changed` and `clerk.changed`; speaks nothing.
"""
