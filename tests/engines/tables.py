"""All tables of one service as its code declares them."""

import pkgutil
from importlib import import_module

import sqlalchemy as sa


def metadata_of(service: str) -> sa.MetaData:
    """Import every capability's models; what none of them declares is in no table."""
    package = import_module(f"services.{service}")
    for capability in pkgutil.iter_modules(package.__path__):
        models = f"services.{service}.{capability.name}.models"
        if capability.ispkg and _exists(models):
            import_module(models)
    declared: sa.MetaData = import_module(f"services.{service}.tables").Table.metadata
    return declared


def _exists(module: str) -> bool:
    package = import_module(module.rpartition(".")[0])
    return any(found.name == "models" for found in pkgutil.iter_modules(package.__path__))
