"""A version of a script, the terms it is found by, and its uses. Verbs guard and change; words in use never change."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Self
from uuid import UUID

import sqlalchemy as sa
from sqlmodel import Field

from services.customer.scripts import rules
from services.customer.scripts.errors import AlreadyRetired, ApproverIsAuthor, NeverApproved, NotADraft
from services.customer.tables import Table
from shared import ids
from shared.columns import Timestamp

DRAFT = sa.text("state = 'draft'")


class Script(Table, table=True):
    """One version of a script: draft until somebody else approves it, in use until the next one is, then retired."""

    __tablename__ = "scripts"
    __table_args__ = (
        sa.CheckConstraint("audience IN ('enquirer', 'complainant', 'all')", name="audience"),
        sa.CheckConstraint("state IN ('draft', 'approved', 'retired')", name="state"),
        sa.CheckConstraint("approved_by IS NULL OR approved_by <> author", name="approved_by_another"),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="dates_in_order"),
        sa.Index("uq_scripts_draft", "id", unique=True, sqlite_where=DRAFT, postgresql_where=DRAFT),
        sa.Index("ix_scripts_moment", "moment", "audience", "state"),
    )

    id: UUID = Field(primary_key=True)
    version: int = Field(primary_key=True)
    revision: int = 1
    audience: str = Field(max_length=20)
    moment: str = Field(max_length=30)
    category: str = Field(max_length=30)
    title: str = Field(max_length=60)
    text: str = Field(sa_type=sa.Text)
    state: str = Field(default="draft", max_length=10)
    valid_from: date
    valid_to: date | None = None
    author: str = Field(max_length=80)
    approved_by: str | None = Field(default=None, max_length=80)
    created_at: datetime = Field(sa_type=Timestamp)
    approved_at: datetime | None = Field(default=None, sa_type=Timestamp)
    retired_at: datetime | None = Field(default=None, sa_type=Timestamp)

    @classmethod
    def draft(cls, facts: Mapping[str, Any], *, author: str, now: datetime) -> Self:
        return cls(id=ids.uuid7(), version=1, author=author, created_at=now, **facts)

    @property
    def tag(self) -> str:
        """What its newest version's entity tag holds."""
        return f"{self.version}.{self.revision}"

    def next_draft(self, changes: Mapping[str, Any], *, author: str, now: datetime) -> Self:
        """The version after this one, which stays as it is."""
        kept = ("id", "audience", "moment", "category", "title", "text", "valid_from", "valid_to")
        facts = {**{name: getattr(self, name) for name in kept}, **changes}
        return type(self)(version=self.version + 1, author=author, created_at=now, **facts)

    def redraft(self, changes: Mapping[str, Any], *, author: str) -> None:
        """Change a draft; whoever wrote last answers for it."""
        for name, value in changes.items():
            setattr(self, name, value)
        self.author = author
        self.revision += 1

    def approve(self, by: str, *, now: datetime) -> None:
        if self.state != "draft":
            raise NotADraft(script_version=self.version)
        if by == self.author:
            raise ApproverIsAuthor
        self.state, self.approved_by, self.approved_at = "approved", by, now
        self.revision += 1

    def give_way(self, successor: "Script", *, today: date, now: datetime) -> None:
        """To a version approved after it: at once, or on the day that one begins."""
        if successor.valid_from <= today or self.valid_from >= successor.valid_from:
            self.retire(now=now)
        else:
            self.valid_to = rules.ends_before(successor.valid_from, self.valid_to)

    def retire(self, *, now: datetime) -> None:
        if self.state == "retired":
            raise AlreadyRetired
        self.state, self.retired_at = "retired", now
        self.revision += 1

    def used(self, facts: Mapping[str, Any], *, now: datetime) -> "ScriptUse":
        """That a clerk said these words. A page may still show a version that was replaced a moment ago."""
        if self.approved_at is None:
            raise NeverApproved(script_version=self.version)
        return ScriptUse(id=ids.uuid7(), script_id=self.id, script_version=self.version, at=now, **facts)

    def terms(self) -> list[dict[str, Any]]:
        found = rules.terms_of(self.title, self.category, self.text)
        return [
            {"term": term, "script_id": self.id, "script_version": self.version, "weight": weight}
            for term, weight in found.items()
        ]


class ScriptTerm(Table, table=True):
    """A character, two neighbours or a word of a version, and how much it counts there: the index of the search."""

    __tablename__ = "script_terms"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["script_id", "script_version"], ["scripts.id", "scripts.version"], name="fk_script_terms_script"
        ),
        sa.Index("ix_script_terms_script", "script_id", "script_version"),
    )

    term: str = Field(primary_key=True, max_length=32)
    script_id: UUID = Field(primary_key=True)
    script_version: int = Field(primary_key=True)
    weight: int


class ScriptUse(Table, table=True):
    """One time a clerk used a script, and what came of it."""

    __tablename__ = "script_uses"
    __table_args__ = (
        sa.ForeignKeyConstraint(
            ["script_id", "script_version"], ["scripts.id", "scripts.version"], name="fk_script_uses_script"
        ),
        sa.CheckConstraint("outcome IN ('accepted', 'declined')", name="outcome"),
        sa.Index("ix_script_uses_script", "script_id", "script_version", "at"),
        sa.Index("ix_script_uses_customer_id", "customer_id"),
        sa.Index("ix_script_uses_hall_at", "hall", "at"),
        sa.Index("ix_script_uses_county_at", "county", "at"),
    )

    id: UUID = Field(primary_key=True)
    script_id: UUID
    script_version: int
    at: datetime = Field(sa_type=Timestamp)
    clerk: str = Field(max_length=80)
    hall: str | None = Field(default=None, max_length=20)
    county: str | None = Field(default=None, max_length=20)
    customer_id: UUID | None = None
    outcome: str | None = Field(default=None, max_length=10)
