"""Who may be written to: what this service knows of customers, their consents, their halls and their open tickets.

Hears the customer service's and complaints' events in any order; speaks nothing.
"""
