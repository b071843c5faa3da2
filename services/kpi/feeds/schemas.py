"""The lines of the feeds and the rows of the exports."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import Decimal
from typing import Any, Self
from uuid import UUID

from pydantic import BaseModel

from services.kpi.facts.models import Fact
from services.kpi.scoring.schemas import STATUS_NAMES, Number, RunRead, ScoreRead


class FactLine(BaseModel):
    """One fact of the feed; `id` rises with every fact but is not the order of commits: the feed is."""

    type: str = "fact"
    id: int
    event_id: UUID
    topic: str
    kind: str
    subject: str
    occurred_at: datetime
    recorded_at: datetime
    month: str
    county: str | None
    hall: str | None
    clerk: str | None
    numerator: int
    denominator: int
    amount: Number
    attributes: dict[str, Any] | None

    @classmethod
    def of(cls, fact: Fact) -> Self:
        same = (
            "event_id", "topic", "kind", "subject", "occurred_at", "recorded_at", "month", "numerator", "denominator",
            "attributes",
        )  # fmt: skip
        place: dict[str, Any] = {name: getattr(fact, name) or None for name in ("county", "hall", "clerk")}
        amount = Decimal(fact.amount_fen).scaleb(-2)
        return cls(**{name: getattr(fact, name) for name in same}, **place, id=fact.seq or 0, amount=amount)


class ScoreLine(ScoreRead):
    """One score of the feed. A later line of the same period, level and subject replaces it."""

    type: str = "score"


class EndLine(BaseModel):
    """The last line: where to go on, and whether more is there already."""

    next_cursor: str
    end_of_stream: bool


class RunExport(BaseModel):
    """A run with the scores the caller may see."""

    run: RunRead
    items: list[ScoreRead]


HEADINGS = (
    "考核期", "层级", "对象编码", "对象名称", "区县", "营业厅", "得分", "名次", "参评数", "样本数", "状态", "方案版本",
    "指标代码", "指标名称", "分子", "分母", "指标值", "目标", "权重", "指标得分", "贡献", "计算批次", "数据截至",
)  # fmt: skip


def rows_of(
    scores: Iterable[ScoreRead], names: Mapping[str, str], levels: Mapping[str, str]
) -> Iterable[Sequence[object]]:
    """One row for each indicator of each score; `names` are the indicators', `levels` the levels' Chinese names."""
    for score in scores:
        head = (
            score.period, levels[score.level], score.subject, score.name, score.county, score.hall, score.score,
            score.rank, score.n, score.sample, STATUS_NAMES[score.status], score.scheme_version,
        )  # fmt: skip
        for one in score.indicators:
            yield (
                *head, one.code, names.get(one.code, one.code), one.numerator, one.denominator, one.value, one.target,
                one.weight, one.points, one.contribution, str(score.run_id), score.as_of,
            )  # fmt: skip
