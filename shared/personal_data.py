"""What a service holds of one person, gathered for that person on request, and never without a reason on record.

Each capability that keeps something about people tells it through `everything_about` in its repository.
"""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any, Protocol
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from shared import ids, outbox
from shared.errors import Invalid
from shared.events.messaging import PersonalDataExported
from shared.security.tenancy import Caller

Teller = Callable[[AsyncSession, UUID], Awaitable[dict[str, Any]]]
NOT_TOLD = ("_enc", "_index", "fingerprint")
"""Keys' work and search keys say nothing to a person; the number itself is told once, by the edge."""


class Reason(StrEnum):
    """Why somebody's data are put together. A code, since it stands in addresses."""

    PERSON = "person-request"
    COMPLAINT = "complaint"
    AUTHORITY = "authority"


REASONS = {
    Reason.PERSON: "本人申请查阅或复制",
    Reason.COMPLAINT: "处理本人的投诉",
    Reason.AUTHORITY: "主管部门依法要求",
}


class ReasonRequired(Invalid):
    """Nobody's data are put together without saying why. Said after the area: who may not know, learns nothing."""

    code = "reason-required"
    title = "缺少原因"
    detail = "请说明导出个人资料的原因。"


class PersonalData(BaseModel):
    """Everything one service holds of a person, by what it is."""

    service: str
    customer_id: UUID
    generated_at: datetime
    reason: str
    phone: str
    held: dict[str, Any]


@cache
def tellers_in(service: ModuleType) -> tuple[Teller, ...]:
    """The `everything_about` of every capability that has one: what is new is told without being listed."""
    found = []
    for capability in sorted(iter_modules(service.__path__), key=lambda module: module.name):
        folder = Path(service.__path__[0], capability.name)
        if capability.ispkg and (folder / "repository.py").exists():
            module = import_module(f"{service.__name__}.{capability.name}.repository")
            found += [module.everything_about] if hasattr(module, "everything_about") else []
    return tuple(found)


class Person(Protocol):
    """Whoever it is about, as a service that is no archive knows them."""

    @property
    def id(self) -> UUID: ...

    @property
    def hall(self) -> str: ...

    @property
    def county(self) -> str: ...


@dataclass(frozen=True, slots=True)
class ExportPerson:
    """Somebody puts together all there is about a customer, and says why."""

    caller: Caller
    customer_id: UUID
    reason: Reason | None


async def export(
    session: AsyncSession, service: ModuleType, person: Person, command: ExportPerson, *, now: datetime
) -> dict[str, Any]:
    """All that the service holds of the person. The customer service hears of it and keeps it in the access log.

    Raises ReasonRequired.
    """
    if command.reason is None:
        raise ReasonRequired
    exported = PersonalDataExported(
        occurred_at=now, export_id=ids.uuid7(), service=service.__name__.rpartition(".")[2], customer_id=person.id,
        hall=person.hall, county=person.county, exported_by=command.caller.subject, role=command.caller.role,
        reason=command.reason,
    )  # fmt: skip
    outbox.add(session, exported)
    return await gather(session, tellers_in(service), person.id)


async def gather(session: AsyncSession, tellers: Iterable[Teller], customer_id: UUID) -> dict[str, Any]:
    """All that these capabilities have to tell, one after the other."""
    held: dict[str, Any] = {}
    for teller in tellers:
        held |= await teller(session, customer_id)
    return held


def told(row: Any, *but: str) -> dict[str, Any]:
    """A stored row as its subject may read it: no sealed text, no index, nothing empty, and none of `but`."""
    return {
        column.name: value
        for column in row.__table__.columns
        if column.name not in but
        and not column.name.endswith(NOT_TOLD)
        and (value := getattr(row, column.name)) is not None
    }
