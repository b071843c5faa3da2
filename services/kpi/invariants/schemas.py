"""The invariants as they are read."""

from pydantic import BaseModel, ConfigDict


class InvariantRead(BaseModel):
    """One invariant: whether it holds, how often not, and some of what breaks it (ids only)."""

    model_config = ConfigDict(from_attributes=True)

    name: str
    description: str
    ok: bool
    count: int
    sample: list[list[str]]


class InvariantList(BaseModel):
    """All of them; `ok` when every one holds."""

    ok: bool
    items: list[InvariantRead]
