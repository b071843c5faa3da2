"""One version of a template. Versions are never edited: a change is a new version."""

from datetime import datetime
from typing import Self

import sqlalchemy as sa
from sqlmodel import Field

from services.messaging.tables import Table
from services.messaging.templates import rules
from services.messaging.templates.errors import ApproverIsAuthor
from shared.columns import Timestamp


class Template(Table, table=True):
    """The words of a message, its class and who answers for them; in use once approved."""

    __tablename__ = "templates"
    __table_args__ = (
        sa.CheckConstraint(
            "message_class IN ('intro', 'service', 'holiday', 'marketing', 'notice', 'ack', 'confirmation')",
            name="message_class",
        ),
    )

    code: str = Field(primary_key=True, max_length=40)
    version: int = Field(primary_key=True)
    title: str = Field(max_length=60)
    message_class: str = Field(max_length=20)
    text: str = Field(sa_type=sa.Text)
    author: str = Field(max_length=80)
    approver: str | None = Field(default=None, max_length=80)
    created_at: datetime = Field(sa_type=Timestamp)
    approved_at: datetime | None = Field(default=None, sa_type=Timestamp)

    @classmethod
    def draft(
        cls, code: str, version: int, *, title: str, message_class: str, text: str, author: str, now: datetime
    ) -> Self:
        return cls(
            code=code, version=version, title=title, message_class=message_class, text=text, author=author,
            created_at=now,
        )  # fmt: skip

    def approve(self, approver: str, *, now: datetime) -> None:
        """Take the version into use; twice is once."""
        if approver == self.author:
            raise ApproverIsAuthor
        if self.approved_at is None:
            self.approver, self.approved_at = approver, now

    @property
    def params(self) -> tuple[str, ...]:
        return rules.asked_for(self.text)
