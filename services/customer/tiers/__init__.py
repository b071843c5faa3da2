"""Tiers A, B, C (客户等级, C8): the versioned rule that rates customers month by month, its history, the strategies.

Speaks `customer.tier_changed`. Owns `tier_rules`, `tier_ratings`, `tier_runs` and `tier_strategies`.
"""
