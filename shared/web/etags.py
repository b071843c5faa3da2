"""Versions over HTTP: `etag(version)` out, `If-Match` in."""

from dataclasses import dataclass

from fastapi import Request

from shared.errors import PreconditionFailed, PreconditionRequired


def etag(version: int | str) -> str:
    """The strong entity tag of a version."""
    return f'"{version}"'


@dataclass(frozen=True, slots=True)
class ExpectedVersion:
    """The version(s) the caller says they have read; `*` means any."""

    tags: frozenset[str]

    def check(self, version: int | str) -> None:
        """Raise 412 `version-stale` unless the resource still has that version, 428 when none was stated."""
        if not self.tags:
            raise PreconditionRequired
        if "*" not in self.tags and etag(version) not in self.tags:
            raise PreconditionFailed(current_etag=etag(version))


async def expected_version(request: Request) -> ExpectedVersion:
    """The dependency behind `IfMatch`; 428 when the header is missing."""
    header = request.headers.get("if-match", "").strip()
    if not header:
        raise PreconditionRequired
    return ExpectedVersion(frozenset(part.strip() for part in header.split(",")))


async def version_stated(request: Request) -> ExpectedVersion:
    """The dependency behind `IfMatchToChange`: the header is missed only where a version is checked after all."""
    return await expected_version(request) if "if-match" in request.headers else ExpectedVersion(frozenset())
