"""Satisfaction surveys: one invitation for a contact, answered once, credited to whoever served at that moment.

Speaks `survey.answered`; hears of tickets closed without a rating, and takes back what a call-back has asked meanwhile.
"""
