"""What a service holds of one person, gathered for that person on request, and never without a reason on record.

Each capability that keeps something about people tells it through `everything_about` in its repository.
"""

from collections.abc import Awaitable, Callable, Iterable
from datetime import datetime
from enum import StrEnum
from functools import cache
from importlib import import_module
from pathlib import Path
from pkgutil import iter_modules
from types import ModuleType
from typing import Any
from uuid import UUID

from pydantic import BaseModel
from sqlalchemy.ext.asyncio import AsyncSession

from shared.errors import Invalid

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
