"""Scoring a period, and explaining a score."""
