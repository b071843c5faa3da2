"""Templates over HTTP."""

from typing import Any
from uuid import uuid4

import httpx
import pytest

from services.messaging.templates import rules
from services.messaging.templates.models import Template
from shared.phones import PhoneBook
from tests.messaging import people
from tests.messaging.conftest import Caller
from tests.messaging.people import Ears
from tests.messaging.shelf import Shelf

PATH = "/messaging/v1/templates"
WORDS = {"code": "traffic", "title": "路况", "class": "service", "text": "您好！{content}请注意安全。"}


async def post(client: httpx.AsyncClient, path: str, body: dict[str, Any] | None = None) -> httpx.Response:
    return await client.post(f"{PATH}{path}", json=body, headers={"idempotency-key": str(uuid4())})


@pytest.fixture
def county(caller: Caller) -> httpx.AsyncClient:
    return caller("county_manager", county="zizhong")


async def test_the_first_templates_are_approved_and_fit_their_rules(
    county: httpx.AsyncClient, shelf: Shelf
) -> None:
    items = (await county.get(PATH)).json()["items"]
    assert {"intro", "service", "complaint_result", "complaint_receipt", "opt_out_ack"} <= {
        i["code"] for i in items
    }
    assert {item["status"] for item in items} == {"approved"}
    for template in await shelf.rows(Template):
        rules.check_words(template.text)


async def test_a_draft_is_used_only_after_somebody_else_approved_it(
    county: httpx.AsyncClient, caller: Caller, ears: Ears, phones: PhoneBook
) -> None:
    registered = people.a_customer(phones)
    await ears.hear(people.a_hall(), registered)
    body = {
        "customer_id": str(registered.customer_id),
        "template": "traffic",
        "params": {"content": "前方施工，"},
    }

    async def send() -> int:
        clerk = caller("clerk", hall="ZZ01", county="zizhong")
        answer = await clerk.post(
            "/messaging/v1/messages", json=body, headers={"idempotency-key": str(uuid4())}
        )
        return answer.status_code

    written = await post(county, "", WORDS)
    assert (written.status_code, written.json()["status"], written.json()["params"]) == (
        201,
        "draft",
        ["content"],
    )
    assert await send() == 404
    assert (await post(county, "/traffic/approval")).json()["code"] == "approver-is-author"
    approved = await post(caller("regional_office"), "/traffic/approval")
    assert (approved.status_code, approved.json()["status"]) == (200, "approved")
    assert await send() == 202


async def test_a_change_is_a_new_version_of_the_same_class(county: httpx.AsyncClient) -> None:
    await post(county, "", WORDS)
    assert (await post(county, "", {**WORDS, "text": "改过。{content}"})).json()["version"] == 2
    changed = await post(county, "", {**WORDS, "class": "notice"})
    assert (changed.status_code, changed.json()["code"]) == (409, "template-class-fixed")


async def test_templates_the_house_fills_in_cannot_ask_for_more(county: httpx.AsyncClient) -> None:
    body = {
        "code": "complaint_result",
        "title": "投诉处理结果",
        "class": "notice",
        "text": "编号{number}，{extra}",
    }
    assert (await post(county, "", body)).json()["code"] == "template-invalid"


@pytest.mark.parametrize("text", ["【某厅】您好", "您好{a.b}", "您好{"])
async def test_words_that_break_a_rule_are_refused(county: httpx.AsyncClient, text: str) -> None:
    answer = await post(county, "", {**WORDS, "text": text})
    assert (answer.status_code, answer.json()["code"]) == (422, "template-invalid")


@pytest.mark.parametrize(("length", "expected"), [(54, 1), (55, 2), (118, 2), (119, 3)])
async def test_a_preview_counts_signature_and_opt_out_words(
    county: httpx.AsyncClient, length: int, expected: int
) -> None:
    body = {"text": "移" * length, "class": "service"}
    preview = (await county.post(f"{PATH}/preview", json=body)).json()
    assert preview["text"].startswith("【资中大十字营业厅】")
    assert preview["text"].endswith("拒收请回复R")
    assert (preview["characters"], preview["segments"], preview["cost"]) == (length + 16, expected, expected)


async def test_a_preview_of_a_template_shows_what_is_missing_and_signs_for_the_hall(
    county: httpx.AsyncClient, ears: Ears
) -> None:
    await ears.hear(people.a_hall())
    shown = await county.post(f"{PATH}/preview", json={"template": "service", "hall": "ZZ01"})
    assert "{content}" in shown.json()["text"]
    assert (
        await county.post(f"{PATH}/preview", json={"template": "service", "hall": "XX99"})
    ).status_code == 404
    assert (await county.get(f"{PATH}/nowhere")).status_code == 404


async def test_a_clerk_reads_and_does_not_write(caller: Caller) -> None:
    clerk = caller("clerk", hall="ZZ01", county="zizhong")
    assert (await clerk.get(f"{PATH}/intro")).json()["exempt_from_cap"] is False
    assert (await post(clerk, "", WORDS)).status_code == 403


@pytest.mark.parametrize(("length", "segments"), [(69, 1), (70, 1), (71, 2), (134, 2), (135, 3)])
@pytest.mark.parametrize("message_class", ["notice", "marketing"])
async def test_a_preview_bills_by_length_with_signature_and_opt_out_words(
    county: httpx.AsyncClient, length: int, segments: int, message_class: str
) -> None:
    """Peers line A2-15: 70, 71, 134 and 135 characters, the signature and what the house adds counted."""

    async def preview(text: str) -> dict[str, Any]:
        answer = await county.post(
            "/messaging/v1/templates/preview", json={"text": text, "class": message_class}
        )
        found: dict[str, Any] = answer.json()
        return found

    added = (await preview("移"))["characters"] - 1
    assert added > len("【】")
    found = await preview("移" * (length - added))
    assert (found["characters"], found["segments"], found["cost"]) == (length, segments, segments)
    assert len(found["text"]) == length


@pytest.mark.parametrize(
    "wish",
    [
        {"exempt": True},
        {"exempt_from_cap": True},
        {"counted": False},
        {"class": "notice"},
        {"cap_pool": None},
    ],
)
@pytest.mark.parametrize("path", ["/messaging/v1/messages", "/messaging/v1/campaigns"])
async def test_nobody_can_ask_for_an_exemption(
    county: httpx.AsyncClient, path: str, wish: dict[str, Any]
) -> None:
    """Peers line A2-4: the class is the template's; a caller has no way to say otherwise."""
    bodies: dict[str, dict[str, Any]] = {
        "messages": {"customer_id": str(uuid4()), "template": "service", "params": {"content": "天气"}},
        "campaigns": {
            "title": "x", "template": "service", "params": {"content": "天气"}, "ends_at": "2099-01-01T00:00:00Z",
        },
    }  # fmt: skip
    body = {**bodies[path.rpartition("/")[2]], **wish}
    answer = await county.post(path, json=body, headers={"idempotency-key": uuid4().hex})
    assert (answer.status_code, answer.json()["code"]) == (422, "validation-failed")
    assert [each["code"] for each in answer.json()["errors"]] == ["extra-forbidden"]
