"""Follow-ups of the tests: a customer whose last contact was so many days ago, and the worker's jobs by hand."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from uuid import UUID

import pytest
import sqlalchemy as sa

from services.customer.archive.models import Customer
from services.customer.archive.usecases import register_customer
from services.customer.touches import usecases
from services.customer.touches.models import FollowUp
from shared.database import Database
from shared.runtime import Runtime
from tests.customer.customers import NOW, a_command

Contacted = Callable[..., Awaitable[Customer]]
_numbers = count(1)


async def open_all(database: Database, now: datetime = NOW) -> None:
    more = True
    while more:
        async with database.transaction() as session:
            more = await usecases.open_follow_ups(session, now=now)


async def open_of(database: Database, customer_id: UUID) -> FollowUp:
    query = sa.select(FollowUp).where(FollowUp.customer_id == customer_id, FollowUp.closed_at.is_(None))  # type: ignore[union-attr, arg-type]
    async with database.reading() as session:
        return (await session.scalars(query)).one()


@pytest.fixture
def contacted(database: Database, runtime: Runtime) -> Contacted:
    """`await contacted(91)`: a customer of 张强 who was archived 91 days ago and not spoken to since; tier C."""

    async def a_quiet_customer(
        days: int, tier: str = "C", *, now: datetime = NOW, **changes: Any
    ) -> Customer:
        phone, at = f"1380832{next(_numbers):04d}", now - timedelta(days=days)
        async with database.transaction() as session:
            command = a_command(runtime.phones, phone, at=at, **changes)
            customer = await register_customer(session, command, now=now)
        if tier != "C":
            async with database.transaction() as session:
                change = sa.update(Customer).where(Customer.id == customer.id).values(tier=tier)  # type: ignore[arg-type]
                await session.execute(change)
        await open_all(database, now)
        return customer

    return a_quiet_customer
