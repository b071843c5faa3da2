"""The auditor's page: who saw whom, narrowed by customer, person, hall, action and days."""

from collections.abc import Callable
from datetime import date, datetime, time, timedelta
from typing import Annotated, Any, TypeVar
from urllib.parse import urlencode
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response

from services.customer.access_log import repository, rules, schemas, usecases
from services.customer.access_log.repository import Filters
from shared import clock
from shared.pagination import Page, PageRequest
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires
from shared.web.pages import render

T = TypeVar("T")

router = APIRouter(include_in_schema=False)

Reader = Annotated[Caller, requires("access_log:read")]
Text = Annotated[str, Query(max_length=80)]
ROWS = 50
DAY = timedelta(days=1)


@router.get("/customer/access-log")
async def show(
    request: Request,
    here: Here,
    caller: Reader,
    customer_id: Text = "",
    actor: Text = "",
    hall: Text = "",
    action: Text = "",
    first: Text = "",
    last: Text = "",
    cursor: Annotated[str | None, Query(max_length=2000)] = None,
) -> Response:
    typed = {
        "customer_id": customer_id.strip(), "actor": actor.strip(), "hall": hall.strip(), "action": action,
        "first": first, "last": last,
    }  # fmt: skip
    filters, errors = _read(typed)
    found = Page[Any](items=[])
    if not errors:
        async with here.database.reading() as session:
            found = await repository.page_of(session, caller.area, filters, PageRequest(ROWS, cursor))
        async with here.database.transaction() as session:
            await usecases.note_reading(session, caller, filters, now=clock.now())
    chosen = {name: value for name, value in typed.items() if value}
    return render(
        request,
        "access_log/list.html",
        status=422 if errors else 200,
        typed=typed,
        errors=errors,
        labels={str(name): label for name, label in rules.LABELS.items()},
        kinds=schemas.KINDS,
        entries=found.items,
        next_url=f"?{urlencode({**chosen, 'cursor': found.next_cursor})}" if found.next_cursor else None,
        csv_url=f"/customer/v1/access-log.csv?{urlencode(_as_query(filters))}",
    )


def _read(typed: dict[str, str]) -> tuple[Filters, dict[str, str]]:
    """What was typed as filters, and what cannot be read."""
    errors: dict[str, str] = {}
    customer = _parsed(
        UUID, typed["customer_id"], "customer_id", "客户编号应为档案页面地址中的编号。", errors
    )
    first = _parsed(date.fromisoformat, typed["first"], "first", "日期应写成 2026-11-25 的形式。", errors)
    last = _parsed(date.fromisoformat, typed["last"], "last", "日期应写成 2026-11-25 的形式。", errors)
    known = typed["action"] if typed["action"] in set(rules.Action) else None
    since, until = _start(first), _start(last + DAY) if last else None
    return Filters(customer, typed["actor"] or None, typed["hall"] or None, known, since, until), errors


def _parsed(read: Callable[[str], T], text: str, field: str, wrong: str, errors: dict[str, str]) -> T | None:
    try:
        return read(text) if text else None
    except ValueError:
        errors[field] = wrong
        return None


def _start(day: date | None) -> datetime | None:
    return datetime.combine(day, time(0), clock.SHANGHAI) if day else None


def _as_query(filters: Filters) -> dict[str, str]:
    values = {
        "customer_id": filters.customer_id, "actor": filters.actor, "hall": filters.hall, "action": filters.action,
        "from": filters.since and filters.since.isoformat(), "to": filters.until and filters.until.isoformat(),
    }  # fmt: skip
    return {name: str(value) for name, value in values.items() if value}
