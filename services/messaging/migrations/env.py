"""Alembic's entry: the tables of all the messaging service's capabilities, run by the kernel's one runner."""

from importlib import import_module
from pathlib import Path

from services.messaging.tables import Table
from shared.migrations import run

for models in sorted(Path(__file__).parents[1].glob("*/models.py")):
    import_module(f"services.messaging.{models.parent.name}.models")

run(Table.metadata)
