"""The organisation: county → hall → clerk, with effective dates, opening hours and hours in which SMS may be sent.

Speaks `hall.changed` and `clerk.changed`; hears nothing.
"""
