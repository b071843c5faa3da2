"""The path to the gateway, and what happens when it breaks at each step."""

import asyncio
from datetime import timedelta
from typing import cast

import pytest

from services.messaging.config import GatewaySettings
from services.messaging.dispatch import jobs, usecases
from services.messaging.dispatch.jobs import Dispatcher
from services.messaging.dispatch.models import GatewayLane
from services.messaging.dispatch.ports import Receipt, Submission, Submitted
from services.messaging.messages.models import GatewayAnswer, Message
from services.messaging.suppression.models import OPTED_OUT, Suppression
from shared import clock
from shared.database import insert_rows
from shared.events.messaging import SmsAccepted, SmsFailed, SmsSuppressed, SmsUnknown
from shared.keyring import KeyRing
from shared.phones import PhoneBook
from shared.runtime import Runtime
from shared.scheduler import Firing
from tests.messaging import people
from tests.messaging.dispatch.conftest import Queue
from tests.messaging.gateway import FakeGateway
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf

pytestmark = pytest.mark.both_databases


@pytest.fixture
def dispatcher(runtime: Runtime, gateway: FakeGateway) -> Dispatcher:
    return Dispatcher(runtime, "simulator", gateway)


async def lose_claims(runtime: Runtime) -> None:
    firing = Firing(clock.now() + timedelta(minutes=5), clock.now())
    async with runtime.database.transaction() as session:
        await jobs.give_up_lost_claims(session, firing)


async def reconcile(runtime: Runtime, gateway: FakeGateway, shelf: Shelf) -> None:
    """As if the settling time had passed."""
    await shelf.change(Message, Message.status == "unknown", unknown_since=clock.now() - timedelta(minutes=1))
    await jobs.ask_about_unknown(runtime, "simulator", gateway)


async def test_what_is_queued_is_submitted_once_and_recorded(
    queue: Queue, dispatcher: Dispatcher, gateway: FakeGateway, shelf: Shelf
) -> None:
    await queue(30)
    assert await dispatcher.step() == 30
    assert await dispatcher.step() == 0
    assert await shelf.statuses() == ["accepted"] * 30
    assert set(gateway.given.values()) == {1}
    assert len(gateway.given) == 30
    assert min(gateway.numbers) == "+8613900000000"
    accepted = await shelf.said(SmsAccepted)
    assert len(accepted) == 30
    assert all(e.counted and e.cap_slot == 1 and e.on_time for e in accepted)


async def test_two_dispatchers_share_the_queue_and_submit_nothing_twice(
    queue: Queue, runtime: Runtime, gateway: FakeGateway, shelf: Shelf
) -> None:
    await queue(250)
    workers = [Dispatcher(runtime, "simulator", gateway) for _ in range(3)]
    for _ in range(3):
        await asyncio.gather(*(worker.step() for worker in workers))
    assert await shelf.statuses() == ["accepted"] * 250
    assert set(gateway.given.values()) == {1}


async def test_a_timeout_is_unknown_and_never_sent_again(
    queue: Queue, dispatcher: Dispatcher, gateway: FakeGateway, shelf: Shelf
) -> None:
    await queue(1)
    gateway.answer = Submitted("unknown", code="ReadTimeout")
    for _ in range(3):
        await dispatcher.step()
    assert await shelf.statuses() == ["unknown"]
    assert list(gateway.given.values()) == [1]
    assert [event.reason for event in await shelf.said(SmsUnknown)] == ["ReadTimeout"]
    assert len(await shelf.slots()) == 1


async def test_a_refused_connection_puts_the_message_back_with_a_back_off(
    queue: Queue, dispatcher: Dispatcher, gateway: FakeGateway, shelf: Shelf
) -> None:
    await queue(1)
    gateway.answer = Submitted("not-sent", code="ConnectError")
    await dispatcher.step()
    message = await shelf.message()
    assert message.status == "queued"
    assert message.send_at > clock.now()
    assert await dispatcher.step() == 0
    await shelf.change(Message, send_at=clock.now())
    gateway.answer = Submitted("accepted")
    await dispatcher.step()
    assert await shelf.statuses() == ["accepted"]
    assert await shelf.answers() == ["not-sent", "accepted"]


async def test_a_gateway_that_cannot_be_reached_is_paused_for_everybody(
    queue: Queue, dispatcher: Dispatcher, gateway: FakeGateway, shelf: Shelf
) -> None:
    await queue(1)
    gateway.answer = Submitted("not-sent", code="ConnectError")
    for _ in range(3):
        await shelf.change(Message, send_at=clock.now())
        assert await dispatcher.step() == 1
    await shelf.change(Message, send_at=clock.now())
    assert await dispatcher.step() == 0
    (lane,) = await shelf.rows(GatewayLane)
    assert lane.failures == 3
    assert lane.paused_until > clock.now()


async def test_a_gateway_in_trouble_is_tried_with_one_message_and_the_rest_of_a_batch_waits(
    queue: Queue, runtime: Runtime, gateway: FakeGateway, shelf: Shelf
) -> None:
    await queue(100)
    dispatcher = Dispatcher(runtime, "simulator", gateway)
    gateway.answer = Submitted("unknown", code="ReadTimeout")
    await dispatcher.step()
    assert 5 <= len(gateway.given) <= 5 + dispatcher._settings.parallel
    tried = len(gateway.given)
    assert await dispatcher.step() == 1
    gateway.answer = Submitted("accepted")
    assert await dispatcher.step() == 1
    assert await dispatcher.step() == 100 - tried - 2
    assert (await shelf.statuses()).count("unknown") == tried + 1
    assert set(gateway.given.values()) == {1}


async def test_a_gateway_that_refuses_the_account_is_left_alone_and_no_message_fails(
    queue: Queue, dispatcher: Dispatcher, gateway: FakeGateway, shelf: Shelf
) -> None:
    await queue(3)
    gateway.answer = Submitted("not-sent", code="InvalidUsrOrPwd", pause=timedelta(minutes=10))
    await dispatcher.step()
    await shelf.change(Message, send_at=clock.now())
    assert await dispatcher.step() == 0
    assert await shelf.statuses() == ["queued"] * 3
    (lane,) = await shelf.rows(GatewayLane)
    assert lane.paused_until > clock.now() + timedelta(minutes=9)


async def test_a_gateway_that_asks_for_time_gets_it(
    queue: Queue, dispatcher: Dispatcher, gateway: FakeGateway, shelf: Shelf
) -> None:
    await queue(50)
    gateway.answer = Submitted("not-sent", code="throttled", slow_down=timedelta(seconds=30))
    await dispatcher.step()
    assert await dispatcher.step() == 0
    assert await shelf.statuses() == ["queued"] * 50
    (lane,) = await shelf.rows(GatewayLane)
    assert lane.failures == 0
    assert lane.paused_until > clock.now() + timedelta(seconds=20)


async def test_while_a_gateway_is_paused_its_messages_go_by_the_second_one_if_they_never_left(
    queue: Queue, runtime: Runtime, gateway: FakeGateway, shelf: Shelf
) -> None:
    await queue(4)
    first, *others = [message.id for message in await shelf.messages()]
    dispatcher, second = Dispatcher(runtime, "simulator", gateway), FakeGateway()
    await shelf.change(Message, Message.id != first, send_at=clock.now() + timedelta(hours=1))
    await shelf.change(Message, fallback="second")
    gateway.answer = Submitted("unknown", code="ReadTimeout")
    await dispatcher.step()
    await shelf.change(Message, Message.id != first, send_at=clock.now())
    gateway.answer = Submitted("not-sent", code="ConnectError")
    for _ in range(2):
        await dispatcher.step()
        await shelf.change(Message, Message.id != first, send_at=clock.now())
    assert await dispatcher.step() == 3
    assert {m.gateway for m in await shelf.messages(Message.id != first)} == {"second"}
    runtime.settings = runtime.settings.model_copy(
        update={"messaging_gateways": {"second": GatewaySettings(kind="simulator", url="http://x.test")}}
    )
    await Dispatcher(runtime, "second", second).step()
    assert set(second.given) == set(others)
    held = await shelf.message(first)
    assert (held.status, held.gateway) == ("unknown", "simulator")
    assert (await shelf.message(others[0])).decisions["failover"]["from"] == "simulator"


async def test_a_second_gateway_that_is_paused_itself_gets_nothing(
    queue: Queue, dispatcher: Dispatcher, runtime: Runtime, shelf: Shelf
) -> None:
    await queue(2)
    await shelf.change(Message, fallback="second")
    until = clock.now() + timedelta(minutes=1)
    async with runtime.database.transaction() as session:
        lanes = [
            GatewayLane(gateway=name, failures=3, paused_until=until) for name in ("simulator", "second")
        ]
        await insert_rows(session, GatewayLane, lanes)
    assert await dispatcher.step() == 0
    assert {message.gateway for message in await shelf.messages()} == {"simulator"}


async def test_a_late_proof_that_nothing_was_sent_ends_the_doubt(
    queue: Queue, runtime: Runtime, gateway: FakeGateway, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    await queue(1)
    gateway.answer = Submitted("not-sent", code="ConnectError")
    slow = Dispatcher(runtime, "simulator", gateway)
    record = slow._record

    async def late(*args: object) -> None:
        await lose_claims(runtime)
        assert await shelf.statuses() == ["unknown"]
        await record(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(slow, "_record", late)
    await slow.step()
    assert await shelf.statuses() == ["queued"]


async def test_the_carriers_code_is_kept_and_what_it_comes_to(
    queue: Queue, dispatcher: Dispatcher, gateway: FakeGateway, shelf: Shelf
) -> None:
    """A2-19: not only "failed"."""
    await queue(1)
    gateway.answer = Submitted("rejected", code="smpp:0x000b", failure="number-dead")
    await dispatcher.step()
    message, (answer,) = await shelf.message(), await shelf.rows(GatewayAnswer)
    assert (message.gateway_code, message.failure) == ("smpp:0x000b", "number-dead")
    assert (answer.code, answer.failure) == ("smpp:0x000b", "number-dead")


async def test_a_refusal_fails_the_message_and_frees_its_slot(
    queue: Queue, dispatcher: Dispatcher, gateway: FakeGateway, shelf: Shelf
) -> None:
    await queue(1)
    gateway.answer = Submitted("rejected", code="blacklisted")
    await dispatcher.step()
    assert await shelf.statuses() == ["failed"]
    assert [(e.reason, e.was_accepted) for e in await shelf.said(SmsFailed)] == [("blacklisted", False)]
    assert await shelf.slots() == []


async def test_a_dispatcher_killed_after_the_submission_leaves_unknown_and_the_gateway_has_it_once(
    queue: Queue, runtime: Runtime, gateway: FakeGateway, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Killed(BaseException):
        pass

    async def killed(*_args: object) -> None:
        raise Killed

    await queue(1)
    dying = Dispatcher(runtime, "simulator", gateway)
    monkeypatch.setattr(dying, "_record", killed)
    with pytest.raises(Killed):
        await dying.step()
    await lose_claims(runtime)
    assert await shelf.statuses() == ["unknown"]
    message = await shelf.message()
    gateway.known[message.id] = Receipt("accepted", clock.now(), message_id=message.id)
    await reconcile(runtime, gateway, shelf)
    await Dispatcher(runtime, "simulator", gateway).step()
    assert await shelf.statuses() == ["accepted"]
    assert list(gateway.given.values()) == [1]


async def test_a_dispatcher_killed_before_the_submission_is_found_out_and_the_message_sent(
    queue: Queue, runtime: Runtime, gateway: FakeGateway, shelf: Shelf
) -> None:
    class Killed(BaseException):
        pass

    class Dying(FakeGateway):
        async def submit(self, submission: Submission) -> Submitted:
            raise Killed

    await queue(1)
    with pytest.raises(Killed):
        await Dispatcher(runtime, "simulator", Dying()).step()
    assert await shelf.statuses() == ["submitting"]
    await lose_claims(runtime)
    await reconcile(runtime, gateway, shelf)
    assert await shelf.statuses() == ["queued"]
    await Dispatcher(runtime, "simulator", gateway).step()
    assert await shelf.statuses() == ["accepted"]
    assert list(gateway.given.values()) == [1]


async def test_while_the_gateway_is_away_unknown_stays_unknown(
    queue: Queue, dispatcher: Dispatcher, runtime: Runtime, gateway: FakeGateway, shelf: Shelf
) -> None:
    await queue(1)
    gateway.answer, gateway.away = Submitted("unknown"), True
    await dispatcher.step()
    await reconcile(runtime, gateway, shelf)
    assert await shelf.statuses() == ["unknown"]


async def test_a_fresh_unknown_is_not_asked_about_yet(
    queue: Queue, dispatcher: Dispatcher, runtime: Runtime, gateway: FakeGateway, shelf: Shelf
) -> None:
    await queue(1)
    gateway.answer = Submitted("unknown")
    await dispatcher.step()
    await jobs.ask_about_unknown(runtime, "simulator", gateway)
    assert await shelf.statuses() == ["unknown"]


async def test_a_late_result_of_a_lost_claim_still_counts(
    queue: Queue, runtime: Runtime, gateway: FakeGateway, shelf: Shelf, monkeypatch: pytest.MonkeyPatch
) -> None:
    await queue(1)
    slow = Dispatcher(runtime, "simulator", gateway)
    record = slow._record

    async def late(*args: object) -> None:
        await lose_claims(runtime)
        await record(*args)  # type: ignore[arg-type]

    monkeypatch.setattr(slow, "_record", late)
    await slow.step()
    assert await shelf.statuses() == ["accepted"]


async def test_a_claim_that_could_end_before_its_answer_is_put_back_untried(
    queue: Queue, runtime: Runtime, gateway: FakeGateway, shelf: Shelf
) -> None:
    await queue(1)
    short = Dispatcher(runtime, "simulator", gateway)
    short._lease = timedelta(seconds=1)
    await short.step()
    assert await shelf.statuses() == ["queued"]
    assert not gateway.given


async def test_consent_and_opt_out_are_looked_at_again_at_the_claim(
    queue: Queue, dispatcher: Dispatcher, gateway: FakeGateway, runtime: Runtime, shelf: Shelf
) -> None:
    await queue(1)
    message = await shelf.message()
    async with runtime.database.transaction() as session:
        entry = Suppression(phone_index=cast("str", message.phone_index), reason=OPTED_OUT, at=clock.now())
        await insert_rows(session, Suppression, [entry])
    assert await dispatcher.step() == 0
    assert [e.reason for e in await shelf.said(SmsSuppressed)] == ["opted-out"]
    assert not gateway.given
    assert await shelf.slots() == []


async def test_the_most_urgent_deadline_goes_first(
    queue: Queue, runtime: Runtime, gateway: FakeGateway, shelf: Shelf
) -> None:
    await queue(3)
    last = (await shelf.messages())[-1]
    await shelf.change(Message, Message.id == last.id, due_at=clock.now() - timedelta(days=1))
    async with runtime.database.transaction() as session:
        command = usecases.ClaimMessages("simulator", last.id, timedelta(seconds=30), 1, None)
        claimed = await usecases.claim_messages(session, command, now=clock.now())
    assert [message.id for message in claimed] == [last.id]


async def test_the_rate_holds_across_dispatchers(
    queue: Queue, runtime: Runtime, gateway: FakeGateway, shelf: Shelf
) -> None:
    await queue(60)
    workers = [Dispatcher(runtime, "simulator", gateway) for _ in range(4)]
    for worker in workers:
        worker._settings = worker._settings.model_copy(update={"rate": 20})
    started = clock.now()
    while clock.now() - started < timedelta(seconds=1):
        await asyncio.gather(*(worker.step() for worker in workers))
        await asyncio.sleep(0.05)
    seconds = (clock.now() - started).total_seconds()
    assert 20 <= len(gateway.given) <= 20 * (seconds + 1) + 1


async def test_a_slot_follows_the_message_into_the_month_in_which_it_leaves(
    queue: Queue, dispatcher: Dispatcher, shelf: Shelf
) -> None:
    await queue(1)
    await shelf.change(Message, cap_month="2020-01")
    await dispatcher.step()
    message, (slot,) = await shelf.message(), await shelf.slots()
    assert message.cap_month == slot.month == clock.month_of(clock.now())
    assert message.status == "accepted"


async def test_the_gauges_show_how_many_are_unknown_and_for_how_long(
    queue: Queue, dispatcher: Dispatcher, gateway: FakeGateway, runtime: Runtime, shelf: Shelf
) -> None:
    await queue(2)
    gateway.answer = Submitted("unknown")
    await dispatcher.step()
    await shelf.change(Message, unknown_since=clock.now() - timedelta(minutes=10))
    stop = asyncio.Event()
    measuring = asyncio.create_task(jobs.measure_messages(runtime, stop))
    registry, labels = runtime.metrics.registry, {"service": "messaging"}
    while not registry.get_sample_value("hall_unknown_sms", labels):
        await asyncio.sleep(0.02)
    stop.set()
    await measuring
    assert registry.get_sample_value("hall_unknown_sms", labels) == 2
    assert (registry.get_sample_value("hall_oldest_unknown_sms_seconds", labels) or 0) >= 600


async def test_a_sealed_word_is_opened_for_the_gateway_and_forgotten_when_it_has_left(
    ears: Ears, phones: PhoneBook, dispatcher: Dispatcher, gateway: FakeGateway, shelf: Shelf
) -> None:
    customer = people.a_customer(phones, agreed=["archive"])
    await ears.hear(people.a_hall(), customer, people.a_code_request(customer.customer_id, phones, "042195"))
    gateway.answer = Submitted("not-sent", code="away")
    await dispatcher.step()
    assert (await shelf.message()).secret_enc is not None
    await shelf.change(GatewayLane, paused_until=None)
    await shelf.change(Message, send_at=clock.now())
    gateway.answer = Submitted("accepted")
    await dispatcher.step()
    message = await shelf.message()
    assert "验证码042195，10分钟内有效" in gateway.texts[message.id]
    assert (message.status, message.secret_enc, "042195" in message.text) == ("accepted", None, False)


async def test_a_number_whose_key_is_still_on_its_way_waits_and_is_sent_once_it_is_here(
    ears: Ears, keyring: KeyRing, runtime: Runtime, gateway: FakeGateway, shelf: Shelf
) -> None:
    rotated = PhoneBook(keyring.with_new_phone_key())
    await ears.hear(people.a_hall(), people.a_customer(rotated))
    await Dispatcher(runtime, "simulator", gateway).step()
    assert ((await shelf.message()).status, gateway.given) == ("queued", {})
    await shelf.change(Message, send_at=clock.now())
    runtime.phones = rotated
    await Dispatcher(runtime, "simulator", gateway).step()
    assert (await shelf.message()).status == "accepted"


async def taken_days_ago(shelf: Shelf, days: float) -> None:
    await shelf.change(Message, accepted_at=clock.now() - timedelta(days=days))


async def test_a_receipt_missing_for_a_day_is_asked_for_once_a_day(
    queue: Queue, dispatcher: Dispatcher, gateway: FakeGateway, runtime: Runtime, shelf: Shelf
) -> None:
    """A2-12: reconciliation by status poll."""
    await queue(3)
    await dispatcher.step()
    arrived, failed, silent = [message.id for message in await shelf.messages()]
    await jobs.ask_about_missing(runtime, "simulator", gateway)
    assert await shelf.statuses() == ["accepted"] * 3
    await taken_days_ago(shelf, 1.5)
    gateway.known = {
        arrived: Receipt("delivered", clock.now(), message_id=arrived),
        failed: Receipt("failed", clock.now(), message_id=failed, code="EXPIRED", failure="unreachable"),
    }
    await jobs.ask_about_missing(runtime, "simulator", gateway)
    assert {m.id: m.status for m in await shelf.messages()} == {
        arrived: "delivered", failed: "failed", silent: "accepted",
    }  # fmt: skip
    gateway.known = {silent: Receipt("delivered", clock.now(), message_id=silent)}
    await jobs.ask_about_missing(runtime, "simulator", gateway)
    assert (await shelf.message(silent)).status == "accepted"
    await shelf.change(Message, asked_at=clock.now() - timedelta(hours=25))
    await jobs.ask_about_missing(runtime, "simulator", gateway)
    assert (await shelf.message(silent)).status == "delivered"


async def test_the_gauge_counts_receipts_missing_over_a_day(
    queue: Queue, dispatcher: Dispatcher, runtime: Runtime, shelf: Shelf
) -> None:
    await queue(2)
    await dispatcher.step()
    for days, count in ((0.5, 0), (1.5, 2), (8, 0)):
        await taken_days_ago(shelf, days)
        await jobs._measure(runtime, clock.now())
        labels = {"service": "messaging"}
        assert runtime.metrics.registry.get_sample_value("hall_receipts_missing_over_24h", labels) == count
