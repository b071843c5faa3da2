"""Alembic's entry: the KPI service's tables, run by the kernel's one runner."""

from importlib import import_module

from services.kpi.tables import Table
from shared.migrations import run

for capability in ("staff", "facts", "periods", "indicators", "schemes", "scoring"):
    import_module(f"services.kpi.{capability}.models")

run(Table.metadata)
