"""The library of scripts (话术): what to say to whom at which moment, in approved versions, with how well it went.

Speaks and hears nothing on the bus. Refuses words that their own author approved.
"""
