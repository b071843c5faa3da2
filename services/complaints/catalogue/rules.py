"""How a word from a person or a file becomes a code of a table."""

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Protocol

OTHER = "other"
ENQUIRY = "enquiry"
UNAUTHORISED_ACTIVATION = "unauthorised_activation"
ANSWERED = "answered"


class Named(Protocol):
    """A row of a table."""

    @property
    def code(self) -> str: ...
    @property
    def name(self) -> str: ...
    @property
    def aliases(self) -> Sequence[str]: ...


def code_of(rows: Iterable[Named], word: str) -> str | None:
    """The code that is `word`, or whose Chinese name or alias it is; None when there is none."""
    wanted = _folded(word)
    for row in rows:
        if wanted in {_folded(row.code), _folded(row.name), *map(_folded, row.aliases)}:
            return row.code
    return None


def _folded(word: str) -> str:
    return "".join(unicodedata.normalize("NFKC", word).split()).casefold()
