"""Forms of pages: what was typed, what is wrong with it, and the page again with both."""

from collections import defaultdict
from collections.abc import Mapping
from datetime import datetime
from typing import Any

from fastapi import Request
from pydantic import ValidationError
from starlette.datastructures import FormData
from starlette.responses import Response

from shared import clock
from shared.errors import FieldError
from shared.web.pages import render
from shared.web.validation import field_error


def typed(form: FormData) -> dict[str, str]:
    """Everything as it was typed, to show the form again."""
    return {name: str(value) for name, value in form.items()}


def findings(wrong: Exception) -> list[FieldError]:
    """What is wrong with which field, as the API would say it; empty for an error that names no field."""
    if isinstance(wrong, ValidationError):
        return [field_error({**error, "loc": ("body", *error["loc"])}) for error in wrong.errors()]
    return list(getattr(wrong, "errors", ()))


def render_form(
    request: Request, template: str, status: int, values: Mapping[str, Any], **more: Any
) -> Response:
    """Fields that nobody filled in and errors nobody made are empty."""
    blank = {name: defaultdict(str, values.get(name, {})) for name in ("filled", "errors")}
    return render(request, template, status=status, **{**values, **more, **blank})


def month_span(month: str) -> tuple[datetime | None, datetime | None]:
    """A month's first moment and the next one's. One that cannot be read is no month: pages forgive."""
    try:
        return clock.month_bounds(month) if month else (None, None)
    except ValueError:
        return None, None
