"""Bodies of the products API. A condition is checked here for its form, in the use case against the code tables."""

from datetime import date, datetime
from decimal import Decimal
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StringConstraints, model_validator

from services.customer.consent.schemas import line
from services.customer.products.models import Product, ProductVersion
from services.customer.products.rules import COUNTED, Condition
from shared.money import yuan

FEN = Decimal(100)


def to_the_cent(amount: Decimal) -> Decimal:
    if amount != yuan(amount):
        raise ValueError("金额最多两位小数。")
    return amount


ProductCode = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,39}$")]
Name = Annotated[str, line(40)]
SellingPoints = Annotated[list[Annotated[str, line(100)]], Field(min_length=1, max_length=10)]
Amount = Annotated[Decimal, Field(ge=0, le=1_000_000), AfterValidator(to_the_cent)]
Charged = Literal["monthly", "once"]
Codes = Annotated[list[int | str], Field(min_length=1, max_length=20)]
Days = Annotated[int, Field(ge=0, le=3650)]
Fact = Literal[
    "brand",
    "age_band",
    "spend_band",
    "habits",
    "preferences",
    "tier",
    "hall",
    "contact",
    "days_since_contact",
]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ConditionBody(_Body):
    """One condition: `any_of` / `none_of` for what has values, `at_least` / `at_most` for days since the last contact.

    `hall` is busy or idle; `contact` is none, settled or settled_well: how the customer's last issue ended.
    """

    fact: Fact
    any_of: Codes | None = None
    none_of: Codes | None = None
    at_least: Days | None = None
    at_most: Days | None = None

    @model_validator(mode="after")
    def _says_what_its_fact_can(self) -> Self:
        values, range_ = self.any_of or self.none_of, (self.at_least, self.at_most) != (None, None)
        if bool(values) == range_ or range_ != (self.fact in COUNTED):
            raise ValueError("天数用 at_least / at_most，其他条件用 any_of / none_of，每个条件必须有其一。")
        if None not in (self.at_least, self.at_most) and (self.at_least or 0) > (self.at_most or 0):
            raise ValueError("at_least 不能大于 at_most。")
        return self

    def value(self) -> Condition:
        return Condition.from_json(self.model_dump(exclude_none=True))


class AudienceBody(_Body):
    """`must` all hold; each of `likes` that holds puts the product further in front. Both empty: everybody."""

    must: Annotated[list[ConditionBody], Field(max_length=12)] = []
    likes: Annotated[list[ConditionBody], Field(max_length=12)] = []

    def value(self) -> dict[str, Any]:
        return {part: [c.value().to_json() for c in getattr(self, part)] for part in ("must", "likes")}


class ProductCreate(_Body):
    """A product to offer. `quick`: done in a minute, so that it may be offered while the hall is busy."""

    code: ProductCode
    name: Name
    selling_points: SellingPoints
    audience: AudienceBody = AudienceBody()
    price: Amount
    charged: Charged = "monthly"
    quick: bool = False
    priority: Annotated[int, Field(ge=0, le=100)] = 50
    valid_from: date | None = None
    valid_to: date | None = None

    def facts(self, today: date) -> dict[str, Any]:
        """The product's columns; what nobody dated is on offer from today."""
        return {
            **_columns(self, set(type(self).model_fields) - {"code"}),
            "valid_from": self.valid_from or today,
        }


class ProductChange(_Body):
    """What is absent stays; `valid_to` may be emptied, nothing else."""

    name: Name | None = None
    selling_points: SellingPoints | None = None
    audience: AudienceBody | None = None
    price: Amount | None = None
    charged: Charged | None = None
    quick: bool | None = None
    priority: Annotated[int, Field(ge=0, le=100)] | None = None
    valid_from: date | None = None
    valid_to: date | None = None

    @model_validator(mode="after")
    def _no_nulls(self) -> Self:
        empty = {name for name in self.model_fields_set if getattr(self, name) is None} - {"valid_to"}
        if empty:
            raise ValueError(f"不能为空：{'、'.join(sorted(empty))}")
        return self

    def changes(self) -> dict[str, Any]:
        return _columns(self, self.model_fields_set)


class ProductRead(BaseModel):
    """A product as answered; `price_text` is how the price list says it."""

    code: str
    version: int
    name: str
    selling_points: list[str]
    audience: dict[str, list[dict[str, Any]]]
    price: str
    price_text: str
    charged: str
    quick: bool
    priority: int
    valid_from: date
    valid_to: date | None
    updated_at: datetime

    @classmethod
    def of(cls, product: Product) -> Self:
        shown = {
            name: getattr(product, name) for name in cls.model_fields.keys() & Product.model_fields.keys()
        }
        return cls(**shown, price=amount_text(product.price_fen), price_text=product.offer().price_text)


class VersionRead(BaseModel):
    """A product as it was in one of its versions."""

    model_config = ConfigDict(from_attributes=True)

    version: int
    content: dict[str, Any]
    at: datetime
    by: str

    @classmethod
    def of(cls, version: ProductVersion) -> Self:
        return cls.model_validate(version)


class PriceRead(BaseModel):
    """One line of the price list."""

    code: str
    name: str
    price: str
    price_text: str
    charged: str
    selling_points: list[str]
    valid_to: date | None

    @classmethod
    def of(cls, product: Product) -> Self:
        read = ProductRead.of(product)
        return cls(**{name: getattr(read, name) for name in cls.model_fields})


class PriceList(BaseModel):
    """What is on offer on a day, cheapest first."""

    day: date
    items: list[PriceRead]


def amount_text(fen: int) -> str:
    """Fen as the wire has yuan: "38.00"."""
    return str(yuan(Decimal(fen) / FEN))


def _columns(body: ProductCreate | ProductChange, members: set[str]) -> dict[str, Any]:
    values = {name: getattr(body, name) for name in members}
    if "price" in values:
        values["price_fen"] = int(values.pop("price") * FEN)
    if "audience" in values:
        values["audience"] = values["audience"].value()
    return values
