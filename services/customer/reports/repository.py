"""Queries of reports, and what the record says of a clerk's work."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.customer.activations.models import Activation
from services.customer.archive.models import Customer, CustomerMessage, CustomerTicket
from services.customer.recommendations.models import Recommendation, RecommendationOutcome
from services.customer.reports.errors import ReportNotFound
from services.customer.reports.models import MarketReport, WorkReport
from services.customer.reports.rules import Period
from services.customer.touches.models import FollowUp, Touch
from shared.pagination import Page, PageRequest, paginate
from shared.security.tenancy import Area


@dataclass(frozen=True, slots=True)
class Filters:
    """What a list is narrowed to."""

    hall: str | None = None
    clerk: str | None = None
    kind: str | None = None
    status: str | None = None
    period: str | None = None


async def get_market_report(
    session: AsyncSession, report_id: UUID, area: Area, *, lock: bool = False
) -> MarketReport:
    found: MarketReport = await _one(session, MarketReport, report_id, area, lock=lock)
    return found


async def market_reports_page(
    session: AsyncSession, area: Area, filters: Filters, page: PageRequest
) -> Page[Any]:
    """Newest first."""
    return await _page(session, MarketReport, area, filters, page)


async def get_work_report(
    session: AsyncSession, report_id: UUID, area: Area, *, lock: bool = False
) -> WorkReport:
    found: WorkReport = await _one(session, WorkReport, report_id, area, lock=lock)
    return found


async def work_reports_page(
    session: AsyncSession, area: Area, filters: Filters, page: PageRequest
) -> Page[Any]:
    """Newest first."""
    return await _page(session, WorkReport, area, filters, page)


async def work_report_or_none(session: AsyncSession, clerk: str, kind: str, period: str) -> WorkReport | None:
    query = select(WorkReport).where(
        WorkReport.clerk == clerk, WorkReport.kind == kind, WorkReport.period == period
    )
    return (await session.scalars(query)).one_or_none()


async def figures_of(session: AsyncSession, clerk: str, period: Period) -> dict[str, int]:
    """What the clerk did in the period, and what came to the clerk's customers; one statement each."""
    counts: Mapping[str, Any] = {
        "registrations": _count(Customer.archived_at, Customer.archived_by == clerk, period),
        "numbers_stored": _count(Customer.number_stored_at, Customer.number_stored_by == clerk, period),
        "touches": _count(Touch.at, Touch.made_by == clerk, period),
        "follow_ups": _count(FollowUp.closed_at, FollowUp.completed_by == clerk, period),
        "recommendations": _count(Recommendation.shown_at, Recommendation.offered_by == clerk, period),
        "accepted": _count(RecommendationOutcome.answered_at, _accepted_with(clerk), period),
        "activations": _count(Activation.occurred_at, Activation.sold_by == clerk, period),
        "tickets": _count(CustomerTicket.received_at, _customer_of(CustomerTicket, clerk), period),
        "sms": _count(CustomerMessage.sent_at, _customer_of(CustomerMessage, clerk), period),
    }
    return {name: int(await session.scalar(query) or 0) for name, query in counts.items()}


def _count(at: Any, theirs: Any, period: Period) -> sa.Select[Any]:
    within = col(at) >= period.start, col(at) < period.end
    return sa.select(sa.func.count()).where(theirs, *within)


def _customer_of(model: Any, clerk: str) -> Any:
    return model.customer_id.in_(sa.select(col(Customer.id)).where(col(Customer.clerk) == clerk))


def _accepted_with(clerk: str) -> Any:
    offered = sa.select(col(Recommendation.id)).where(col(Recommendation.offered_by) == clerk)
    yes = col(RecommendationOutcome.outcome).in_(["accepted", "activated"])
    return sa.and_(yes, col(RecommendationOutcome.recommendation_id).in_(offered))


async def _one(session: AsyncSession, model: Any, report_id: UUID, area: Area, *, lock: bool) -> Any:
    query = select(model).where(model.id == report_id, area.clause(model.hall, model.county))
    report = (await session.scalars(query.with_for_update() if lock else query)).one_or_none()
    if report is None:
        raise ReportNotFound
    return report


async def _page(
    session: AsyncSession, model: Any, area: Area, filters: Filters, page: PageRequest
) -> Page[Any]:
    query = select(model).where(area.clause(model.hall, model.county))
    for name in ("hall", "clerk", "kind", "status", "period"):
        wanted = getattr(filters, name)
        if wanted is not None:
            query = query.where(getattr(model, name) == wanted)
    return await paginate(session, query, [(model.id, "desc")], page)
