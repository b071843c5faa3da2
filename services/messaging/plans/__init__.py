"""What a hall sends in a month: the month's service SMS spread over its quiet days, and the greetings of its festivals.

Content is written by hall and month and approved by another; speaks and hears nothing.
"""
