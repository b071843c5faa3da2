"""What is shown of the code tables."""

from collections.abc import Iterable
from typing import Self

from pydantic import BaseModel

from services.complaints.catalogue.models import Category, Cause, Remedy


class CodeRead(BaseModel):
    """A code and its Chinese name."""

    code: str
    name: str


class CodeList(BaseModel):
    """A whole table; it fits on one page."""

    items: list[CodeRead]
    next_cursor: None = None

    @classmethod
    def of(cls, rows: Iterable[Category | Cause | Remedy]) -> Self:
        return cls(items=[CodeRead(code=row.code, name=row.name) for row in rows])
