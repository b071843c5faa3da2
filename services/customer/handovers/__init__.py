"""Hand-overs (移交, C9): a clerk's customers and open follow-ups go to another on a day, or one customer at once.

Speaks `customer.reassigned`, by which complaints takes open tickets along and messaging what is not sent yet.
"""
