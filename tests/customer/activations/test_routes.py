"""Activations over HTTP: only with the customer's word, once for each piece of evidence, ending the recommendation."""

import asyncio
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sa

from services.customer.activations import repository
from services.customer.activations.models import Activation
from services.customer.archive.models import Customer
from services.kpi.facts.rules.recording import rows_of
from shared.database import Database
from shared.events.customer import ProductActivated, RecommendationAnswered, RecommendationOffered
from shared.events.messaging import SmsActivationDenied
from shared.runtime import Runtime
from shared.testing.outboxes import events_said
from tests.customer.conftest import Caller
from tests.customer.customers import NOW, a_customer, post
from tests.customer.offers import hear, only_these_products, the_halls_are

pytestmark = [pytest.mark.usefixtures("organisation"), pytest.mark.both_databases]
V1 = "/customer/v1"


@pytest.fixture
async def customer(database: Database, runtime: Runtime, organisation: None) -> Customer:
    await the_halls_are(database, "idle")
    await only_these_products(database, {"code": "X-1", "name": "业务一"}, {"code": "X-2", "name": "业务二"})
    return await a_customer(database, runtime.phones)


@pytest.fixture
def pos(caller: Caller) -> httpx.AsyncClient:
    return caller("pos", hall="ZZ01", county="zizhong", subject="pos-zz01")


def an_activation(customer: Customer, **changes: Any) -> dict[str, Any]:
    usual = {
        "customer_id": str(customer.id), "product": "X-1", "amount": "38.50", "clerk": "ZZ0101",
        "evidence": {"kind": "signature", "reference": "受理单 17"}, "occurred_at": "2026-11-20T10:00:00+08:00",
    }  # fmt: skip
    return {name: value for name, value in {**usual, **changes}.items() if value is not None}


async def said(database: Database, kind: type[Any]) -> list[Any]:
    return [event for event in await events_said(database) if isinstance(event, kind)]


async def offers(client: httpx.AsyncClient, customer: Customer) -> list[dict[str, Any]]:
    found = (await client.get(f"{V1}/customers/{customer.id}/recommendations")).json()
    return list(found["items"])


async def test_a_product_opened_with_evidence_is_recorded_and_said(
    pos: httpx.AsyncClient, customer: Customer, database: Database
) -> None:
    answer = await post(pos, "/activations", an_activation(customer), "k")
    again = await post(pos, "/activations", an_activation(customer), "k")
    assert (answer.status_code, answer.content) == (201, again.content)
    body = answer.json()
    assert (body["amount"], body["sold_by"], body["status"]) == ("38.50", "ZZ0101", "recorded")
    (event,) = await said(database, ProductActivated)
    assert (str(event.activation_id), event.product_title, str(event.amount)) == (
        body["id"],
        "业务一",
        "38.50",
    )
    assert (event.evidence_kind, event.evidence_reference) == ("signature", "受理单 17")
    read = await pos.get(f"{V1}/activations/{body['id']}")
    assert (read.json(), read.headers["etag"]) == (body, '"1"')


@pytest.mark.parametrize(
    "evidence",
    [
        None,
        {},
        {"kind": "signature"},
        {"kind": "signature", "reference": "  "},
        {"kind": "", "reference": "17"},
    ],
)
async def test_without_the_customers_word_nothing_is_opened(
    pos: httpx.AsyncClient, customer: Customer, database: Database, evidence: Any
) -> None:
    body = {**an_activation(customer, evidence=None), **({} if evidence is None else {"evidence": evidence})}
    answer = await post(pos, "/activations", body)
    assert (answer.status_code, answer.json()["code"]) == (422, "evidence-required")
    assert (await pos.get(f"{V1}/activations")).json()["items"] == []
    assert await said(database, ProductActivated) == []


@pytest.mark.parametrize(
    ("change", "code", "pointer"),
    [
        ({"product": "NOTHING"}, "validation-failed", "/product"),
        ({"clerk": "ZZ0201"}, "validation-failed", "/clerk"),
        ({"clerk": None}, "validation-failed", "/clerk"),
        ({"amount": "-1"}, "validation-failed", "/amount"),
        ({"evidence": {"kind": "hearsay", "reference": "1"}}, "validation-failed", "/evidence/kind"),
        ({"occurred_at": "2099-01-01T00:00:00Z"}, "occurred-in-the-future", None),
    ],
)
async def test_what_cannot_be_is_refused_with_the_place(
    pos: httpx.AsyncClient, customer: Customer, change: dict[str, Any], code: str, pointer: str | None
) -> None:
    answer = await post(pos, "/activations", an_activation(customer, **change))
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert pointer is None or pointer in [error["pointer"] for error in answer.json()["errors"]]


async def test_one_piece_of_evidence_opens_one_product_at_whatever_moment(
    pos: httpx.AsyncClient, customer: Customer, database: Database
) -> None:
    bodies = [an_activation(customer, product=code) for code in ("X-1", "X-2")] * 4
    answers = await asyncio.gather(*(post(pos, "/activations", body) for body in bodies))
    assert sorted(answer.status_code for answer in answers) == [201] + [409] * 7
    done = next(answer for answer in answers if answer.status_code == 201).json()["id"]
    again = await post(pos, "/activations", an_activation(customer))
    assert (again.json()["code"], again.json()["existing_id"]) == ("evidence-used", done)
    assert len(await said(database, ProductActivated)) == 1
    other = an_activation(customer, evidence={"kind": "recording", "reference": "受理单 17"})
    assert (await post(pos, "/activations", other)).status_code == 201


async def test_an_activation_ends_the_recommendation_it_came_from(
    pos: httpx.AsyncClient, customer: Customer, database: Database
) -> None:
    first, second = await offers(pos, customer)
    assert (first["product"], second["product"]) == ("X-1", "X-2")
    await post(pos, f"/recommendations/{first['id']}/outcome", {"outcome": "accepted"})
    opened = (await post(pos, "/activations", an_activation(customer))).json()
    assert opened["recommendation_id"] == first["id"]
    named = an_activation(
        customer, product="X-2", recommendation_id=second["id"],
        evidence={"kind": "sms", "reference": "code-1"},
    )  # fmt: skip
    answer = (await post(pos, "/activations", named)).json()
    assert (answer["recommendation_id"], answer["evidence"]["kind"]) == (second["id"], "sms_code")
    answers = await said(database, RecommendationAnswered)
    assert [(str(e.recommendation_id), e.outcome, e.version) for e in answers] == [
        (first["id"], "accepted", 2), (first["id"], "activated", 3), (second["id"], "activated", 2),
    ]  # fmt: skip
    assert {item["outcome"]["outcome"] for item in await offers(pos, customer)} == {"activated"}
    again = an_activation(customer, evidence={"kind": "signature", "reference": "18"})
    assert (await post(pos, "/activations", again)).json()["recommendation_id"] is None
    named = {**again, "recommendation_id": first["id"], "evidence": {"kind": "signature", "reference": "19"}}
    refused = await post(pos, "/activations", named)
    assert (refused.status_code, refused.json()["code"]) == (409, "recommendation-answered")
    total = (await pos.get(f"{V1}/recommendations/statistics")).json()["total"]
    assert (total["activated"], total["numerator"], total["denominator"]) == (2, 2, 2)


async def test_a_recommendation_of_another_product_or_hall_is_not_ended(
    pos: httpx.AsyncClient, customer: Customer, caller: Caller
) -> None:
    first, second = await offers(pos, customer)
    wrong = an_activation(customer, recommendation_id=second["id"])
    assert (await post(pos, "/activations", wrong)).json()["code"] == "recommendation-differs"
    unknown = an_activation(customer, recommendation_id=str(uuid4()))
    assert (await post(pos, "/activations", unknown)).json()["code"] == "recommendation-not-found"
    await post(pos, f"/recommendations/{first['id']}/outcome", {"outcome": "declined"})
    free = (await post(pos, "/activations", an_activation(customer))).json()
    assert free["recommendation_id"] is None


def a_denial(activation_id: str | UUID) -> SmsActivationDenied:
    return SmsActivationDenied(
        occurred_at=NOW, inbound_id=uuid4(), received_at=NOW, activation_id=UUID(str(activation_id))
    )


async def test_not_me_is_marked_once_and_shown_on_the_archive(
    pos: httpx.AsyncClient, customer: Customer, database: Database
) -> None:
    done = (await post(pos, "/activations", an_activation(customer))).json()["id"]
    await hear(database, a_denial(uuid4()), a_denial(done), a_denial(done))
    read = (await pos.get(f"{V1}/activations/{done}")).json()
    assert (read["status"], read["version"], read["denied_at"]) == ("denied", 2, "2026-11-25T02:00:00Z")
    card = (await pos.get(f"{V1}/customers/{customer.id}")).json()
    assert "业务一：客户否认办理" in card["recommendations"]
    assert card["recommendations"] in (await pos.get(f"{V1}/archive.csv", params={"hall": "ZZ01"})).text


async def test_another_hall_and_a_missing_scope_are_refused(
    pos: httpx.AsyncClient, customer: Customer, caller: Caller
) -> None:
    done = (await post(pos, "/activations", an_activation(customer))).json()["id"]
    elsewhere = caller("pos", hall="ZZ02", county="zizhong", subject="pos-zz02")
    assert (await elsewhere.get(f"{V1}/activations/{done}")).status_code == 404
    assert (await elsewhere.get(f"{V1}/activations")).json()["items"] == []
    theirs = await post(elsewhere, "/activations", an_activation(customer, clerk="ZZ0201"))
    assert (theirs.status_code, theirs.json()["code"]) == (404, "customer-not-found")
    auditor = caller("auditor")
    assert (await auditor.get(f"{V1}/activations/{done}")).status_code == 200
    assert (await post(auditor, "/activations", an_activation(customer))).status_code == 403
    found = (await auditor.get(f"{V1}/activations", params={"clerk": "ZZ0101", "from": "2026-11-20"})).json()
    assert [item["id"] for item in found["items"]] == [done]
    assert (await auditor.get(f"{V1}/activations", params={"to": "2026-11-19"})).json()["items"] == []


async def test_the_assessment_counts_what_was_really_said(
    pos: httpx.AsyncClient, customer: Customer, database: Database
) -> None:
    first, second = await offers(pos, customer)
    await post(pos, f"/recommendations/{first['id']}/outcome", {"outcome": "accepted", "clerk": "ZZ0101"})
    await post(pos, f"/recommendations/{second['id']}/outcome", {"outcome": "declined", "reason": "price"})
    await post(pos, "/activations", an_activation(customer))
    kinds = (RecommendationOffered, RecommendationAnswered, ProductActivated)
    events = [event for event in await events_said(database) if isinstance(event, kinds)]
    facts = [fact for event in events for fact in rows_of(event, uuid4(), NOW)]
    counted = [(f["kind"], f["subject"], f["clerk"], f["numerator"], f["denominator"]) for f in facts]
    assert counted == [
        ("recommendation", first["id"], "ZZ0101", 1, 0), ("recommendation", second["id"], "ZZ0101", 1, 0),
        ("recommendation_answer", first["id"], "ZZ0101", 1, 1),
        ("recommendation_answer", second["id"], "ZZ0101", 0, 1),
        ("recommendation_answer", first["id"], "ZZ0101", 1, 1),
        ("activation", facts[-1]["subject"], "ZZ0101", 1, 0),
    ]  # fmt: skip
    assert facts[-1]["amount_fen"] == 3850


async def test_erasing_a_customer_keeps_the_sale_and_forgets_the_paper(
    pos: httpx.AsyncClient, customer: Customer, database: Database
) -> None:
    await post(pos, "/activations", an_activation(customer))
    await post(
        pos, "/activations", an_activation(customer, evidence={"kind": "signature", "reference": "18"})
    )
    async with database.reading() as session:
        known = (await repository.everything_about(session, customer.id))["activations"]
    assert [activation["evidence_reference"] for activation in known] == ["受理单 17", "18"]
    async with database.transaction() as session:
        await repository.erase_customers(session, [customer.id])
    async with database.reading() as session:
        rows = (await session.scalars(sa.select(Activation))).all()
    assert [row.amount_fen for row in rows] == [3850, 3850]
    assert all(row.evidence_reference.startswith("erased:") for row in rows)
