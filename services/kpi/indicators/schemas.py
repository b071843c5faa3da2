"""An indicator as it is read."""

from typing import Any, Self

from pydantic import BaseModel

from services.kpi.indicators.models import Indicator


class IndicatorRead(BaseModel):
    """The definition, with its formula both as data and in words."""

    code: str
    name: str
    definition: str
    unit: str
    direction: str
    when_silent: str
    formula: dict[str, Any]
    formula_in_words: str
    source_events: list[str]
    owner: str

    @classmethod
    def of(cls, indicator: Indicator) -> Self:
        words = indicator.to_definition().formula.describe()
        members = {name: getattr(indicator, name) for name in cls.model_fields if name != "formula_in_words"}
        return cls(**members, formula_in_words=words)


class IndicatorList(BaseModel):
    """The whole catalogue; it is short."""

    items: list[IndicatorRead]
    next_cursor: None = None
