"""The rules of the sheet: its form, the reading of its lines, and the texts written into it."""
