"""Bodies of off-net lists, cleanings and erasure. Whoever is to be erased is shown masked only."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints
from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.archive.models import Customer
from services.customer.archive.rules import mask_name
from services.customer.consent.schemas import Moment, line
from services.customer.purges import repository
from services.customer.purges.models import OffNetList, OffNetRow, Purge
from shared.events.base import MONTH
from shared.phones import hide_numbers
from shared.security.tenancy import Area

REJECTED_HEADINGS = ("手机号码", "离网时间", "原行号", "退回原因")
Words = Annotated[
    str,
    line(200),
    AfterValidator(hide_numbers),
]
SAMPLE = 10
JobStatus = Literal["queued", "working", "completed", "failed", "cancelled"]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class LeftNetwork(_Body):
    """That a customer's number left the network, and when; without a moment it is now."""

    left_at: Moment | None = None
    reason: Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=40)] | None = (
        None
    )


class Erasure(_Body):
    """Why somebody is erased; for the access log, so no names."""

    reason: Words = "客户本人要求删除"


class PurgeCreate(_Body):
    """Everybody who left by the end of the month; unless told otherwise only rehearsed."""

    month: Annotated[str, Field(pattern=MONTH, description="YYYY-MM")]
    dry_run: bool = True


class OffNetListRead(BaseModel):
    """A list and how far it is. `updated` have left by it; `unchanged` are not ours or had left already."""

    id: UUID
    status: JobStatus
    dry_run: bool
    total: int
    done: int
    created: int = 0
    updated: int
    unchanged: int
    rejected: int
    created_by: str
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, job: OffNetList, counts: Mapping[str, int]) -> Self:
        outcomes = {outcome: counts.get(outcome, 0) for outcome in ("updated", "unchanged", "rejected")}
        done = job.total - counts.get("pending", 0)
        return cls.model_validate({**job.model_dump(), **outcomes, "done": done})


class OffNetListShort(BaseModel):
    """A list among others."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    status: JobStatus
    dry_run: bool
    total: int
    created_by: str
    created_at: datetime
    finished_at: datetime | None


class OffNetRowRead(BaseModel):
    """What became of one line."""

    model_config = ConfigDict(from_attributes=True)

    line: int
    status: str
    external_id: str | None = None
    customer_id: UUID | None
    code: str | None
    detail: str | None


class Masked(BaseModel):
    """One of those to be erased."""

    customer_id: UUID
    hall: str
    clerk: str
    phone_masked: str
    name_masked: str
    left_at: datetime

    @classmethod
    def of(cls, customer: Customer) -> Self:
        shown = {"customer_id": customer.id, "name_masked": mask_name(customer.name)}
        return cls.model_validate({**customer.model_dump(), **shown})


class PurgeCounts(BaseModel):
    """How many of one hall's customers."""

    hall: str
    found: int
    erased: int
    skipped: int


class PurgeShort(BaseModel):
    """A cleaning among others."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    status: JobStatus
    month: str
    dry_run: bool
    hall: str | None
    county: str | None
    total: int
    created_by: str
    created_at: datetime
    finished_at: datetime | None


class PurgeRead(PurgeShort):
    """A cleaning and how far it is: `updated` are erased, `unchanged` were found erased already."""

    done: int
    created: int = 0
    updated: int
    unchanged: int
    rejected: int = 0
    by_hall: list[PurgeCounts]
    sample: list[Masked]

    @classmethod
    def of(cls, purge: Purge, counts: Mapping[tuple[str, str], int], sample: Sequence[Customer] = ()) -> Self:
        by_hall = [_of_hall(hall, counts) for hall in sorted({hall for hall, _ in counts})]
        erased, skipped = sum(h.erased for h in by_hall), sum(h.skipped for h in by_hall)
        done = sum(count for (_, status), count in counts.items() if status != "pending")
        return cls.model_validate({
            **purge.model_dump(), "done": done, "updated": erased, "unchanged": skipped,
            "by_hall": by_hall, "sample": [Masked.of(customer) for customer in sample],
        })  # fmt: skip


class PurgeRowRead(BaseModel):
    """What became of one customer, who is an id and nothing else by then."""

    model_config = ConfigDict(from_attributes=True)

    customer_id: UUID
    hall: str
    left_at: datetime
    status: Literal["pending", "found", "erased", "skipped"]


async def read_purge(session: AsyncSession, purge_id: UUID, area: Area) -> PurgeRead:
    """A cleaning with its counts and a sample; raises JobNotFound."""
    purge = await repository.get_purge(session, purge_id, area)
    counts = await repository.counts_by_hall(session, purge.id)
    return PurgeRead.of(purge, counts, await repository.sample_of(session, purge.id, SAMPLE))


def rejected_line(row: OffNetRow, phone: str) -> list[str]:
    return [phone, row.left_text, str(row.line), row.detail or ""]


def _of_hall(hall: str, counts: Mapping[tuple[str, str], int]) -> PurgeCounts:
    mine = {status: count for (of, status), count in counts.items() if of == hall}
    erased, skipped = mine.get("erased", 0), mine.get("skipped", 0)
    return PurgeCounts(hall=hall, found=sum(mine.values()), erased=erased, skipped=skipped)
