"""Alembic's entry: the complaints service's tables, run by the kernel's one runner."""

from importlib import import_module
from pathlib import Path

from services.complaints.tables import Table
from shared.migrations import run

SERVICE = Path(__file__).parents[1]
for models in (*sorted(SERVICE.glob("*/models.py")), *sorted(SERVICE.glob("*/models/__init__.py"))):
    import_module(f"services.complaints.{models.relative_to(SERVICE).parts[0]}.models")

run(Table.metadata)
