"""What an import is told with and tells, and the sheet's lines as they are written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal, Self
from uuid import UUID

from fastapi import Form
from pydantic import BaseModel, ConfigDict

from services.customer.archive.repository import Record
from services.customer.archive.rules import offers_text, tickets_text
from services.customer.archive.schemas import Place
from services.customer.consent.rules import Evidence, Purpose, granted
from services.customer.consent.schemas import Reference, Short, WordingVersion
from services.customer.imports.models import ImportJob, ImportRow
from services.customer.imports.rules import form
from services.customer.imports.rules.form import CONSENT_COLUMNS, HEADINGS, Column
from shared import clock

GENDER_TEXTS = {"male": "男", "female": "女", None: ""}


@dataclass(frozen=True, slots=True)
class ImportForm:
    """The fields beside the file. Without evidence of its own, the sheet itself is the evidence of its consents."""

    mode: Annotated[Literal["create", "upsert"], Form()] = "create"
    dry_run: Annotated[bool, Form()] = False
    hall: Annotated[Place | None, Form()] = None
    evidence_kind: Annotated[Short | None, Form()] = None
    evidence_reference: Annotated[Reference | None, Form()] = None
    wording_version: Annotated[WordingVersion | None, Form()] = None

    def facts(self, file_name: str, digest: str) -> dict[str, Any]:
        evidence = Evidence(self.evidence_kind or "sheet", self.evidence_reference or f"sha256:{digest}")
        return {
            "hall": self.hall,
            "mode": self.mode,
            "dry_run": self.dry_run,
            "file_name": file_name,
            "evidence": evidence,
            "wording_version": self.wording_version,
        }


class ImportRead(BaseModel):
    """An import and how far it is."""

    id: UUID
    status: Literal["queued", "working", "completed", "failed", "cancelled"]
    mode: str
    dry_run: bool
    hall: str
    total: int
    done: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    created_at: datetime
    finished_at: datetime | None

    @classmethod
    def of(cls, job: ImportJob, counts: Mapping[str, int]) -> Self:
        outcomes = {
            outcome: counts.get(outcome, 0) for outcome in ("created", "updated", "unchanged", "rejected")
        }
        done = job.total - counts.get("pending", 0)
        return cls.model_validate({**job.model_dump(), **outcomes, "done": done})


class ImportRowRead(BaseModel):
    """What became of one line."""

    model_config = ConfigDict(from_attributes=True)

    line: int
    status: str
    external_id: str | None = None
    customer_id: UUID | None
    code: str | None
    detail: str | None


def lines_above(county: str, hall: str, at: datetime) -> list[list[str]]:
    """Title and header block, as the regime's form has them."""
    header = [""] * len(Column)
    header[0], header[3] = f"区县：{county}", f"营业厅名称：{hall}"
    header[7] = f"更新时间：{form.date_text(clock.business_date(at))}"
    return [[form.TITLE], header, [HEADINGS[column] for column in Column]]


def line_of(record: Record, clerk: str) -> list[Any]:
    """One customer as a line of the form, the number masked."""
    customer, state = record.customer, granted(record.consents)
    cells: dict[Column, Any] = {
        Column.CLERK: f"{clerk}({customer.clerk})",
        Column.PHONE: customer.phone_masked,
        Column.NAME: customer.name,
        Column.BRAND: customer.brand,
        Column.AGE_BAND: customer.age_band,
        Column.GENDER: GENDER_TEXTS[customer.gender],
        Column.SPEND_BAND: customer.spend_band,
        Column.HABITS: form.codes_text(customer.habits, customer.habits_note, "备注"),
        Column.PREFERENCES: form.codes_text(customer.preferences, customer.preferences_note, "其他"),
        Column.SMS_COUNT: customer.carried_sms_count + customer.sms_count,
        Column.RECOMMENDATIONS: offers_text(record.offers, customer.carried_recommendations),
        Column.SERVICES: tickets_text(record.tickets, customer.carried_services),
        Column.ARCHIVED_AT: form.date_text(clock.business_date(customer.archived_at)),
        **{CONSENT_COLUMNS[purpose]: "是" if state[purpose] else "否" for purpose in Purpose},
    }
    return [cells[column] for column in Column]


def rejected_line(row: ImportRow, phone: str) -> list[Any]:
    """A refused line as it came, with its line number and the reason; of who did not agree, only those two."""
    cells = list(row.cells or [""] * len(Column))
    cells[Column.PHONE] = phone
    return [*cells, row.line, row.detail or ""]


def rejected_headings() -> Sequence[str]:
    return [*(HEADINGS[column] for column in Column), form.LINE_HEADING, form.REASON_HEADING]
