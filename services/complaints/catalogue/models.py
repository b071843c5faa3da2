"""Three tables of codes. Files and APIs carry codes or the Chinese names; aliases are what other systems write."""

from sqlmodel import Field

from services.complaints.tables import Table
from shared.columns import JsonB


class Category(Table, table=True):
    """What a customer comes with."""

    __tablename__ = "categories"

    code: str = Field(primary_key=True, max_length=64)
    name: str = Field(max_length=60)
    aliases: list[str] = Field(sa_type=JsonB)
    position: int


class Cause(Table, table=True):
    """What was really the matter (根因)."""

    __tablename__ = "causes"

    code: str = Field(primary_key=True, max_length=64)
    name: str = Field(max_length=60)
    aliases: list[str] = Field(sa_type=JsonB)
    position: int


class Remedy(Table, table=True):
    """What was done about it."""

    __tablename__ = "remedies"

    code: str = Field(primary_key=True, max_length=64)
    name: str = Field(max_length=60)
    aliases: list[str] = Field(sa_type=JsonB)
    position: int
