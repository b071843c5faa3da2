"""The complaints service: enquiries and complaints, their clocks, 10086's work orders, call-backs, and diversion."""
