"""Texts into parts, and what an SMS centre says into words of ours: SMPP's pure half."""

import re
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from aiosmpplib import GSM7BitCodec

from services.messaging.dispatch.gateways.codes import failure_of
from services.messaging.dispatch.gateways.smpp_link import Pdu
from services.messaging.dispatch.ports import Failure, Receipt, Said, Submitted, Unreadable
from services.messaging.templates import rules as templates
from shared import clock

Part = tuple[bytes, str]
"""The heading of a part of a long message (none for a message in one piece), and its words."""

WITH_HEADING = 0x40
RECEIPT_BITS = 0x24
"""esm_class of a delivery receipt, or of an intermediate notification."""
MESSAGE_PAYLOAD, RECEIPTED_ID, MESSAGE_STATE, NETWORK_ERROR = 0x0424, 0x001E, 0x0427, 0x0423
THROTTLED = (0x14, 0x58)
AGAIN_AFTER = timedelta(seconds=1)
SYSTEM_ERROR = 0x08
ACCOUNT_REFUSED = (0x04, 0x05, 0x0D, 0x0E, 0x0F)
ACCOUNT_PAUSE = timedelta(minutes=10)
REFUSED: dict[int, Failure] = {0x01: "content", 0x0B: "number-dead", 0x33: "other"}
SAID: dict[str, Said] = {
    "DELIVRD": "delivered",
    "ACCEPTD": "accepted",
    "ENROUTE": "accepted",
    "BUFFRED": "accepted",
}
STATES = {
    1: "ENROUTE",
    2: "DELIVRD",
    3: "EXPIRED",
    4: "DELETED",
    5: "UNDELIV",
    6: "ACCEPTD",
    7: "UNKNOWN",
    8: "REJECTD",
}

_FIELD = {
    name: re.compile(rf"(?:^|\s){name}:(\S*)", re.IGNORECASE) for name in ("id", "done date", "stat", "err")
}


def split(text: str) -> list[str]:
    """Parts of at most 67 code units; a character of two units stays whole."""
    parts, part, used = list[str](), "", 0
    for char in text:
        units = 2 if ord(char) > 0xFFFF else 1
        if used + units > templates.PART:
            parts.append(part)
            part, used = "", 0
        part, used = part + char, used + units
    return [*parts, part]


def with_headings(parts: Sequence[str], reference: int) -> list[Part]:
    """Each part with the six bytes by which the phone puts them together."""
    return [(bytes((5, 0, 3, reference, len(parts), n)), part) for n, part in enumerate(parts, 1)]


def normal_id(text: str, form: str) -> str:
    """An id in the form in which ids are compared: centres answer in hex and report in decimal, with zeros before."""
    bare = text.strip().rstrip("\0").lower()
    if form != "text":
        try:
            return str(int(bare, 16 if form == "hex" else 10))
        except ValueError:
            pass
    return bare.lstrip("0") or bare[-1:]


def read_answer(pdu: Pdu, form: str) -> Submitted:
    """Status 0 took it. Any other says that it did not, but for the centre's own error, which says nothing."""
    if pdu.status == 0 and pdu.command & 0xFF == 0x04:
        name = normal_id(pdu.body.split(b"\0")[0].decode("latin-1"), form)
        return Submitted("accepted", gateway_message_id=name[:120] or None)
    code = f"smpp:{pdu.status:#06x}"
    if pdu.status in THROTTLED:
        return Submitted("not-sent", code=code, slow_down=AGAIN_AFTER)
    if pdu.status in ACCOUNT_REFUSED:
        return Submitted("not-sent", code=code, failure="account", pause=ACCOUNT_PAUSE)
    if pdu.status == SYSTEM_ERROR or pdu.status == 0:
        return Submitted("unknown", code=code)
    return Submitted("rejected", code=code, failure=REFUSED.get(pdu.status, "other"))


@dataclass(frozen=True, slots=True)
class Delivered:
    """A deliver_sm, its words as they came."""

    source: str
    destination: str
    esm_class: int
    coding: int
    content: bytes
    options: dict[int, bytes]


def read_deliver(body: bytes) -> Delivered:
    """Raises ValueError, struct.error for what is no deliver_sm."""
    _service, rest = _text(body)
    source, rest = _text(rest[2:])
    destination, rest = _text(rest[2:])
    esm_class, rest = rest[0], rest[3:]
    for _ in range(2):
        _when, rest = _text(rest)
    coding, length = struct.unpack_from("!2xBxB", rest)
    content, rest = rest[5 : 5 + length], rest[5 + length :]
    options = dict(_options(rest))
    return Delivered(source, destination, esm_class, coding, options.get(MESSAGE_PAYLOAD, content), options)


def read_receipt(delivered: Delivered, form: str, zone: ZoneInfo) -> Receipt | Unreadable:
    """By the optional parameters where they are there, else by the words of appendix B."""
    words = delivered.content.decode("latin-1")
    found = {name: match[1] if (match := field.search(words)) else "" for name, field in _FIELD.items()}
    named = delivered.options.get(RECEIPTED_ID, b"").split(b"\0")[0].decode("latin-1") or found["id"]
    state = STATES.get(delivered.options.get(MESSAGE_STATE, b"\0")[0], "")
    stat = (found["stat"] or state).upper()[:7]
    if not named or not stat:
        return Unreadable("receipt refused: id or stat missing")
    said = SAID.get(stat, "failed")
    code = stat if found["err"].strip("0") in ("", stat) else f"{stat} {found['err']}"
    failure = failure_of(found["err"] if failure_of(found["err"]) != "other" else stat)
    return Receipt(
        said, _moment(found["done date"], zone), gateway_message_id=normal_id(named, form)[:120], code=code[:60],
        failure=failure if said == "failed" else None,
    )  # fmt: skip


def words_of(delivered: Delivered) -> str:
    """A reply in any coding that phones use; the heading of a part is taken off. Raises ValueError."""
    content, names = delivered.content, {1: "ascii", 3: "latin-1", 8: "utf-16-be", 15: "gbk", 25: "utf-16-be"}
    if delivered.esm_class & WITH_HEADING:
        content = content[content[0] + 1 :]
    if delivered.coding == 0:
        return str(GSM7BitCodec.get_codec_info().decode(content)[0])
    return content.decode(names.get(delivered.coding, "utf-8"))


def _moment(text: str, zone: ZoneInfo) -> datetime:
    """Minutes or seconds, in the centre's zone; now where it is missing or wrong."""
    for form in ("%y%m%d%H%M", "%y%m%d%H%M%S", "%Y%m%d%H%M%S"):
        try:
            return datetime.strptime(text, form).replace(tzinfo=zone)
        except ValueError:
            continue
    return clock.now()


def _text(body: bytes) -> tuple[str, bytes]:
    found, zero, rest = body.partition(b"\0")
    if not zero:
        raise ValueError("a text without its end")
    return found.decode("latin-1"), rest


def _options(rest: bytes) -> list[tuple[int, bytes]]:
    found = []
    while len(rest) >= 4:
        tag, length = struct.unpack_from("!HH", rest)
        found.append((tag, rest[4 : 4 + length]))
        rest = rest[4 + length :]
    return found
