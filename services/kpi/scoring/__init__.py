"""Runs over the facts and the scores they yield, at every level, each explained down to its facts.

Speaks `score.published`. A run is never changed; a new one is made only when something new is known.
"""
