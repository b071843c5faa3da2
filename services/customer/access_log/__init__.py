"""The access log: who saw whose record or number, when and why (X2). It only grows; reading it is itself logged.

Speaks nothing; hears `personal_data.exported` of the other services. A record opened again within the clock hour by the
same person is one line: the unique key says so, not a look beforehand.
"""
