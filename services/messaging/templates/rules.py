"""Classes of messages, filling in a template, and segments as the carrier counts and bills them (M10, M12)."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from string import Formatter

EXEMPT = ("notice", "ack", "confirmation")
CLASSES = ("intro", "service", "holiday", "marketing", *EXEMPT)

CLASS_NAMES = {
    "intro": "自我介绍",
    "service": "服务短信",
    "holiday": "节日问候",
    "marketing": "新业务",
    "notice": "通知",
    "ack": "回执",
    "confirmation": "业务确认",
}

SINGLE, PART = 70, 67
LONGEST = 10 * PART
OPT_OUT_WORDS = "拒收请回复R"
GIVEN = ("hall", "hall_number", "busy_from", "busy_to")
"""Variables that the house fills in itself, from the hall."""
HIDDEN = "●●●●●●"
"""Stands in a stored text for a secret word as long as itself; see `with_secret`."""

_NAME = re.compile(r"[a-z][a-z0-9_]{0,39}")
_FORMATTER = Formatter()


@dataclass(frozen=True, slots=True)
class Preview:
    """A text as a customer would get it, and what it costs in parts."""

    text: str
    segments: int
    characters: int


def is_exempt(message_class: str) -> bool:
    """Whether the class answers something the customer did: no consent to advertise is needed, no cap applies."""
    return message_class in EXEMPT


def segments(text: str) -> int:
    """Parts of a UCS-2 message: one up to 70 code units, else 67 a part. An emoji is two units."""
    units = len(text.encode("utf-16-be")) // 2
    if units <= SINGLE:
        return 1 if units else 0
    return -(-units // PART)


def variables(text: str) -> tuple[str, ...]:
    """The variables a template names, in order, each once. Raises ValueError for anything but `{plain_names}`."""
    names: dict[str, None] = {}
    for _literal, name, spec, conversion in _FORMATTER.parse(text):
        if name is None:
            continue
        if spec or conversion or not _NAME.fullmatch(name):
            raise ValueError(f"模板变量只能写成 {{名称}}，不能写成 {{{name}}}")
        names[name] = None
    return tuple(names)


def asked_for(text: str) -> tuple[str, ...]:
    """The variables a caller must give."""
    return tuple(name for name in variables(text) if name not in GIVEN)


def compose(text: str, message_class: str, given: Mapping[str, str], params: Mapping[str, str]) -> str:
    """The text as it leaves: signature first, opt-out words last unless the class is exempt."""
    body = text.format_map({**params, **given})
    ending = "" if is_exempt(message_class) else OPT_OUT_WORDS
    return f"【{given['hall']}】{body}{ending}"


def with_secret(text: str, secret: str) -> str:
    """The text as it leaves, with the secret word where the stored one has dots."""
    return text.replace(HIDDEN, secret)


def check_words(text: str) -> None:
    """A template holds no signature of its own and no opt-out words; the house adds both. Raises ValueError."""
    variables(text)
    if "【" in text or "】" in text:
        raise ValueError("签名由系统加在最前，模板里不要再写【】")
    if OPT_OUT_WORDS in text:
        raise ValueError(f"“{OPT_OUT_WORDS}”由系统按短信类别加上，模板里不要再写")
    if len(text) > LONGEST:
        raise ValueError(f"模板不能超过 {LONGEST} 个字")
