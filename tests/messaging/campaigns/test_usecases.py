"""Running campaigns: everybody one message, the sum at every moment, and acts that take hold at once."""

import random
from collections import Counter
from datetime import timedelta

import httpx
import pytest

from services.messaging.campaigns.models import Campaign
from services.messaging.campaigns.usecases import run_campaign
from services.messaging.dispatch.jobs import Dispatcher
from services.messaging.dispatch.ports import Submitted
from services.messaging.messages.models import Message
from services.messaging.planning.usecases.recheck import release_held
from services.messaging.templates.models import Template
from shared import clock
from shared.events.messaging import CampaignCompleted, SmsSuppressed
from shared.runtime import Runtime
from tests.messaging import people
from tests.messaging.campaigns.conftest import Crowd, Made, post, progress, run_out
from tests.messaging.gateway import FakeGateway
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf

AGREED = ("archive", "holiday_sms")


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_campaign, "CHUNK", 4)


async def dispatch(runtime: Runtime, gateway: FakeGateway) -> None:
    while await Dispatcher(runtime, "simulator", gateway).step():
        pass


@pytest.mark.both_databases
async def test_everybody_gets_one_message_and_the_counts_are_said_once(
    runtime: Runtime, crowd: Crowd, made: Made, author: httpx.AsyncClient, gateway: FakeGateway, shelf: Shelf
) -> None:
    agreed = await crowd(6, agreed=AGREED)
    await crowd(3)
    id_ = await made()
    assert (await progress(author, id_))["pending_by_state"] == {"waiting": 9}
    await run_out(runtime)
    found = await progress(author, id_)
    assert found["suppressed_by_reason"] == {"no-consent": 3}
    assert found["pending_by_state"] == {"queued": 6}
    assert await shelf.said(CampaignCompleted) == []
    await dispatch(runtime, gateway)
    for _ in range(2):
        await run_out(runtime)
    (said,) = await shelf.said(CampaignCompleted)
    assert (said.audience, said.sent, said.failed, said.unknown, said.suppressed) == (
        9,
        6,
        0,
        0,
        {"no-consent": 3},
    )
    assert (await progress(author, id_))["status"] == "completed"
    sent = await shelf.messages(Message.status == "accepted")
    assert Counter(m.customer_id for m in sent) == Counter(agreed)
    assert {str(m.campaign_id) for m in sent} == {id_}
    assert max(gateway.given.values()) == 1


@pytest.mark.both_databases
async def test_the_sum_holds_at_every_step_whatever_the_gateway_does(
    runtime: Runtime, crowd: Crowd, made: Made, author: httpx.AsyncClient, gateway: FakeGateway, shelf: Shelf
) -> None:
    await crowd(9, agreed=AGREED)
    await crowd(4)
    id_, dice = await made(), random.Random(7)
    results = ["accepted", "rejected", "unknown", "not-sent"]
    for _ in range(12):
        gateway.answer = Submitted(dice.choice(results))  # type: ignore[arg-type]
        await (run_out(runtime) if dice.random() < 0.5 else dispatch(runtime, gateway))
        await progress(author, id_)
    gateway.answer = Submitted("accepted")
    await shelf.change(Message, Message.status == "queued", send_at=clock.now())
    await dispatch(runtime, gateway)
    await run_out(runtime)
    (said,) = await shelf.said(CampaignCompleted)
    kept = sum(said.suppressed.values())
    assert said.audience == 13 == said.sent + said.failed + said.unknown + said.cancelled + kept


async def test_a_campaign_waits_for_its_start(
    runtime: Runtime, crowd: Crowd, made: Made, author: httpx.AsyncClient, shelf: Shelf
) -> None:
    await crowd(2, agreed=AGREED)
    id_ = await made(starts_at=(clock.now() + timedelta(hours=1)).isoformat())
    await run_out(runtime)
    assert (await progress(author, id_))["status"] == "approved"
    await shelf.change(Campaign, starts_at=clock.now())
    await run_out(runtime)
    assert (await progress(author, id_))["pending_by_state"] == {"queued": 2}


async def test_a_spread_gives_turns_little_by_little(
    runtime: Runtime, crowd: Crowd, made: Made, author: httpx.AsyncClient, shelf: Shelf
) -> None:
    await crowd(10, agreed=AGREED)
    id_ = await made(spread_until=(clock.now() + timedelta(hours=4)).isoformat())
    await run_out(runtime)
    assert (await progress(author, id_))["pending_by_state"] == {"queued": 1, "waiting": 9}
    now = clock.now()
    await shelf.change(Campaign, started_at=now - timedelta(hours=2), spread_until=now + timedelta(hours=2))
    await run_out(runtime)
    assert (await progress(author, id_))["pending_by_state"] in (
        {"queued": n, "waiting": 10 - n} for n in (5, 6)
    )


async def test_the_house_holds_so_many_messages_of_a_campaign_at_most(
    runtime: Runtime, crowd: Crowd, made: Made, author: httpx.AsyncClient, gateway: FakeGateway,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(run_campaign, "BACKLOG", 5)
    await crowd(12, agreed=AGREED)
    id_ = await made()
    await run_out(runtime)
    assert (await progress(author, id_))["pending_by_state"] == {"queued": 5, "waiting": 7}
    await dispatch(runtime, gateway)
    await run_out(runtime)
    assert (await progress(author, id_))["sent"] == 5
    assert (await progress(author, id_))["pending_by_state"] == {"queued": 5, "waiting": 2}


@pytest.mark.both_databases
async def test_a_pause_stops_queued_messages_too_and_a_resumption_sends_them(
    runtime: Runtime, crowd: Crowd, made: Made, author: httpx.AsyncClient, gateway: FakeGateway, shelf: Shelf
) -> None:
    await crowd(6, agreed=AGREED)
    id_ = await made()
    await run_out(runtime)
    assert (await post(author, f"/{id_}/pause")).json()["status"] == "paused"
    await run_out(runtime)
    await dispatch(runtime, gateway)
    async with runtime.database.transaction() as session:
        await release_held(session, now=clock.now(), limit=100)
    assert (await progress(author, id_))["pending_by_state"] == {"held": 6}
    assert not gateway.given
    await post(author, f"/{id_}/resume")
    async with runtime.database.transaction() as session:
        await release_held(session, now=clock.now(), limit=100)
    await dispatch(runtime, gateway)
    await run_out(runtime)
    assert (await progress(author, id_))["sent"] == 6
    assert len(await shelf.said(CampaignCompleted)) == 1


@pytest.mark.both_databases
async def test_a_cancellation_calls_back_what_waits_and_frees_its_slots(
    runtime: Runtime, crowd: Crowd, made: Made, author: httpx.AsyncClient, gateway: FakeGateway, shelf: Shelf,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(run_campaign, "BACKLOG", 4)
    await crowd(10, agreed=AGREED)
    id_ = await made()
    await run_out(runtime)
    await dispatch(runtime, gateway)
    await run_out(runtime)
    assert (await post(author, f"/{id_}/cancel")).json()["status"] == "cancelled"
    await dispatch(runtime, gateway)
    found = await progress(author, id_)
    assert (found["sent"], found["suppressed_by_reason"]) == (4, {"campaign-cancelled": 6})
    assert len(await shelf.slots()) == 4
    assert len(await shelf.said(SmsSuppressed)) == 4
    for _ in range(2):
        await run_out(runtime)
    (said,) = await shelf.said(CampaignCompleted)
    assert (said.audience, said.sent, said.cancelled, said.suppressed) == (10, 4, 6, {})


async def test_a_draft_that_is_cancelled_says_nothing(
    runtime: Runtime, crowd: Crowd, made: Made, author: httpx.AsyncClient, shelf: Shelf
) -> None:
    await crowd(1)
    id_ = await made("counted")
    await post(author, f"/{id_}/cancel")
    await run_out(runtime)
    assert await shelf.said(CampaignCompleted) == []


async def test_after_the_end_nothing_leaves_and_the_rest_is_counted_as_late(
    runtime: Runtime, crowd: Crowd, made: Made, author: httpx.AsyncClient, gateway: FakeGateway, shelf: Shelf,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    monkeypatch.setattr(run_campaign, "BACKLOG", 4)
    await crowd(6, agreed=AGREED)
    id_ = await made()
    await run_out(runtime)
    await shelf.change(Campaign, ends_at=clock.now())
    await run_out(runtime)
    await dispatch(runtime, gateway)
    assert not gateway.given
    found = await progress(author, id_)
    assert (found["status"], found["suppressed_by_reason"]) == ("completed", {"deadline-passed": 6})
    assert len(await shelf.said(CampaignCompleted)) == 1


async def test_other_words_than_the_approved_ones_do_not_leave(
    runtime: Runtime, crowd: Crowd, made: Made, author: httpx.AsyncClient
) -> None:
    await crowd(2, agreed=AGREED)
    id_ = await made()
    async with runtime.database.transaction() as session:
        template = Template.draft(
            "holiday",
            2,
            title="节日",
            message_class="holiday",
            text="{festival}{wish}",
            author="a",
            now=clock.now(),
        )
        template.approve("b", now=clock.now())
        session.add(template)
    await run_out(runtime)
    found = await progress(author, id_)
    assert (found["status"], found["pending_by_state"]) == ("paused", {"waiting": 2})
    assert (await post(author, f"/{id_}/resume")).json()["code"] == "words-changed"


async def test_whoever_left_or_withdrew_after_the_count_gets_nothing(
    runtime: Runtime, crowd: Crowd, made: Made, author: httpx.AsyncClient, ears: Ears
) -> None:
    gone, withdrawn, _there = await crowd(3, agreed=AGREED)
    id_ = await made()
    await ears.hear(
        people.a_departure(gone), people.a_consent_change(withdrawn, "withdrawn", purpose="holiday_sms")
    )
    await run_out(runtime)
    found = await progress(author, id_)
    assert found["suppressed_by_reason"] == {"left-network": 1, "no-consent": 1}
    assert found["pending_by_state"] == {"queued": 1}


async def test_a_chunk_that_is_lost_before_its_commit_is_done_again_once(
    runtime: Runtime, crowd: Crowd, made: Made, author: httpx.AsyncClient, shelf: Shelf,
    monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    await crowd(9, agreed=AGREED)
    id_, take, dice = await made(), Campaign.take, random.Random(3)

    def take_or_die(self: Campaign, *args: object, **kwargs: object) -> None:
        take(self, *args, **kwargs)  # type: ignore[arg-type]
        if dice.random() < 0.5:
            raise KeyboardInterrupt

    monkeypatch.setattr(Campaign, "take", take_or_die)
    for _ in range(40):
        try:
            await run_out(runtime)
        except KeyboardInterrupt:
            await progress(author, id_)
    assert (await progress(author, id_))["pending_by_state"] == {"queued": 9}
    assert len(await shelf.messages()) == 9
