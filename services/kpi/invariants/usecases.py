"""All invariants this service can check, one after the other."""

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

from sqlalchemy.ext.asyncio import AsyncSession

from services.kpi.invariants import repository
from services.kpi.invariants.repository import Broken
from services.kpi.schemes.rules import LEVELS

MOST = 1000
SAMPLE = 5
MONTHLY_CAP = 2

Check = Callable[[AsyncSession, int], Awaitable[Broken]]


@dataclass(frozen=True, slots=True)
class Invariant:
    """What must hold; `count` of what breaks it (at most 1000 are counted), with a sample."""

    name: str
    description: str
    count: int
    sample: list[list[str]]

    @property
    def ok(self) -> bool:
        return self.count == 0


async def _off_their_places(session: AsyncSession, limit: int) -> Broken:
    found: Broken = []
    for level in LEVELS:
        found += await repository.subjects_off_their_places(session, level, limit)
    return found[:limit]


async def _over_the_cap(session: AsyncSession, limit: int) -> Broken:
    return await repository.customers_over_the_cap(session, MONTHLY_CAP, limit)


CHECKS: tuple[tuple[str, str, Check], ...] = (
    (
        "nobody-messaged-without-consent",
        "没有客户在未同意的情况下收到短信",
        repository.messages_without_consent,
    ),
    ("nobody-over-the-sms-cap", "没有客户当月受限短信超过 2 条", _over_the_cap),
    ("same-event-counted-once", "同一件事只计一次", repository.facts_told_twice),
    ("hall-equals-clerks-and-unattributed", "各级数字等于下级之和加未归属部分", _off_their_places),
    ("contributions-equal-score", "各指标贡献之和等于得分", repository.scores_off_their_parts),
    ("weights-are-hundred", "已发布方案的权重之和为 100", repository.published_weights_not_hundred),
    (
        "closed-complaints-called-back",
        "办结关闭的投诉都有回访",
        repository.settled_complaints_without_callback,
    ),
    ("purged-people-absent", "已清理或删除的客户不再出现", repository.purged_people_seen_since),
    ("facts-name-known-halls", "事实中的营业厅都在组织目录里", repository.halls_unknown),
)


async def check_invariants(session: AsyncSession) -> list[Invariant]:
    return [await _checked(session, name, text, check) for name, text, check in CHECKS]


async def _checked(session: AsyncSession, name: str, text: str, check: Check) -> Invariant:
    broken = await check(session, MOST)
    return Invariant(name, text, len(broken), [[str(cell) for cell in row] for row in broken[:SAMPLE]])
