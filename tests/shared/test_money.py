"""Amounts of money."""

from decimal import Decimal

import pytest

from shared.money import yuan


@pytest.mark.parametrize(
    ("amount", "rounded"), [("1.005", "1.01"), ("1.004", "1.00"), (5, "5.00"), (Decimal("-0.005"), "-0.01")]
)
def test_amounts_are_rounded_half_up_to_cents(amount: Decimal | int | str, rounded: str) -> None:
    assert str(yuan(amount)) == rounded


@pytest.mark.parametrize("text", ["", "five", "NaN", "Infinity", "1e999999"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not an amount"):
        yuan(text)
