"""Clocks of tickets: policies and business calendars as versioned data, and due times as a function of the event log.

Speaks nothing (tickets speak for their clocks); hears `hall.changed` for the hours of business.
"""
