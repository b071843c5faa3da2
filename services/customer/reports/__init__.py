"""What clerks report (C14): the market and competitors as they see them, and their work by day, week and month.

Speaks `report.submitted`; hears nothing. A work report's figures come from the record and its words from the clerk.
"""
