"""A product and its versions: a change raises the version and keeps a copy, so that an offer's rule can be found."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Any, Self

import sqlalchemy as sa
from sqlmodel import Field

from services.customer.products import rules
from services.customer.products.errors import ValidityReversed
from services.customer.products.rules import Audience, Offer
from services.customer.tables import Table
from shared.columns import JsonB, Timestamp

CONTENT = (
    "name", "selling_points", "audience", "price_fen", "charged", "quick", "priority", "valid_from", "valid_to",
)  # fmt: skip


class Product(Table, table=True):
    """One product as it stands."""

    __tablename__ = "products"
    __table_args__ = (
        sa.CheckConstraint("charged IN ('monthly', 'once')", name="charged"),
        sa.CheckConstraint("price_fen >= 0", name="price"),
        sa.CheckConstraint("valid_to IS NULL OR valid_to >= valid_from", name="validity"),
    )

    code: str = Field(primary_key=True, max_length=40)
    version: int = 1
    name: str = Field(max_length=40)
    selling_points: list[str] = Field(sa_column=sa.Column(JsonB, nullable=False))
    audience: dict[str, Any] = Field(sa_column=sa.Column(JsonB, nullable=False))
    price_fen: int = Field(sa_type=sa.BigInteger)
    charged: str = Field(max_length=10)
    quick: bool
    priority: int
    valid_from: date
    valid_to: date | None = None
    updated_at: datetime = Field(sa_type=Timestamp)
    updated_by: str = Field(max_length=80)

    @classmethod
    def launch(
        cls, code: str, facts: Mapping[str, Any], *, by: str, now: datetime
    ) -> tuple[Self, "ProductVersion"]:
        product = cls(**{**facts, "code": code}, updated_at=now, updated_by=by)
        return product, product._kept()

    def change(self, changes: Mapping[str, Any], *, by: str, now: datetime) -> "ProductVersion | None":
        """The new version, or None when nothing became different."""
        different = {name: value for name, value in changes.items() if getattr(self, name) != value}
        if not different:
            return None
        for name, value in different.items():
            setattr(self, name, value)
        self.version, self.updated_at, self.updated_by = self.version + 1, now, by
        return self._kept()

    def offer(self) -> Offer:
        """The product as recommendations see it."""
        return Offer(
            code=self.code,
            version=self.version,
            name=self.name,
            selling_points=tuple(self.selling_points),
            price_text=rules.price_text(self.price_fen, self.charged),
            audience=Audience.from_json(self.audience),
            quick=self.quick,
            priority=self.priority,
            valid_from=self.valid_from,
            valid_to=self.valid_to,
        )

    def _kept(self) -> "ProductVersion":
        if self.valid_to is not None and self.valid_to < self.valid_from:
            raise ValidityReversed
        content = {name: _plain(getattr(self, name)) for name in CONTENT}
        return ProductVersion(
            product=self.code, version=self.version, content=content, at=self.updated_at, by=self.updated_by
        )


class ProductVersion(Table, table=True):
    """What a product was in one of its versions; written once."""

    __tablename__ = "product_versions"

    product: str = Field(primary_key=True, max_length=40)
    version: int = Field(primary_key=True)
    content: dict[str, Any] = Field(sa_column=sa.Column(JsonB, nullable=False))
    at: datetime = Field(sa_type=Timestamp)
    by: str = Field(max_length=80)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value
