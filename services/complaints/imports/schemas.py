"""What is shown of an import."""

from datetime import datetime
from uuid import UUID

from pydantic import BaseModel, ConfigDict


class ImportRead(BaseModel):
    """A file's progress and counts."""

    model_config = ConfigDict(from_attributes=True)

    id: UUID
    status: str
    file_name: str
    dry_run: bool
    total: int
    done: int
    created: int
    updated: int
    unchanged: int
    rejected: int
    created_at: datetime
    finished_at: datetime | None


class ImportRowRead(BaseModel):
    """What became of one row; `external_id` is the order's number."""

    model_config = ConfigDict(from_attributes=True)

    line: int
    status: str
    external_id: str | None
    code: str | None
    detail: str | None
