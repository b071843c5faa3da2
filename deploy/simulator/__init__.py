"""An SMS gateway to try the house with: it takes messages, posts signed receipts, lets phones answer, can misbehave.

A program of its own (`hall simulator`), or a room of the house in one process. Like a real
gateway it has its own store and knows nothing of the house but the addresses it posts to.
"""

from deploy.simulator.program import PORT, app, control_token, opened, serve

__all__ = ["PORT", "app", "control_token", "opened", "serve"]
