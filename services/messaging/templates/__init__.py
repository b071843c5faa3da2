"""Message templates: their class, their words, their versions, and how many parts a text takes.

Speaks and hears nothing. The class of a message is its template's and nobody else's to choose.
"""
