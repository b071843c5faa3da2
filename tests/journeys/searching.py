"""Looking for a word in every byte a house has written: files, topics and databases."""

import json
import re
import subprocess
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from deploy.native import packages
from shared.settings import SERVICES
from tests.journeys.houses import DistributedHouse, House

CHUNK = 1 << 22
A_NUMBER = re.compile(rb"(?<![0-9A-Za-z_-])(?:\+?86)?1[3-9][0-9]{9}(?![0-9A-Za-z_-])")
CUSTOMERS_OWN = ("customer.sqlite3", "dump of customer")
"""The customer service's own database, the one place for names."""


def places_with(house: House, words: Sequence[str], *, but: Sequence[str] = ()) -> set[tuple[str, str]]:
    """Where which of the words stands, in any form text is written in; places named in `but` are passed over."""
    forms = [(word, form) for word in words for form in _forms(word)]
    searched = ((place, part) for place, part in _everything(house) if not any(name in place for name in but))
    return {(place, word) for place, part in searched for word, form in forms if form in part}


def numbers_in(house: House) -> set[tuple[str, str]]:
    """Whatever stands somewhere by itself and looks like a clear mobile number."""
    return {
        (place, found[0].decode()) for place, part in _everything(house) for found in A_NUMBER.finditer(part)
    }


def _forms(word: str) -> set[bytes]:
    """As it is, and escaped as JSON and as Python would."""
    return {word.encode(), json.dumps(word)[1:-1].encode(), ascii(word)[1:-1].encode()}


def _everything(house: House) -> Iterator[tuple[str, bytes]]:
    yield from _parts_of(house.files())
    if isinstance(house, DistributedHouse):
        yield from _parts_of(
            house.kafka.folder.rglob("*.log")
        )  # segments; their indexes are sparse and hold offsets
        for service in SERVICES:
            yield f"dump of {service}", _dump(house, service)


def _parts_of(files: Iterable[Path]) -> Iterator[tuple[str, bytes]]:
    """Each file in parts that overlap a little."""
    for path in files:
        tail = b""
        try:
            with path.open("rb") as file:
                while part := file.read(CHUNK):
                    yield str(path), tail + part
                    tail = part[-200:]
        except FileNotFoundError:
            continue  # a checkpoint took it away meanwhile


def _dump(house: DistributedHouse, service: str) -> bytes:
    """All rows as SQL: on the disk PostgreSQL may have them compressed."""
    tool = Path(packages.require("initdb")).with_name("pg_dump")
    url = house.postgres.url(f"hall_{service}")
    return subprocess.run(
        [tool, "--data-only", "--inserts", "-d", url], check=True, capture_output=True
    ).stdout
