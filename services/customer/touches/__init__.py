"""Touches and follow-ups (接触, 回访; C9): contacts logged once, the clock they reset, due lists, the overdue ladder.

Speaks `touch.logged`, `follow_up.completed` and `follow_up.overdue`. Every active customer has one open follow-up.
"""
