"""The KPI service: facts from everybody's events, indicators, weighted schemes, monthly and quarterly scores, feeds."""
