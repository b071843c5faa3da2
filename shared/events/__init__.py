"""The published language: every event of the house, one module per speaker. Changes only add."""

from shared.events.registry import EVENTS

__all__ = ["EVENTS"]
