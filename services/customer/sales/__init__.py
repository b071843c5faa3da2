"""Sales campaigns (营销活动): a period, some products, targets for halls and clerks, and how far they have come (C10).

Progress is counted from activations alone; what a customer denied does not count. Says and hears nothing.
"""
