"""Which capabilities must tell a person what they hold: all whose tables name people."""

from types import ModuleType
from typing import Any

from shared.personal_data import tellers_in
from tests.engines import tables

NAMING = {"customer_id", "subject_id"}


def silent_capabilities(package: ModuleType, *also: str) -> set[str]:
    """Capabilities of the service with a column that names a person, or `also`, that tell nothing."""
    service, tellers = package.__name__.rpartition(".")[2], tellers_in(package)
    declared = {
        table.name for table in tables.metadata_of(service).sorted_tables if NAMING & set(table.c.keys())
    }
    base = tables.metadata_of(service)
    owners = {
        model.__module__.split(".")[2]
        for model in _models(service)
        if model.__tablename__ in declared and model.__table__.metadata is base
    }
    return (owners | set(also)) - {teller.__module__.split(".")[2] for teller in tellers}


def _models(service: str) -> list[Any]:
    from importlib import import_module

    base = import_module(f"services.{service}.tables").Table
    found, waiting = [], list(base.__subclasses__())
    while waiting:
        model = waiting.pop()
        waiting += model.__subclasses__()
        found += [model] if hasattr(model, "__table__") else []
    return found
