"""Who may come in: machine clients with secrets, people with passwords, the tokens and sessions they are given.

Speaks and hears nothing on the bus. Refuses guesses: failures are counted in the database and locked out with back-off.
"""
