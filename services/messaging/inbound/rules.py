"""Reading a reply. A word counts only when it is the whole reply: "please stop asking me" is for a person (M8)."""

import unicodedata
from typing import Literal

OPT_OUT_WORDS = frozenset({"R", "T", "TD", "退订", "拒收"})
DENIAL_WORDS = frozenset({"N", "NO", "否", "不是我", "非本人"})
PURPOSES = ("service_sms", "holiday_sms", "marketing_sms")
"""What an opt-out takes back: everything that is sent to please, nothing that is owed."""

Kind = Literal["opt_out", "denial", "enquiry"]


def fold(text: str) -> str:
    """Full width to half width, upper case, no blanks around."""
    return unicodedata.normalize("NFKC", text).strip().upper()


def kind_of(text: str, *, answers_confirmation: bool) -> Kind:
    """What a reply is; a "no" denies only what we have just asked to confirm."""
    word = fold(text)
    if word in OPT_OUT_WORDS:
        return "opt_out"
    return "denial" if answers_confirmation and word in DENIAL_WORDS else "enquiry"
