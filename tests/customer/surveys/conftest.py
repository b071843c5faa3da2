"""Who takes part: the clerk who serves, the colleague who asks, and a customer."""

from collections.abc import Callable

import httpx
import pytest

from services.customer.archive.models import Customer
from shared.runtime import Runtime
from tests.customer.customers import a_customer


@pytest.fixture
def clerk(caller: Callable[..., httpx.AsyncClient]) -> httpx.AsyncClient:
    return caller("clerk", hall="ZZ01", county="zizhong", subject="ZZ0101")


@pytest.fixture
def colleague(caller: Callable[..., httpx.AsyncClient]) -> httpx.AsyncClient:
    return caller("hall_manager", hall="ZZ01", county="zizhong", subject="ZZ0100")


@pytest.fixture
async def customer(runtime: Runtime, organisation: None) -> Customer:
    return await a_customer(runtime.database, runtime.phones)
