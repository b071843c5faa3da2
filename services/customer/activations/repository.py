"""Every query of activations. Whoever asks with an area sees nothing outside it."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.customer.activations.errors import ActivationNotFound
from services.customer.activations.models import Activation
from shared.database import insert_new
from shared.pagination import Page, PageRequest, paginate
from shared.security.tenancy import Area

EVERYWHERE = Area.everything()
EVIDENCE = ("hall", "evidence_kind", "evidence_reference")
PERSONAL = (
    "product", "product_title", "amount_fen", "evidence_kind", "evidence_reference", "status",
    "occurred_at", "denied_at", "sold_by",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list of activations is narrowed to."""

    customer_id: UUID | None = None
    product: str | None = None
    clerk: str | None = None
    hall: str | None = None
    since: date | None = None
    until: date | None = None


async def add_activation(session: AsyncSession, activation: Activation) -> bool:
    """False when its evidence stands for another one."""
    return bool(await insert_new(session, Activation, [activation], key=EVIDENCE))


async def id_with_evidence(session: AsyncSession, activation: Activation) -> UUID | None:
    same = [col(getattr(Activation, name)) == getattr(activation, name) for name in EVIDENCE]
    return (await session.execute(sa.select(col(Activation.id)).where(*same))).scalar_one_or_none()


async def get_activation(session: AsyncSession, activation_id: UUID, area: Area = EVERYWHERE) -> Activation:
    found = await activation_or_none(session, activation_id, area)
    if found is None:
        raise ActivationNotFound
    return found


async def activation_or_none(
    session: AsyncSession, activation_id: UUID, area: Area = EVERYWHERE, *, lock: bool = False
) -> Activation | None:
    within = area.clause(col(Activation.hall), col(Activation.county))
    query = select(Activation).where(Activation.id == activation_id, within)
    return (await session.scalars(query.with_for_update() if lock else query)).one_or_none()


async def activations_page(
    session: AsyncSession, area: Area, filters: Filters, page: PageRequest
) -> Page[Activation]:
    """Newest first."""
    query = select(Activation).where(area.clause(col(Activation.hall), col(Activation.county)))
    found: Page[Activation] = await paginate(
        session, query.where(*_narrowed_to(filters)), [(col(Activation.id), "desc")], page
    )
    return found


async def sums_by_clerk(
    session: AsyncSession, area: Area, products: Iterable[str], since: date, until: date
) -> Sequence[Any]:
    """What was opened and not denied: `hall`, `clerk`, `count`, `fen`."""
    query: Any = (
        sa.select(
            col(Activation.hall), col(Activation.sold_by).label("clerk"), sa.func.count().label("number"),
            sa.cast(sa.func.sum(col(Activation.amount_fen)), sa.BigInteger).label("fen"),
        )
        .where(
            area.clause(col(Activation.hall), col(Activation.county)), col(Activation.day).between(since, until),
            col(Activation.product).in_(list(products)), col(Activation.status) == "recorded",
        )
        .group_by(col(Activation.hall), col(Activation.sold_by))
    )  # fmt: skip
    rows: Sequence[Any] = (await session.execute(query)).all()
    return rows


async def erase_customers(session: AsyncSession, ids: Sequence[UUID]) -> None:
    """What was sold stays as a figure; the paper that leads to the person is no longer named."""
    erased = sa.literal("erased:", sa.String).concat(sa.cast(col(Activation.id), sa.String(40)))
    theirs = sa.update(Activation).where(col(Activation.customer_id).in_(ids))
    await session.execute(theirs.values(evidence_reference=erased))


async def everything_about(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    query = select(Activation).where(Activation.customer_id == customer_id).order_by(col(Activation.id))
    found = (await session.scalars(query)).all()
    return {"activations": [{name: getattr(a, name) for name in PERSONAL} for a in found]}


def _narrowed_to(filters: Filters) -> list[sa.ColumnElement[bool]]:
    equal = (
        (Activation.customer_id, filters.customer_id), (Activation.product, filters.product),
        (Activation.sold_by, filters.clerk), (Activation.hall, filters.hall),
    )  # fmt: skip
    wanted = [col(column) == value for column, value in equal if value is not None]
    if filters.since is not None:
        wanted.append(col(Activation.day) >= filters.since)
    if filters.until is not None:
        wanted.append(col(Activation.day) <= filters.until)
    return wanted
