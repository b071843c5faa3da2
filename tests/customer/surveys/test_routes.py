"""Surveys over HTTP: the four rules of an invitation, credit, links, statistics."""

import asyncio
from collections.abc import Callable
from datetime import timedelta
from uuid import uuid4

import httpx
import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlmodel import col

from services.customer.archive.models import Customer
from services.customer.purges.usecases import erasing
from services.customer.surveys import repository, rules
from services.customer.surveys.models import Invitation, Rest
from shared import clock
from shared.database import Database
from shared.events.customer import SurveyAnswered
from shared.runtime import Runtime
from shared.testing.outboxes import events_said
from tests.customer.access.people import csrf_of
from tests.customer.customers import a_customer
from tests.customer.surveys.asking import GOOD, an_invitation, answer, invite, post

pytestmark = pytest.mark.usefixtures("organisation")
Caller = Callable[..., httpx.AsyncClient]


async def answers_said(database: Database) -> list[SurveyAnswered]:
    return [event for event in await events_said(database) if isinstance(event, SurveyAnswered)]


async def pass_days(database: Database, days: int) -> None:
    """As if everything had happened so many days earlier."""
    back = timedelta(days=days)
    async with database.transaction() as session:
        for row in (await session.scalars(sa.select(Invitation))).all():
            row.invited_at, row.expires_at = row.invited_at - back, row.expires_at - back
            row.remind_at = row.remind_at and row.remind_at - back
        for rest in (await session.scalars(sa.select(Rest))).all():
            rest.invited_at -= back


@pytest.mark.both_databases
async def test_a1_13_one_invitation_a_contact_it_expires_asks_several_questions_and_nobody_rates_himself(
    clerk: httpx.AsyncClient, colleague: httpx.AsyncClient, customer: Customer, database: Database
) -> None:
    """All four rules: a contact, an end, at most one in N days, another than who served records it."""
    first = await an_invitation(clerk, customer.id, contact="R-1")
    assert (first["served_by"], first["status"], first["contact"]) == ("ZZ0101", "open", "counter:R-1")
    again = await invite(clerk, customer.id, contact="R-2")
    assert (again.status_code, again.json()["code"]) == (409, "survey-too-soon")
    himself = await answer(clerk, first)
    assert (himself.status_code, himself.json()["code"]) == (409, "survey-rated-by-server")
    half = await answer(colleague, first, scores={"attitude": 6, "speed": 4, "smile": 1})
    assert half.status_code == 422
    assert {e["code"] for e in half.json()["errors"]} == {"missing", "question-unknown", "score-out-of-range"}
    await pass_days(database, 8)
    late = await answer(colleague, first)
    assert (late.status_code, late.json()["code"]) == (409, "survey-expired")
    assert await answers_said(database) == []
    await pass_days(database, 22)
    same_contact = await invite(clerk, customer.id, contact="R-1")
    assert (same_contact.status_code, same_contact.json()["code"]) == (409, "survey-already-invited")
    second = await an_invitation(clerk, customer.id, contact="R-2")
    given = await answer(colleague, second, comment="很好", channel="phone")
    assert given.status_code == 201
    assert (given.json()["recorded_by"], given.json()["scores"]) == ("ZZ0100", GOOD)
    twice = await answer(colleague, second)
    assert (twice.status_code, twice.json()["code"]) == (409, "survey-already-answered")


@pytest.mark.both_databases
async def test_a1_14_the_credit_stays_with_who_served_whoever_looks_after_the_customer_later(
    clerk: httpx.AsyncClient, colleague: httpx.AsyncClient, customer: Customer, database: Database
) -> None:
    invitation = await an_invitation(clerk, customer.id)
    async with database.transaction() as session:
        mine = col(Customer.id) == customer.id
        await session.execute(sa.update(Customer).where(mine).values(clerk="ZZ0201", hall="ZZ02"))
    assert (await answer(colleague, invitation)).status_code == 201
    (said,) = await answers_said(database)
    assert (said.served_by, said.hall, said.survey, said.kind) == ("ZZ0101", "ZZ01", "counter", "counter")
    assert {score.question: (score.score, score.out_of) for score in said.scores} == {
        "attitude": (5, 5), "speed": (4, 5), "clarity": (5, 5),
    }  # fmt: skip
    assert said.customer_id == customer.id


@pytest.mark.both_databases
async def test_of_many_who_ask_at_once_one_is_let_through(
    clerk: httpx.AsyncClient, customer: Customer, database: Database
) -> None:
    answers = await asyncio.gather(*(invite(clerk, customer.id, contact=f"R-{i}") for i in range(12)))
    assert sorted(a.status_code for a in answers) == [201] + [409] * 11
    async with database.reading() as session:
        assert (await session.scalars(sa.select(sa.func.count()).select_from(Invitation))).one() == 1


async def test_the_database_itself_refuses_that_somebody_records_his_own_rating(
    clerk: httpx.AsyncClient, customer: Customer, database: Database
) -> None:
    await an_invitation(clerk, customer.id)
    with pytest.raises(IntegrityError, match="recorded_by_another"):
        async with database.transaction() as session:
            await session.execute(sa.update(Invitation).values(recorded_by="ZZ0101"))


async def test_a_machine_names_who_served_and_who_asked(
    caller: Caller, customer: Customer, database: Database
) -> None:
    pos = caller("pos", hall="ZZ01", county="zizhong")
    unnamed = await invite(pos, customer.id)
    assert (unnamed.status_code, unnamed.json()["code"]) == (422, "clerk-required")
    stranger = await invite(pos, customer.id, served_by="WY0101")
    assert (stranger.status_code, stranger.json()["code"]) == (422, "clerk-unknown")
    invitation = await an_invitation(pos, customer.id, served_by="ZZ0101")
    assert (await answer(pos, invitation, clerk="ZZ0101")).json()["code"] == "survey-rated-by-server"
    assert (await answer(pos, invitation, clerk="ZZ0100")).status_code == 201


async def test_another_halls_invitations_are_not_there(
    clerk: httpx.AsyncClient, customer: Customer, caller: Caller
) -> None:
    invitation = await an_invitation(clerk, customer.id)
    elsewhere = caller("hall_manager", hall="ZZ02", county="zizhong", subject="ZZ0200")
    for call in (
        elsewhere.get(f"/customer/v1/survey-invitations/{invitation['id']}"),
        answer(elsewhere, invitation),
        elsewhere.post(f"/customer/v1/survey-invitations/{invitation['id']}/links", json={}),
        invite(elsewhere, customer.id),
    ):
        assert (await call).status_code == 404
    assert (await elsewhere.get("/customer/v1/survey-invitations")).json()["items"] == []
    assert (await answer(caller("auditor"), invitation)).status_code == 403


@pytest.mark.both_databases
async def test_a_link_is_good_for_one_answer_and_only_its_hash_is_kept(
    colleague: httpx.AsyncClient, clerk: httpx.AsyncClient, guest: httpx.AsyncClient, customer: Customer,
    database: Database,
) -> None:  # fmt: skip
    invitation = await an_invitation(clerk, customer.id)
    links = f"/customer/v1/survey-invitations/{invitation['id']}/links"
    assert (await clerk.post(links, json={})).json()["code"] == "survey-rated-by-server"
    old, url = [(await colleague.post(links, json={})).json()["url"] for _ in range(2)]
    token = url.rpartition("/")[2]
    async with database.reading() as session:
        (kept,) = (await session.scalars(sa.select(Invitation))).all()
    assert kept.token_hash == rules.token_hash(token)
    assert (await guest.get(old)).status_code == 404, "a link ends when another is given out"
    page = await guest.get(url)
    assert page.status_code == 200
    assert page.headers["x-robots-tag"] == "noindex"
    assert customer.name not in page.text
    form = {"csrf_token": await csrf_of(guest, url), **{f"score-{q}": str(s) for q, s in GOOD.items()}}
    assert (await guest.post(url, data={**form, "csrf_token": "0"})).status_code == 403
    missing = await guest.post(url, data={k: v for k, v in form.items() if k != "score-speed"})
    assert missing.status_code == 422
    done = await guest.post(url, data={**form, "comment": "可以打13908320001找我"})
    assert "谢谢您的评价" in done.text
    for again in (await guest.get(url), await guest.post(url, data=form)):
        assert again.status_code == 404
    (said,) = await answers_said(database)
    assert said.served_by == "ZZ0101"
    read = (await colleague.get(f"/customer/v1/survey-invitations/{invitation['id']}")).json()
    assert (read["channel"], read["recorded_by"], read["status"]) == ("link", None, "answered")
    assert "13908320001" not in read["comment"]


async def test_an_expired_link_and_an_invented_one_lead_nowhere(
    colleague: httpx.AsyncClient, clerk: httpx.AsyncClient, guest: httpx.AsyncClient, customer: Customer,
    database: Database,
) -> None:  # fmt: skip
    invitation = await an_invitation(clerk, customer.id)
    url = (await colleague.post(f"/customer/v1/survey-invitations/{invitation['id']}/links", json={})).json()[
        "url"
    ]
    await pass_days(database, 8)
    assert (await guest.get(url)).status_code == 404
    assert (await guest.get("/customer/survey/no-such-token")).status_code == 404


@pytest.mark.both_databases
async def test_statistics_tell_how_many_answered_of_how_many_and_n_for_every_question(
    clerk: httpx.AsyncClient, colleague: httpx.AsyncClient, caller: Caller, runtime: Runtime
) -> None:
    customers = [await a_customer(runtime.database, runtime.phones, f"1390832000{i}") for i in range(3)]
    invitations = [await an_invitation(clerk, customer.id) for customer in customers]
    for invitation, attitude in zip(invitations[:2], (5, 2), strict=True):
        await answer(colleague, invitation, scores={**GOOD, "attitude": attitude})
    found = (await colleague.get("/customer/v1/surveys/counter/stats")).json()
    (row,) = found["items"]
    assert (row["subject"], row["invited"], row["answered"]) == ("ZZ0101", 3, 2)
    assert {q["question"]: (q["n"], q["total"], q["most"]) for q in row["questions"]} == {
        "attitude": (2, 7, 10), "clarity": (2, 10, 10), "speed": (2, 8, 10),
    }  # fmt: skip
    by_hall = (await colleague.get("/customer/v1/surveys/counter/stats", params={"by": "hall"})).json()
    assert [r["subject"] for r in by_hall["items"]] == ["ZZ01"]
    month = {"month": clock.previous_month(clock.month_of(clock.now()))}
    assert (await colleague.get("/customer/v1/surveys/counter/stats", params=month)).json()["items"] == []
    elsewhere = caller("county_manager", county="weiyuan")
    assert (await elsewhere.get("/customer/v1/surveys/counter/stats")).json()["items"] == []


async def test_a_survey_is_changed_by_a_new_version_and_old_invitations_keep_their_questions(
    clerk: httpx.AsyncClient,
    colleague: httpx.AsyncClient,
    customer: Customer,
    caller: Caller,
    runtime: Runtime,
) -> None:
    office = caller("regional_office", subject="office")
    invitation = await an_invitation(clerk, customer.id)
    read = await office.get("/customer/v1/surveys/counter")
    body = {"questions": [{"code": "overall", "text": "总体满意", "out_of": 10}]}
    changed = await office.patch(
        "/customer/v1/surveys/counter", json=body, headers={"If-Match": read.headers["etag"]}
    )
    assert (changed.status_code, changed.json()["version"]) == (200, 2)
    stale = await office.patch("/customer/v1/surveys/counter", json=body, headers={"If-Match": '"1"'})
    assert stale.status_code == 412
    assert (await answer(colleague, invitation)).status_code == 201
    other = await a_customer(runtime.database, runtime.phones, "13908320009")
    newer = await an_invitation(clerk, other.id)
    assert (await answer(colleague, newer)).status_code == 422
    assert (await answer(colleague, newer, scores={"overall": 9})).status_code == 201


async def test_only_the_office_and_county_managers_define_surveys(
    colleague: httpx.AsyncClient, caller: Caller
) -> None:
    question = {"code": "q1", "text": "满意吗"}
    body = {
        "code": "spring",
        "kind": "counter",
        "title": "春季",
        "introduction": "您好",
        "questions": [question],
    }
    assert (await post(colleague, "/surveys", body)).status_code == 403
    county = caller("county_manager", county="zizhong")
    assert (await post(county, "/surveys", body)).status_code == 201
    assert (await post(county, "/surveys", body)).json()["code"] == "survey-exists"
    doubled = await post(county, "/surveys", {**body, "code": "summer", "questions": [question, question]})
    assert doubled.status_code == 422
    listed = (await county.get("/customer/v1/surveys")).json()["items"]
    assert [s["code"] for s in listed] == ["after-ticket", "counter", "periodic", "spring"]


async def test_a_survey_that_ended_invites_nobody(
    clerk: httpx.AsyncClient, caller: Caller, customer: Customer
) -> None:
    office = caller("regional_office")
    ended = await office.patch(
        "/customer/v1/surveys/counter", json={"active": False}, headers={"If-Match": "*"}
    )
    assert ended.json()["active"] is False
    assert (await invite(clerk, customer.id)).json()["code"] == "survey-ended"
    assert (await invite(clerk, uuid4())).status_code == 404


@pytest.mark.both_databases
async def test_erasing_a_customer_keeps_the_scores_and_forgets_whose_they_were(
    clerk: httpx.AsyncClient, colleague: httpx.AsyncClient, runtime: Runtime, database: Database
) -> None:
    answered, waiting = [
        await a_customer(database, runtime.phones, phone) for phone in ("13908320001", "13908320002")
    ]
    await answer(colleague, await an_invitation(clerk, answered.id), comment="小张很耐心")
    await an_invitation(clerk, waiting.id)
    before = (await colleague.get("/customer/v1/surveys/counter/stats")).json()["items"][0]["questions"]
    async with database.transaction() as session:
        told = await repository.everything_about(session, answered.id)
        await repository.erase_customers(session, [answered.id, waiting.id])
    assert (told["surveys"][0]["comment"], told["surveys"][0]["scores"]) == ("小张很耐心", GOOD)
    assert (await colleague.get("/customer/v1/surveys/counter/stats")).json()["items"][0][
        "questions"
    ] == before
    async with database.reading() as session:
        rows = (await session.scalars(sa.select(Invitation))).all()
        assert (await session.scalars(sa.select(Rest))).all() == []
    assert {(row.customer_id, row.comment) for row in rows} == {(None, None)}
    assert {row.status for row in rows} == {"answered", "withdrawn"}
    assert repository.erase_customers in erasing.ERASERS
