"""Amounts of money: decimal yuan with two places, never binary floats."""

from decimal import ROUND_HALF_UP, Decimal, InvalidOperation
from typing import Annotated

from pydantic import Field

CENT = Decimal("0.01")

Yuan = Annotated[Decimal, Field(max_digits=12, decimal_places=2)]
"""An amount in yuan (元); on the wire a JSON string such as `"38.00"`."""


def yuan(amount: Decimal | int | str) -> Decimal:
    """`amount` rounded half up to whole cents; ValueError when it is not a finite number."""
    try:
        value = Decimal(amount)
        if value.is_finite():
            return value.quantize(CENT, rounding=ROUND_HALF_UP)
    except InvalidOperation:
        pass
    raise ValueError(f"not an amount of money: {amount!r}")
