"""Counting a month in the database, set-based: no customer passes through this process."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import GenericFunction
from sqlmodel import col

from services.messaging.analysis.models import Complaint
from services.messaging.analysis.rules import Hour, OfClass
from services.messaging.audience.models import ACTIVE, Consent, Customer
from services.messaging.inbound.models import Reply
from services.messaging.messages.models import Message
from services.messaging.templates.rules import EXEMPT
from shared.database import insert_new
from shared.events.complaints import ComplaintOpened
from shared.personal_data import told
from shared.security.tenancy import Area

ACCEPTED = sa.text("messages.accepted_at IS NOT NULL")
"""As the partial index says it."""


class hour_at_the_hall(GenericFunction[int]):  # noqa: N801 - it is a function of the database
    """The hour of the day in Shanghai, which has no summer time."""

    type = sa.Integer()
    inherit_cache = True


@compiles(hour_at_the_hall, "postgresql")
def _hour_on_postgresql(element: Any, compiler: Any, **kw: Any) -> str:
    local = f"({compiler.process(element.clauses, **kw)}) AT TIME ZONE 'Asia/Shanghai'"
    return f"CAST(EXTRACT(HOUR FROM {local}) AS INTEGER)"


@compiles(hour_at_the_hall, "sqlite")
def _hour_on_sqlite(element: Any, compiler: Any, **kw: Any) -> str:
    return f"CAST(strftime('%H', {compiler.process(element.clauses, **kw)}, '+8 hours') AS INTEGER)"


async def note_complaints(session: AsyncSession, opened: Sequence[ComplaintOpened]) -> None:
    """Each complaint of a known customer once."""
    rows = [
        {"ticket_id": e.ticket_id, "customer_id": e.customer_id, "hall": e.hall, "county": e.county,
         "opened_at": e.received_at}
        for e in opened if e.kind == "complaint" and e.customer_id is not None
    ]  # fmt: skip
    if rows:
        await insert_new(session, Complaint, rows, key=["ticket_id"])


class Month:
    """What left the house in a month for an area, and what followed; every method is one statement."""

    def __init__(self, session: AsyncSession, since: datetime, until: datetime, area: Area) -> None:
        self._session, self._since, self._until, self._area = session, since, until, area
        m = Message
        self._sent: list[Any] = [
            ACCEPTED,
            col(m.submitted_at) >= since,
            col(m.submitted_at) < until,
            col(m.customer_id).is_not(None),
            col(m.message_class).not_in(EXEMPT),
            area.clause(col(m.hall), col(m.county)),
        ]

    async def customers_by_count(self) -> dict[int, int]:
        """How many customers got how many messages."""
        m = Message
        per = sa.select(sa.func.count().label("n")).where(*self._sent).group_by(col(m.customer_id)).subquery()
        return await self._pairs(sa.select(per.c.n, sa.func.count()).group_by(per.c.n))

    async def opt_outs_after(self) -> dict[int, int]:
        """How many opted out after how many of the month's messages; each customer's first word counts."""
        r = Reply
        within = [col(r.received_at) >= self._since, col(r.received_at) < self._until]
        first: Any = (
            sa.select(col(r.customer_id).label("customer_id"), sa.func.min(col(r.received_at)).label("at"))
            .where(*within, col(r.kind) == "opt_out", col(r.customer_id).is_not(None))
            .where(self._area.clause(col(r.hall), col(r.county)))
            .group_by(col(r.customer_id))
        )
        return await self._after(first)

    async def complaints_after(self) -> dict[int, int]:
        """The same for complaints."""
        c = Complaint
        first: Any = (
            sa.select(col(c.customer_id).label("customer_id"), sa.func.min(col(c.opened_at)).label("at"))
            .where(col(c.opened_at) >= self._since, col(c.opened_at) < self._until)
            .where(self._area.clause(col(c.hall), col(c.county)))
            .group_by(col(c.customer_id))
        )
        return await self._after(first)

    async def _after(self, first: Any) -> dict[int, int]:
        m, events = Message, first.subquery()
        before = sa.and_(
            col(m.customer_id) == events.c.customer_id, col(m.submitted_at) <= events.c.at, *self._sent
        )
        per = (
            sa.select(sa.func.count(col(m.id)).label("n"))
            .select_from(events.outerjoin(m, before))
            .group_by(events.c.customer_id)
            .subquery()
        )
        return await self._pairs(sa.select(per.c.n, sa.func.count()).group_by(per.c.n))

    async def hours(self) -> list[Hour]:
        """By hour of the day: sent, delivered, answered, opted out."""
        m, r = Message, Reply
        hour = hour_at_the_hall(col(m.submitted_at)).label("hour")
        answers = (
            sa.select(
                col(r.in_reply_to).label("message_id"),
                sa.func.max(sa.case((col(r.kind) == "opt_out", 1), else_=0)).label("opt_out"),
            )
            .where(col(r.received_at) >= self._since, col(r.in_reply_to).is_not(None))
            .group_by(col(r.in_reply_to))
            .subquery()
        )
        found: Any = (
            sa.select(
                hour, sa.func.count(), sa.func.count(col(m.delivered_at)),
                sa.func.sum(sa.case((answers.c.opt_out == 0, 1), else_=0)),
                sa.func.sum(sa.case((answers.c.opt_out == 1, 1), else_=0)),
            )
            .select_from(m)
            .outerjoin(answers, answers.c.message_id == col(m.id))
            .where(*self._sent)
            .group_by(hour)
            .order_by(hour)
        )  # fmt: skip
        return [Hour(*row) for row in await self._session.execute(found)]

    async def classes(self) -> list[OfClass]:
        m = Message
        customers = sa.func.count(col(m.customer_id).distinct())
        query: Any = sa.select(
            col(m.message_class), sa.func.count(), customers, sa.func.count(col(m.delivered_at))
        ).where(*self._sent)
        grouped = query.group_by(col(m.message_class)).order_by(col(m.message_class))
        return [OfClass(*row) for row in await self._session.execute(grouped)]

    async def agreed_by_hall(self) -> dict[str, tuple[int, int]]:
        """Of each hall's customers who agree to service SMS: how many there are, and how many of them got any."""
        c, k, m = Customer, Consent, Message
        reached = sa.exists().where(col(m.customer_id) == col(c.id), *self._sent)
        query: Any = (
            sa.select(col(c.hall), sa.func.count(), sa.func.sum(sa.case((reached, 1), else_=0)))
            .join(
                k, sa.and_(col(k.customer_id) == col(c.id), col(k.purpose) == "service_sms", col(k.granted))
            )
            .where(col(c.status) == ACTIVE, col(c.archived_at) < self._until)
            .where(self._area.clause(col(c.hall), col(c.county)))
            .group_by(col(c.hall))
        )
        return {row[0]: (row[1], row[2]) for row in await self._session.execute(query)}

    async def messages_by_hall(self) -> dict[str, int]:
        m = Message
        return await self._pairs(
            sa.select(col(m.hall), sa.func.count()).where(*self._sent).group_by(col(m.hall))
        )

    async def opt_outs_by_hall(self) -> dict[str, int]:
        r = Reply
        return await self._pairs(
            sa.select(col(r.hall), sa.func.count(col(r.customer_id).distinct()))
            .where(
                col(r.kind) == "opt_out", col(r.received_at) >= self._since, col(r.received_at) < self._until
            )
            .where(col(r.hall).is_not(None), self._area.clause(col(r.hall), col(r.county)))
            .group_by(col(r.hall))
        )

    async def complaints_by_hall(self) -> dict[str, int]:
        c = Complaint
        return await self._pairs(
            sa.select(col(c.hall), sa.func.count())
            .where(col(c.opened_at) >= self._since, col(c.opened_at) < self._until)
            .where(self._area.clause(col(c.hall), col(c.county)))
            .group_by(col(c.hall))
        )

    async def _pairs(self, query: Any) -> dict[Any, int]:
        return {row[0]: row[1] for row in await self._session.execute(query)}


async def everything_about(session: AsyncSession, customer_id: UUID) -> dict[str, Any]:
    """When the person complained, as the frequency analysis counts it."""
    query = sa.select(Complaint).where(col(Complaint.customer_id) == customer_id)
    rows = await session.scalars(query.order_by(col(Complaint.opened_at)))
    return {"complaints_counted": [told(row, "customer_id") for row in rows]}
