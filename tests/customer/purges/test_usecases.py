"""Erasing reaches everything this service keeps about people."""

import importlib
import pkgutil

import services.customer
from services.customer.purges.usecases.erasing import ERASERS


def test_every_capability_that_can_erase_people_is_asked_to() -> None:
    erasers = set()
    for module in pkgutil.walk_packages(services.customer.__path__, "services.customer."):
        if module.name.endswith(".repository"):
            found = getattr(importlib.import_module(module.name), "erase_customers", None)
            erasers |= {found} - {None}
    assert {eraser.__module__ for eraser in erasers} == {eraser.__module__ for eraser in ERASERS}
