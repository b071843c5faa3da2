"""Recommendations (营销推荐): at most three products that fit a customer at the counter, with reasons (C10, T8).

Never while an issue of the customer is open; whoever's issue was settled well is first in line. What was shown is a
record, and every record has at most one outcome. Speaks `recommendation.offered` and `recommendation.answered`; hears
how tickets end.
"""
