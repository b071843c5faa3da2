"""Log lines: machine-readable, connected, and without people."""

import asyncio
import dataclasses
import io
import json
import logging
import warnings
from collections.abc import Iterator
from typing import Any

import pytest
import structlog
from hypothesis import given, settings
from hypothesis import strategies as st

from shared import context, ids
from shared.logging import HIDDEN, _straight, configure, redact, redact_processor
from shared.logging import line as straight

NUMBER = "13900000001"


@pytest.fixture
def lines() -> Iterator[io.StringIO]:
    """What the process logs, at INFO; the loggers are put back afterwards."""
    root, kept = logging.getLogger(), logging.getLogger().handlers[:]
    level, before = root.level, structlog.get_config()
    stream = io.StringIO()
    configure("INFO", stream=stream)
    yield stream
    root.handlers[:] = kept
    root.setLevel(level)
    logging.captureWarnings(False)
    structlog.configure(**before)
    _straight.stream = None


def parsed(lines: io.StringIO) -> list[dict[str, Any]]:
    return [json.loads(line) for line in lines.getvalue().splitlines()]


def test_a_line_is_json_with_event_logger_level_and_utc_time(lines: io.StringIO) -> None:
    structlog.get_logger("services.customer").info("customer.registered", hall="ZZ01", attempts=2)
    (line,) = parsed(lines)
    assert line.pop("timestamp").endswith("Z")
    assert line == {
        "event": "customer.registered",
        "logger": "services.customer",
        "level": "info",
        "hall": "ZZ01",
        "attempts": 2,
    }


def test_lines_carry_the_ids_of_the_work_in_hand(lines: io.StringIO) -> None:
    with context.working_for(correlation="c-1", causation="e-1", by="ZZ0101"):
        with structlog.contextvars.bound_contextvars(request_id="r-1"):
            structlog.get_logger().info("ticket.opened")
        logging.getLogger("uvicorn.error").warning("slow")
    structlog.get_logger().info("idle")
    first, second, third = parsed(lines)
    assert (first["correlation_id"], first["causation_id"], first["actor"]) == ("c-1", "e-1", "ZZ0101")
    assert first["request_id"] == "r-1"
    assert second["correlation_id"] == "c-1"
    assert "correlation_id" not in third


def test_lines_below_the_level_are_not_written(lines: io.StringIO) -> None:
    structlog.get_logger().debug("detail")
    logging.getLogger("anything").debug("detail")
    assert lines.getvalue() == ""


@dataclasses.dataclass
class Caller:
    name: str
    phone: str


@pytest.mark.parametrize(
    "value",
    [
        NUMBER,
        int(NUMBER),
        float(NUMBER),
        f"+86 {NUMBER}",
        "139 0000 0001",
        "１３９０００００００１",
        NUMBER.encode(),
        [[{"deep": (NUMBER,)}]],
        {NUMBER: "as a key"},
        {int(NUMBER)},
        ValueError(f"no customer with {NUMBER}"),
    ],
)
def test_a_mobile_number_is_masked_wherever_it_stands(lines: io.StringIO, value: Any) -> None:
    structlog.get_logger().info("lookup.failed", value=value)
    written = lines.getvalue()
    assert "139********" in written
    assert NUMBER[3:] not in written


def test_an_object_with_a_person_in_it_is_written_without_the_person(lines: io.StringIO) -> None:
    structlog.get_logger().info("refused", caller=Caller("李锐", NUMBER), nested=[Caller("李锐", NUMBER)])
    (line,) = parsed(lines)
    assert line["caller"] == line["nested"][0] == "Caller(name='…', phone='…')"


@pytest.mark.parametrize("key", sorted(HIDDEN))
def test_people_and_secrets_are_dropped_at_any_depth(lines: io.StringIO, key: str) -> None:
    structlog.get_logger().info(
        "received", **{key: "李锐"}, body=[{key.upper().replace("_", "-"): "李锐", "kept": 1}]
    )
    (line,) = parsed(lines)
    assert key not in line
    assert line["body"] == [{"kept": 1}]


def test_ids_and_counts_are_left_alone(lines: io.StringIO) -> None:
    made = ids.uuid7()
    structlog.get_logger().info(
        "kept", id=made, order="20261103000123", count=13, share=0.5, none=None, yes=True
    )
    (line,) = parsed(lines)
    assert line["id"] == str(made)
    assert (line["order"], line["count"], line["share"], line["none"], line["yes"]) == (
        "20261103000123",
        13,
        0.5,
        None,
        True,
    )


@pytest.mark.parametrize(
    "name", ["uvicorn.error", "sqlalchemy.engine.Engine", "aiokafka.consumer", "alembic.runtime"]
)
def test_libraries_log_through_the_same_door(lines: io.StringIO, name: str) -> None:
    logging.getLogger(name).warning("rejected %s for %r", NUMBER, {"name": "李锐"})
    (line,) = parsed(lines)
    assert line["logger"] == name
    assert line["event"] == "rejected 139******** for {'name': '…'}"


@pytest.mark.parametrize("name", ["httpx", "sqlalchemy.engine", "uvicorn.access", "aiosqlite"])
def test_libraries_that_write_addresses_and_parameters_are_kept_quiet(lines: io.StringIO, name: str) -> None:
    logging.getLogger(name).info("GET http://gateway/?to=%s&text=%s", NUMBER, "您好")
    assert lines.getvalue() == ""


def test_an_exception_is_told_without_the_number_in_it(lines: io.StringIO) -> None:
    try:
        int("cannot reach " + "139" + "00000001")
    except ValueError:
        structlog.get_logger().exception("dispatch.failed")
        logging.getLogger("asyncio").exception("unhandled")
    for line in parsed(lines):
        assert "'cannot reach 139********'" in line["exception"]
        assert NUMBER not in json.dumps(line)


async def test_a_failed_task_that_nobody_awaited_is_told_without_the_number(lines: io.StringIO) -> None:
    loop = asyncio.get_running_loop()
    loop.call_exception_handler({"message": "task failed", "exception": ValueError("139" + "00000001")})
    (line,) = parsed(lines)
    assert line["logger"] == "asyncio"
    assert NUMBER not in json.dumps(line)


def test_warnings_of_python_are_log_lines(lines: io.StringIO) -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("always")
        logging.captureWarnings(True)
        warnings.warn("old call for 139" + "00000001", stacklevel=1)
    (line,) = parsed(lines)
    assert line["logger"] == "py.warnings"
    assert NUMBER not in line["event"]


def test_text_that_is_no_unicode_and_numbers_beyond_64_bits_do_not_break_a_line(lines: io.StringIO) -> None:
    structlog.get_logger().info("odd", text_seen="\ud800", big=2**70, nan=float("nan"))
    (line,) = parsed(lines)
    assert line["big"] == 2**70


def test_a_person_reads_lines_without_json(lines: io.StringIO) -> None:
    configure("INFO", json=False, stream=lines)
    structlog.get_logger().info("customer.registered", seen=NUMBER)
    assert "customer.registered" in lines.getvalue()
    assert "139********" in lines.getvalue()


def test_configuring_twice_does_not_double_the_lines(lines: io.StringIO) -> None:
    configure("INFO", stream=lines)
    structlog.get_logger().info("once")
    assert len(parsed(lines)) == 1


@pytest.mark.parametrize(
    ("text", "cleaned"),
    [
        ("http://gw/?user=a&password=hunter2&to=13900000001", "http://gw/?user=a&password=…&to=139********"),
        ("Authorization: Bearer eyJhbGciOi.J9.x", "Authorization: Bearer …"),
        (
            "1 validation error\n  input_value='李锐', input_type=str]",
            "1 validation error\n  input_value=…, input_type=str]",
        ),
        (
            "(asyncpg) dup\n[SQL: INSERT]\n[parameters: ('李锐', [1])]\n(Background on this error at: x)",
            "(asyncpg) dup\n[SQL: INSERT]\n[parameters: …]\n(Background on this error at: x)",
        ),
        ("[SQL: INSERT]\n[parameters: ('李锐',)]", "[SQL: INSERT]\n[parameters: …]"),
        ("DETAIL:  Failing row contains (1, 李锐, null).", "DETAIL:  Failing row contains (…)."),
        (
            "invalid input for query argument $2: '李锐' (expected int)",
            "invalid input for query argument $2: …",
        ),
        ('{"name": "李\\"锐", "hall": "ZZ01"}', '{"name": "…", "hall": "ZZ01"}'),
        ("RegisterCustomer(name='李锐', hall='ZZ01')", "RegisterCustomer(name='…', hall='ZZ01')"),
        ("NameError: name 'x' is not defined", "NameError: name 'x' is not defined"),
    ],
)
def test_messages_of_drivers_and_validators_lose_the_values_they_quote(text: str, cleaned: str) -> None:
    assert redact(text) == cleaned


@given(st.text())
def test_redacting_twice_changes_nothing_more(text: str) -> None:
    assert redact(redact(text)) == redact(text)


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary() | st.uuids(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=10,
)


@settings(max_examples=50)
@given(st.dictionaries(st.text(), anything))
def test_whatever_is_logged_the_processor_answers(event: dict[str, Any]) -> None:
    json.dumps(redact_processor(None, "info", event))


def test_a_ready_line_is_written_straight_with_the_ids_of_the_work_in_hand(lines: io.StringIO) -> None:
    with context.working_for(correlation="r1", by=NUMBER):
        straight("shared.web", "request.finished", route="/things", status=200)
    (line,) = parsed(lines)
    assert line.pop("timestamp").endswith("Z")
    assert line.pop("actor") != NUMBER
    assert line == {
        "event": "request.finished",
        "route": "/things",
        "status": 200,
        "correlation_id": "r1",
        "logger": "shared.web",
        "level": "info",
    }


def test_a_closed_stream_fails_nobody(lines: io.StringIO) -> None:
    lines.close()
    straight("shared.web", "request.finished", status=200)
