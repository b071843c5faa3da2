"""The caller and the part of the organisation they may see. Every query of people or tickets carries `Area.clause`."""

from dataclasses import dataclass
from typing import Any, Self

from sqlalchemy import ColumnElement, false, true

from shared.security import roles


@dataclass(frozen=True, slots=True)
class Area:
    """A hall, a county, everything (both empty) or nothing."""

    county: str | None = None
    hall: str | None = None
    nothing: bool = False

    @classmethod
    def everything(cls) -> Self:
        return cls()

    @classmethod
    def nowhere(cls) -> Self:
        return cls(nothing=True)

    def clause(self, hall_column: Any, county_column: Any) -> ColumnElement[bool]:
        """The condition that keeps a query inside the area."""
        if self.nothing:
            return false()
        if self.hall is not None:
            return _equal(hall_column, self.hall)
        return true() if self.county is None else _equal(county_column, self.county)

    def covers(self, hall: str | None, county: str | None) -> bool:
        """Whether a thing of that hall and county lies inside."""
        if self.nothing:
            return False
        if self.hall is not None:
            return hall == self.hall
        return self.county is None or county == self.county


@dataclass(frozen=True, slots=True)
class Caller:
    """A verified person or machine, as the token says."""

    subject: str
    role: str
    county: str | None
    hall: str | None
    scopes: frozenset[str]
    display: str = ""
    session_version: int = 0

    @property
    def area(self) -> Area:
        return area_of(self.role, self.county, self.hall)

    def may(self, scope: str) -> bool:
        return scope in self.scopes


def area_of(role: str, county: str | None, hall: str | None) -> Area:
    """Hall roles see their hall, county managers their county, the offices everything, anybody else nothing."""
    if role in roles.HALL_ROLES and hall:
        return Area(county=county, hall=hall)
    if role in roles.COUNTY_ROLES and county:
        return Area(county=county)
    return Area.everything() if role in roles.OFFICE_ROLES else Area.nowhere()


def _equal(column: Any, value: str) -> ColumnElement[bool]:
    clause: ColumnElement[bool] = column == value
    return clause
