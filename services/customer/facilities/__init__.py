"""What a hall has and offers (C14): its facilities with their condition, its promotions with their validity.

Speaks nothing; hears nothing.
"""
