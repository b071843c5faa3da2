"""Reading a reply. A word counts only when it is the whole reply: "please stop asking me" is for a person (M8)."""

import unicodedata
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Literal
from uuid import UUID

PROMISED = "R"
"""The word that every commercial text promises to understand."""
PURPOSES = ("service_sms", "holiday_sms", "marketing_sms")
"""What an opt-out takes back: everything that is sent to please, nothing that is owed."""
NEVER = "never"

Kind = Literal["opt_out", "denial", "enquiry"]


def fold(text: str) -> str:
    """Full width to half width, upper case, letters and digits only: "ｔｄ。" and "T D" are TD."""
    wide = unicodedata.normalize("NFKC", text).upper()
    return "".join(each for each in wide if unicodedata.category(each)[0] in "LMN")


def kind_of(text: str, words: Mapping[str, str], *, answers_confirmation: bool) -> Kind:
    """What a reply is, by the table of folded words; a "no" denies only what we have just asked to confirm."""
    meaning = words.get(fold(text))
    if meaning == "opt_out":
        return "opt_out"
    return "denial" if answers_confirmation and meaning == "denial" else "enquiry"


def agreement(opted_out_at: datetime | None, granted: Iterable[tuple[datetime, UUID]]) -> str | None:
    """What an opt-out ends: the customer's latest agreement, by its name.

    None while an earlier opt-out holds, which was acknowledged then: doubled or repeated words get no second answer.
    """
    standing = [word for word in granted if opted_out_at is None or word[0] > opted_out_at]
    if standing:
        return str(max(standing)[1])
    return NEVER if opted_out_at is None else None
