"""The four services of the house. They meet on the bus, never in Python."""
