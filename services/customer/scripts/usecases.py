"""What is done with scripts: write, change, approve, retire, use. A script in use is never changed, only replaced."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.archive import repository as archive
from services.customer.scripts import repository, rules
from services.customer.scripts.errors import AlreadyRetired, ScriptInvalid
from services.customer.scripts.models import Script, ScriptUse
from shared import clock
from shared.errors import FieldError, PreconditionFailed, VersionCheck
from shared.security.tenancy import Area


@dataclass(frozen=True, slots=True)
class WriteScript:
    """A new script; `facts` are the columns of its first version."""

    facts: Mapping[str, Any]
    author: str


async def write_script(session: AsyncSession, command: WriteScript, *, now: datetime) -> Script:
    """Raises ScriptInvalid."""
    facts = {"valid_from": clock.business_date(now), **command.facts}
    script = _checked(Script.draft(facts, author=command.author, now=now))
    await repository.insert_version(session, script)
    return script


@dataclass(frozen=True, slots=True)
class ChangeScript:
    """Other words, another category or validity."""

    script_id: UUID
    changes: Mapping[str, Any]
    author: str


async def change_script(
    session: AsyncSession, command: ChangeScript, *, unless_stale: VersionCheck, now: datetime
) -> Script:
    """The draft changed, or a new draft beside the version in use. Raises ScriptInvalid, PreconditionFailed."""
    newest, *_ = await repository.versions_of(session, command.script_id, lock=True)
    unless_stale(newest.tag)
    if newest.state == "draft":
        newest.redraft(command.changes, author=command.author)
        _checked(newest)
        await session.flush()
        await repository.index_again(session, newest)
        return newest
    draft = _checked(newest.next_draft(command.changes, author=command.author, now=now))
    if not await repository.insert_version(session, draft):
        raise PreconditionFailed
    return draft


@dataclass(frozen=True, slots=True)
class ApproveScript:
    """Take a draft into use, as somebody who did not write it."""

    script_id: UUID
    script_version: int
    by: str


async def approve_script(session: AsyncSession, command: ApproveScript, *, now: datetime) -> Script:
    """Raises NotADraft, ApproverIsAuthor. What was in use gives way."""
    versions = await repository.versions_of(session, command.script_id, lock=True)
    draft = await repository.get_version(session, command.script_id, command.script_version)
    draft.approve(command.by, now=now)
    for earlier in versions:
        if earlier.state == "approved" and earlier.version < draft.version:
            earlier.give_way(draft, today=clock.business_date(now), now=now)
    return draft


async def retire_script(session: AsyncSession, script_id: UUID, *, now: datetime) -> Script:
    """Take every version out of use, a draft included. Raises AlreadyRetired."""
    versions = await repository.versions_of(session, script_id, lock=True)
    living = [version for version in versions if version.state != "retired"]
    if not living:
        raise AlreadyRetired
    for version in living:
        version.retire(now=now)
    return versions[0]


@dataclass(frozen=True, slots=True)
class UseScript:
    """A clerk said these words, perhaps to a customer of the archive, perhaps with an outcome."""

    area: Area
    script_id: UUID
    script_version: int
    clerk: str
    customer_id: UUID | None = None
    outcome: str | None = None


async def use_script(session: AsyncSession, command: UseScript, *, now: datetime) -> ScriptUse:
    """Raises ScriptNotFound, NeverApproved, CustomerNotFound. With a customer it counts where the customer is."""
    script = await repository.get_version(session, command.script_id, command.script_version)
    hall, county = command.area.hall, command.area.county
    if command.customer_id is not None:
        customer = await archive.get_customer(session, command.customer_id, command.area)
        hall, county = customer.hall, customer.county
    facts = {"clerk": command.clerk, "hall": hall, "county": county}
    use = script.used({**facts, "customer_id": command.customer_id, "outcome": command.outcome}, now=now)
    await repository.add_use(session, use)
    return use


def _checked(script: Script) -> Script:
    wrong = [
        FieldError("/text", "placeholder-unknown", f"不认识 {found}，可用的是：{_PLACEHOLDERS}。")
        for found in rules.unknown_placeholders(script.text)[:1]
    ]
    if script.valid_to is not None and script.valid_to < script.valid_from:
        wrong.append(FieldError("/valid_to", "dates-reversed", "结束日期不能早于开始日期。"))
    if wrong:
        raise ScriptInvalid(errors=wrong)
    return script


_PLACEHOLDERS = "、".join(f"{{{name}}}（{label}）" for name, label in rules.PLACEHOLDERS.items())
