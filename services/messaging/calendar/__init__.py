"""Days off, make-up workdays (调休) and festivals, statutory, lunar and local: when the house plans and greets.

Loads what the packages know every night, an administrator corrects it; speaks and hears nothing.
"""
