"""Writing decisions into the ledger. Which customer, and what follows for their record, is the archive's business."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.consent import repository
from services.customer.consent.errors import ConsentFromTheFuture, WordingExists, WordingFromThePast
from services.customer.consent.models import ConsentWording, Decided
from services.customer.consent.rules import Decision, Evidence, Purpose
from shared import clock, ids

CLOCKS_MAY_DIFFER_BY = timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class RecordConsents:
    """What a customer decided at one moment, before one clerk, after one wording."""

    customer_id: UUID
    hall: str
    county: str
    decisions: Mapping[Purpose, Decision]
    at: datetime
    channel: str
    clerk: str
    wording_version: str
    evidence: Evidence


def record_consents(session: AsyncSession, *commands: RecordConsents, now: datetime) -> list[Decided]:
    """Append one row a purpose, written when the transaction ends; raises ConsentFromTheFuture."""
    entries = [entry for command in commands for entry in _entries(command, now)]
    repository.append(session, entries)
    return entries


@dataclass(frozen=True, slots=True)
class PublishWording:
    """Other words are to be read aloud from a day on."""

    version: str
    effective_from: date
    introduction: str
    questions: Mapping[Purpose, str]
    by: str


async def publish_wording(session: AsyncSession, command: PublishWording, *, now: datetime) -> ConsentWording:
    """Raises WordingFromThePast, WordingExists. Consents given under older words stay as good as they were."""
    if command.effective_from < clock.business_date(now):
        raise WordingFromThePast
    wording = ConsentWording(
        version=command.version,
        effective_from=command.effective_from,
        introduction=command.introduction,
        questions={str(purpose): words for purpose, words in command.questions.items()},
        published_by=command.by,
        published_at=now,
    )
    if not await repository.add_wording(session, wording):
        raise WordingExists
    return wording


def _entries(command: RecordConsents, now: datetime) -> list[Decided]:
    if command.at > now + CLOCKS_MAY_DIFFER_BY:
        raise ConsentFromTheFuture
    return [
        Decided(
            id=ids.uuid7(),
            customer_id=command.customer_id,
            purpose=purpose,
            decision=decision,
            at=command.at,
            recorded_at=now,
            channel=command.channel,
            clerk=command.clerk,
            hall=command.hall,
            county=command.county,
            wording_version=command.wording_version,
            evidence_kind=command.evidence.kind,
            evidence_reference=command.evidence.reference,
        )
        for purpose, decision in command.decisions.items()
    ]
