"""Products (业务): what they are worth, what they cost, when they are on offer and whom they suit, as data (C10).

Whom a product suits is a rule of conditions in a small closed vocabulary; every change is a version that stays.
"""
