"""What belongs to a facility and what to a promotion."""

from datetime import date

from shared.errors import FieldError

FACILITY, PROMOTION = "facility", "promotion"


def wrong_members(
    kind: str, quantity: int | None, condition: str | None, valid_from: date, valid_to: date | None
) -> list[FieldError]:
    """A facility has a number and a condition and stays; a promotion has neither and ends."""
    wrong = []
    if valid_to is not None and valid_to < valid_from:
        wrong.append(FieldError("/valid_to", "ends-before-start", "结束日不能早于开始日。"))
    if kind == FACILITY:
        missing = [("quantity", quantity), ("condition", condition)]
        wrong += [
            FieldError(f"/{name}", "missing", "设施须填写这一项。")
            for name, value in missing
            if value is None
        ]
    elif quantity is not None or condition is not None:
        wrong.append(FieldError("/quantity", "not-for-promotions", "活动没有数量和状态。"))
    if kind == PROMOTION and valid_to is None:
        wrong.append(FieldError("/valid_to", "missing", "活动须有结束日。"))
    return wrong
