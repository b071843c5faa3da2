"""Due times against a brute-force counter of minutes, and the fold against the bugs other help desks had."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from services.complaints.clocks.rules import calendars, policies, timing
from services.complaints.clocks.rules.calendars import BusinessCalendar, CalendarNeverOpens, DayRules
from services.complaints.clocks.rules.policies import Limit, Subject
from services.complaints.clocks.rules.timing import Reading, Terms
from shared.clock import SHANGHAI
from shared.days_off import ChineseCalendar

LUNCH = ((9 * 60, 12 * 60), (14 * 60, 18 * 60))
NINE_TO_SIX = ((9 * 60, 18 * 60),)
MINUTE = timedelta(minutes=1)
NATIONAL_DAY = frozenset(date(2026, 10, day) for day in range(1, 8))
DAYS = DayRules(1, off=NATIONAL_DAY, on=frozenset({date(2026, 10, 10)}), years=frozenset({2026}))
WEEKDAYS = BusinessCalendar(1, dict.fromkeys(range(1, 6), LUNCH), holiday=(), makeup=LUNCH, days=DAYS)


@dataclass(frozen=True)
class Line:
    """One line of a log."""

    kind: str
    at: datetime
    cycle: int = 1


def local(day: int, hour: int, minute: int = 0, *, month: int = 10) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=SHANGHAI).astimezone(UTC)


def limit(clock: str, minutes: int, *, basis: str = "business", pausable: bool = False) -> Limit:
    return Limit(
        clock, timedelta(minutes=minutes), timedelta(minutes=max(1, minutes * 3 // 4)), basis, pausable
    )


def terms(
    *limits: Limit, calendar: BusinessCalendar = WEEKDAYS, required_by: datetime | None = None
) -> Terms:
    return Terms({each.clock: each for each in limits}, calendar, 1, required_by)


def usual() -> Terms:
    return terms(
        limit("first_response", 120), limit("next_response", 240), limit("resolution", 600, pausable=True),
        limit("legal", 21_600, basis="natural"),
    )  # fmt: skip


def reading(
    log: list[Line], clock: str, *, cycle: int = 1, round_: int = 1, by: Terms | None = None
) -> Reading:
    wanted = (clock, cycle, round_)
    found = timing.read_clocks(log, by or usual())
    return next(r for r in found if (r.run.clock, r.run.cycle, r.run.round) == wanted)


def test_a_lunch_break_does_not_count() -> None:
    read = reading([Line("opened", local(12, 11))], "first_response")
    assert read.due_at == local(12, 15)
    assert [(b - a) for a, b in read.counted] == [timedelta(hours=1), timedelta(hours=1)]


def test_a_holiday_is_skipped_and_a_make_up_saturday_is_worked() -> None:
    read = reading([Line("opened", local(30, 17, month=9))], "first_response")
    assert read.due_at == local(8, 10), "seven days off between one hour and the next"
    saturday = reading([Line("opened", local(9, 17))], "first_response")
    assert saturday.due_at == local(10, 10)


def test_an_ordinary_weekend_is_closed() -> None:
    assert reading([Line("opened", local(16, 17))], "first_response").due_at == local(19, 10)


def test_a_year_nobody_has_loaded_goes_by_the_weekday() -> None:
    read = reading([Line("opened", datetime(2027, 10, 1, 1, tzinfo=UTC))], "first_response")
    assert read.due_at == datetime(2027, 10, 1, 3, tzinfo=UTC), "a Friday"


def test_a_hall_that_never_opens_is_an_error_and_not_an_endless_search() -> None:
    closed = BusinessCalendar(1, {}, (), ())
    with pytest.raises(CalendarNeverOpens):
        reading(
            [Line("opened", local(12, 9))],
            "first_response",
            by=terms(limit("first_response", 10), calendar=closed),
        )


def test_the_legal_limit_counts_every_day_and_never_pauses() -> None:
    log = [Line("opened", local(1, 8)), Line("paused", local(2, 8))]
    assert reading(log, "legal").due_at == local(16, 8)


def test_pausing_stops_the_resolution_and_resuming_goes_on_where_it_stood() -> None:
    log = [Line("opened", local(12, 9)), Line("paused", local(12, 10))]
    paused = reading(log, "resolution")
    assert (paused.due_at, paused.state(local(20, 9))) == (None, "paused")
    resumed = reading([*log, Line("resumed", local(14, 9))], "resolution")
    assert resumed.due_at == local(15, 11), "nine hours were left"


def test_pausing_twice_counts_once() -> None:
    log = [Line("opened", local(12, 9)), Line("paused", local(12, 10)), Line("paused", local(12, 11))]
    again = [*log, Line("resumed", local(14, 9)), Line("resumed", local(14, 11))]
    assert reading(again, "resolution").due_at == local(15, 11)


def test_a_clock_that_was_due_before_the_pause_stays_due() -> None:
    log = [Line("opened", local(12, 9)), Line("paused", local(14, 9))]
    late = reading(log, "resolution")
    assert (late.due_at, late.state(local(14, 9))) == (local(13, 12), "missed")


def test_only_an_answer_stops_the_first_response() -> None:
    log = [Line("opened", local(12, 9)), Line("assigned", local(12, 9, 30)), Line("noted", local(12, 9, 40))]
    assert reading(log, "first_response").run.is_open
    answered = reading([*log, Line("responded", local(12, 10))], "first_response")
    assert (answered.run.stopped_at, answered.within) == (local(12, 10), True)


def test_a_late_first_answer_does_not_hide_the_miss() -> None:
    log = [Line("opened", local(12, 9)), Line("responded", local(12, 16)), Line("resolved", local(12, 17))]
    assert reading(log, "first_response").state(local(12, 18)) == "missed"


def test_the_next_response_is_owed_only_when_the_customer_asked_last() -> None:
    log = [Line("opened", local(12, 9)), Line("responded", local(12, 10))]
    assert "next_response" not in {run.clock for run in timing.runs_of(log, usual().limits)}
    asked = [*log, Line("contacted", local(12, 11)), Line("contacted", local(12, 11, 30))]
    assert reading(asked, "next_response").due_at == local(12, 17), "from the first unanswered question"
    answered = [*asked, Line("responded", local(12, 14, 30)), Line("contacted", local(12, 15))]
    assert reading(answered, "next_response").within is True
    assert reading(answered, "next_response", round_=2).run.started_at == local(12, 15)


def test_thanks_after_the_resolution_start_nothing() -> None:
    log = [Line("opened", local(12, 9)), Line("responded", local(12, 9, 5)), Line("resolved", local(12, 10))]
    runs = timing.runs_of([*log, Line("contacted", local(12, 11))], usual().limits)
    assert [run.clock for run in runs if run.is_open] == []


def test_an_answer_owed_by_the_first_response_is_not_owed_twice() -> None:
    log = [
        Line("opened", local(12, 9)),
        Line("contacted", local(12, 9, 30)),
        Line("responded", local(12, 10)),
    ]
    assert [run.clock for run in timing.runs_of(log, usual().limits) if run.is_open] == [
        "resolution",
        "legal",
    ]


def test_a_reopening_starts_new_clocks_and_leaves_the_old_ones_alone() -> None:
    first = [Line("opened", local(12, 9)), Line("responded", local(12, 16)), Line("resolved", local(13, 16))]
    before = timing.read_clocks(first, usual())
    log = [
        *first,
        Line("closed", local(13, 17)),
        Line("reopened", local(15, 9), 2),
        Line("resolved", local(15, 10), 2),
    ]
    after = timing.read_clocks(log, usual())
    assert after[: len(before)] == before
    assert reading(log, "resolution", cycle=2).within is True
    assert reading(log, "resolution").within is False


def test_withdrawing_calls_everything_off() -> None:
    log = [Line("opened", local(12, 9)), Line("withdrawn", local(12, 10))]
    assert {r.state(local(30, 9)) for r in timing.read_clocks(log, usual())} == {"cancelled"}


def test_a_work_orders_own_deadline_binds_even_while_paused() -> None:
    own = terms(limit("resolution", 600, pausable=True), required_by=local(12, 15))
    log = [Line("opened", local(12, 9))]
    assert reading(log, "resolution", by=own).due_at == local(12, 15)
    assert reading([*log, Line("paused", local(12, 10))], "resolution", by=own).due_at == local(12, 15)


def test_a_clock_rings_for_what_was_due_before_it_stopped_and_not_after() -> None:
    log = [Line("opened", local(12, 9))]
    assert timing.pending_alarm(reading(log, "first_response"), []) == ("warning", local(12, 10, 30))
    assert timing.pending_alarm(reading(log, "first_response"), ["warning"]) == ("missed", local(12, 11))
    late = reading([*log, Line("responded", local(12, 16))], "first_response")
    assert timing.pending_alarm(late, ["warning"]) == ("missed", local(12, 11))
    just = reading([*log, Line("responded", local(12, 11))], "first_response")
    assert just.within is True
    assert timing.pending_alarm(just, ["warning"]) is None


@st.composite
def a_calendar(draw: st.DrawFn) -> BusinessCalendar:
    """Up to three intervals a day, some days closed, some days off, some worked; never closed for good."""

    def day() -> tuple[tuple[int, int], ...]:
        marks = sorted(draw(st.sets(st.integers(0, 1440), min_size=0, max_size=6)))
        return tuple((marks[i], marks[i + 1]) for i in range(0, len(marks) - 1, 2))

    hours = {weekday: day() for weekday in range(1, 8)}
    hours[draw(st.integers(1, 7))] = LUNCH
    some = st.dates(date(2026, 9, 25), date(2026, 10, 20))
    off = draw(st.frozensets(some, max_size=6))
    return BusinessCalendar(
        1, hours, day(), day(), DayRules(1, off, draw(st.frozensets(some, max_size=4)) - off)
    )


def brute_force(
    calendar: BusinessCalendar, spans: list[tuple[datetime, datetime | None]], need: int
) -> datetime | None:
    """Go minute by minute and count those that are open and not paused."""
    for start, end in spans:
        at = start
        while end is None or at < end:
            here = at.astimezone(SHANGHAI)
            minute = here.hour * 60 + here.minute
            need -= any(a <= minute < b for a, b in calendar.intervals(here.date()))
            at += MINUTE
            if need == 0:
                return at
    return None


@settings(max_examples=60, deadline=None)
@given(
    calendar=a_calendar(),
    start=st.integers(0, 20 * 1440),
    need=st.integers(1, 900),
    gaps=st.lists(st.integers(1, 1500), max_size=5),
)
def test_the_due_time_is_what_a_minute_counter_finds(
    calendar: BusinessCalendar, start: int, need: int, gaps: list[int]
) -> None:
    opened = datetime(2026, 9, 25, tzinfo=UTC) + start * MINUTE
    log, at = [Line("opened", opened)], opened
    for number, gap in enumerate(gaps):
        at += gap * MINUTE
        log.append(Line("resumed" if number % 2 else "paused", at))
    by = terms(limit("resolution", need, pausable=True), calendar=calendar)
    read = reading(log, "resolution", by=by)
    assert read.due_at == brute_force(calendar, read.run.spans(), need)
    counted = sum(((b - a) for a, b in read.counted), timedelta())
    assert counted == need * MINUTE if read.due_at else counted < need * MINUTE


def test_the_most_specific_row_of_a_policy_wins() -> None:
    def row(minutes: int, **scope: str) -> object:
        scope = {"kind": "*", "category": "*", "source": "*", "tier": "*", **scope}
        facts = {
            "clock": "resolution",
            "minutes": minutes,
            "warn_minutes": 1,
            "basis": "business",
            "pausable": False,
        }
        return type("Row", (), {**facts, **scope})()

    rows = [row(1), row(2, kind="complaint"), row(3, source="sms", tier="A"), row(4, category="network")]
    found = policies.limits_for(rows, Subject("complaint", "network", "sms", "A"))  # type: ignore[arg-type]
    assert found["resolution"].limit == timedelta(minutes=4)
    by_tier = policies.limits_for(rows, Subject("complaint", "other", "sms", "A"))  # type: ignore[arg-type]
    assert by_tier["resolution"].limit == timedelta(minutes=3)
    assert policies.limits_for(rows[1:], Subject("enquiry", "other", "counter", None)) == {}  # type: ignore[arg-type]


def test_opening_hours_of_the_directory_become_intervals_by_weekday() -> None:
    opening = [
        {"weekdays": [1, 2], "opens": "09:00:00", "closes": "12:00:00"},
        {"weekdays": [1], "opens": "14:00:00", "closes": "18:00:00"},
        {"weekdays": [7], "opens": "00:00:00", "closes": "00:00:00"},
    ]
    assert calendars.hours_of(opening) == {1: LUNCH, 2: ((540, 720),), 7: ((0, 1440),)}


def test_the_package_knows_the_make_up_days_and_says_so_when_it_does_not() -> None:
    days = ChineseCalendar().days_of(2026)
    assert days is not None
    worked = [day.day for day in days if day.is_workday]
    assert worked == [
        date(2026, 1, 4), date(2026, 2, 14), date(2026, 2, 28), date(2026, 5, 9), date(2026, 9, 20), date(2026, 10, 10),
    ]  # fmt: skip
    assert ChineseCalendar().days_of(2101) is None
