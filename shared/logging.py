"""Log lines: JSON from structlog and from every library, with the ids of the work in hand and without people.

Nothing that looks like a mobile number leaves the process clear, and values under the keys of `HIDDEN` do not
leave at all; exceptions' messages are cleaned like any other text.
"""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from datetime import UTC, date, datetime, time
from decimal import Decimal
from functools import lru_cache
from json import dumps as dumps_leniently
from typing import Any, TextIO
from uuid import UUID

import orjson
import structlog
from structlog.typing import EventDict, Processor

from shared import context
from shared.phones import hide_numbers

HIDDEN = frozenset({
    *("name", "customer_name", "display_name", "phone", "mobile", "recipient", "phone_enc"),
    *("text", "content", "sms_text"),
    *("password", "passwd", "secret", "client_secret", "token", "access_token", "refresh_token"),
    *("authorization", "cookie", "set_cookie"),
})  # fmt: skip
DEPTH = 8
SHORT = 64
SHORTER_THAN_A_NUMBER = 1_000_000_000
_OURS = frozenset({"timestamp", "level", "logger"})

# A server started with its own logging would write past the redaction.
_WITH_DOORS_OF_THEIR_OWN = ("uvicorn", "uvicorn.error", "uvicorn.access", "uvicorn.asgi")

# These write addresses, statements with parameters or query strings at INFO and below.
_QUIET = (
    "aiosqlite",
    "httpcore",
    "httpx",
    "python_multipart",
    "sqlalchemy.engine",
    "sqlalchemy.pool",
    "uvicorn.access",
)

_KEYS = (
    "name|phone|mobile|customer_name|display_name|phone_enc|password|secret|client_secret|access_token|token"
)
_HIDES: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(rf"""(["']?\b(?:{_KEYS})["']?\s*[:=]\s*)(["'])(?:\\.|(?!\2).)*\2""", re.DOTALL), r"\1\2…\2"),
    (re.compile(r"\b((?:password|passwd|secret|client_secret|token)=)[^\s&\"'…]+"), r"\1…"),
    (re.compile(r"\b(Bearer|Basic)\s+[A-Za-z0-9._~+/=-]{8,}"), r"\1 …"),
    (re.compile(r"input_value=.*?(?=, input_type=)", re.DOTALL), "input_value=…"),
    (
        re.compile(r"\[parameters: .*?\](?=\s*(?:\(Background|$))", re.DOTALL | re.MULTILINE),
        "[parameters: …]",
    ),
    (re.compile(r"Failing row contains \(.*\)", re.DOTALL), "Failing row contains (…)"),
    (re.compile(r"(invalid input for query argument \$\d+: ).*"), r"\1…"),
)


def configure(level: str = "INFO", *, json: bool = True, stream: TextIO | None = None) -> None:
    """Send all logging of the process to `stream` (standard error), one line an event."""
    structlog.configure(
        processors=[*_shared_processors(), structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        wrapper_class=structlog.make_filtering_bound_logger(logging.getLevelNamesMapping()[level]),
        logger_factory=structlog.stdlib.LoggerFactory(),
        cache_logger_on_first_use=False,
    )
    _straight.stream = (
        (stream or sys.stderr) if json and logging.getLevelNamesMapping()[level] <= logging.INFO else None
    )
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(_formatter(json=json))
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(level)
    logging.captureWarnings(True)
    for name in _WITH_DOORS_OF_THEIR_OWN:
        library = logging.getLogger(name)
        library.handlers.clear()
        library.propagate = True
    for name in _QUIET:
        logging.getLogger(name).setLevel(logging.WARNING)


class _Straight:
    """Where ready JSON lines go, past logging's machinery; nowhere until `configure` says so."""

    stream: TextIO | None = None


_straight = _Straight()


def line(logger: str, event: str, **fields: str | int | float | None) -> None:
    """One line at INFO for a path so hot that it counts, a tenth of the usual price.

    Only for fields the program makes itself, such as a route's template: nothing is redacted but the actor.
    """
    if _straight.stream is None:
        structlog.get_logger(logger).info(event, **fields)
        return
    correlation, actor = context.correlation_id.get(), context.actor.get()
    content = {
        "event": event,
        **fields,
        "correlation_id": correlation,
        "actor": actor and _redact_short(actor),
        "logger": logger,
        "level": "info",
        "timestamp": datetime.now(UTC).isoformat(timespec="microseconds").replace("+00:00", "Z"),
    }
    try:
        _straight.stream.write(orjson.dumps(content).decode() + "\n")
    except (OSError, ValueError):  # a closed or full stream must not fail the work it tells of
        return


def redact(text: str) -> str:
    """`text` without numbers, secrets, and the values that drivers and validators quote in their messages."""
    for pattern, replacement in _HIDES:
        text = pattern.sub(replacement, text)
    return hide_numbers(text)


_redact_short = lru_cache(maxsize=4096)(redact)


def redact_processor(_logger: Any, _method: str, event: EventDict) -> EventDict:
    """structlog processor: the event without people and secrets, at any depth."""
    return {
        name: value if name in _OURS else _clean(value, DEPTH)
        for name, value in event.items()
        if not _is_hidden(name)
    }


def _shared_processors() -> list[Processor]:
    return [
        structlog.contextvars.merge_contextvars,
        _add_context,
        structlog.stdlib.add_logger_name,
        structlog.stdlib.add_log_level,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        structlog.processors.StackInfoRenderer(),
        structlog.processors.format_exc_info,
    ]


def _formatter(*, json: bool) -> logging.Formatter:
    renderer: Processor = (
        structlog.processors.JSONRenderer(serializer=_dumps)
        if json
        else structlog.dev.ConsoleRenderer(colors=False)
    )
    return structlog.stdlib.ProcessorFormatter(
        foreign_pre_chain=_shared_processors(),
        processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, redact_processor, renderer],
    )


def _add_context(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    for name in ("correlation_id", "causation_id", "actor"):
        value = getattr(context, name).get()
        if value is not None:
            event.setdefault(name, value)
    return event


def _clean(value: Any, depth: int) -> Any:
    if value is None or isinstance(value, bool):
        return value
    if isinstance(value, int | float):
        if -SHORTER_THAN_A_NUMBER < value < SHORTER_THAN_A_NUMBER:
            return value
        return value if (text := redact(f"{value}")) == f"{value}" else text
    if isinstance(value, UUID | date | time | Decimal):
        return str(value)
    if isinstance(value, bytes | bytearray):
        return redact(value.decode(errors="replace"))
    return _clean_nested(value, depth)


def _clean_nested(value: Any, depth: int) -> Any:
    if isinstance(value, Mapping) and depth:
        return {redact(str(k)): _clean(v, depth - 1) for k, v in value.items() if not _is_hidden(k)}
    if isinstance(value, list | tuple | set | frozenset) and depth:
        return [_clean(item, depth - 1) for item in value]
    text = value if isinstance(value, str) else str(value)
    return _redact_short(text) if len(text) <= SHORT else redact(text)


def _is_hidden(key: Any) -> bool:
    return str(key).lower().replace("-", "_") in HIDDEN


def _dumps(event: Any, **_options: Any) -> str:
    try:
        return orjson.dumps(event).decode()
    except TypeError:  # lone surrogates and integers above 64 bits: a log line must not fail
        return dumps_leniently(event)
