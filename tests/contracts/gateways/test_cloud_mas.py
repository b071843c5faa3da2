"""What only 云MAS does: mac, signatures, templates, batches, refusals for everybody, pushes in four forms."""

import asyncio
import hashlib
import json
from base64 import b64encode
from collections.abc import Awaitable, Callable
from typing import Any, cast
from urllib.parse import quote

import pytest

from services.messaging.config import CloudMasSettings, GatewaySettings, MessagingSettings
from services.messaging.dispatch.gateways.cloud_mas import (
    CloudMasGateway,
    Letter,
    read_answer,
    request_body,
    said_by,
)
from services.messaging.dispatch.ports import Callback, Inbound, Receipt, Submitted, Unreadable
from services.messaging.receipts.models import RECEIPT
from shared.keyring import KeyRing
from shared.settings import SettingsError, load
from tests.contracts.gateways.conftest import CloudMasPeer, Meeting, an_account
from tests.contracts.gateways.test_gateways import SHORT, a_submission
from tests.engines.cloud_mas import CloudMas

Meet = Callable[[str], Awaitable[Meeting]]
NUMBERS = [f"+86138001380{number:02d}" for number in range(12)]


def an_adapter(meeting: Meeting, **account: Any) -> CloudMasGateway:
    """The adapter to the same platform with other settings of the account."""
    settings = GatewaySettings(
        kind="cloud_mas", url=f"http://127.0.0.1:{meeting.port}", cloud_mas=an_account(platform(meeting), **account)
    )  # fmt: skip
    http, keyring, phones = meeting.runtime.http, meeting.runtime.keyring, meeting.runtime.phones
    return CloudMasGateway("cloud_mas", settings, http, keyring, phones)


def platform(meeting: Meeting) -> CloudMas:
    return cast("CloudMasPeer", meeting.peer).platform


async def submit_all(gateway: CloudMasGateway, numbers: list[str], text: str = SHORT) -> list[Submitted]:
    return await asyncio.gather(*(gateway.submit(a_submission(text, to)) for to in numbers))


def test_the_mac_is_the_md5_of_the_members_in_their_order() -> None:
    account = CloudMasSettings(ec_name="政企", ap_id="ap", sign="S1", serial="01")
    body = request_body(account, "key", Letter("您好", "S1"), "13800138000,13800138001")
    expected = hashlib.md5("政企apkey13800138000,13800138001您好S101".encode()).hexdigest()
    assert body["mac"] == expected == expected.lower()
    assert list(body) == ["ecName", "apId", "secretKey", "mobiles", "content", "sign", "addSerial", "mac"]
    template = request_body(account, "key", Letter('["a"]', "S1", "t1"), "13800138000")
    assert template["mac"] == hashlib.md5('政企apkeyt113800138000["a"]S101'.encode()).hexdigest()


def test_the_secret_key_stays_out_of_the_body_where_the_province_wants_it_so() -> None:
    account = CloudMasSettings(ec_name="e", ap_id="a", sign="S1", secret_in_body=False)
    body = request_body(account, "key", Letter("x", "S1"), "13800138000")
    assert "secretKey" not in body
    assert body["mac"] == hashlib.md5(b"eakey13800138000xS1").hexdigest()


async def test_one_text_to_many_numbers_leaves_in_one_request_with_a_receipt_for_each(meet: Meet) -> None:
    meeting = await meet("cloud_mas")
    answers = await submit_all(an_adapter(meeting, batch=10), NUMBERS)
    assert {a.result for a in answers} == {"accepted"}
    assert sorted(platform(meeting).batches) == [2, 10]
    assert len({a.gateway_message_id for a in answers}) == 12
    receipts = await meeting.came_in(RECEIPT, 12)
    assert {r["gateway_message_id"] for r in receipts} == {a.gateway_message_id for a in answers}


async def test_two_messages_to_one_number_are_never_in_one_request(meet: Meet) -> None:
    meeting = await meet("cloud_mas")
    answers = await submit_all(an_adapter(meeting, batch=10), [NUMBERS[0]] * 2)
    assert platform(meeting).batches == [1, 1]
    assert len({a.gateway_message_id for a in answers}) == 2


async def test_a_batch_that_is_refused_took_nothing_and_each_number_is_tried_alone(meet: Meet) -> None:
    meeting = await meet("cloud_mas")
    platform(meeting).most = 3
    answers = await submit_all(an_adapter(meeting, batch=10), NUMBERS[:5])
    assert {a.result for a in answers} == {"accepted"}
    assert (platform(meeting).refused, platform(meeting).batches) == (["TooManyMobiles"], [1] * 5)


def test_more_than_five_thousand_numbers_a_request_are_no_setting() -> None:
    with pytest.raises(ValueError, match="batch"):
        CloudMasSettings(ec_name="e", ap_id="a", sign="S1", batch=5001)


async def test_a_text_that_fits_a_template_of_the_platform_goes_as_one(meet: Meet) -> None:
    meeting = await meet("cloud_mas")
    gateway = an_adapter(meeting, templates=platform(meeting).templates)
    text = '【资中大十字营业厅】您好，您反映的"宽带"已办好，编号ZZ01-1。'
    assert (await gateway.submit(a_submission(text))).result == "accepted"
    assert platform(meeting).phones == [("13800138000", text)]
    (body,) = platform(meeting).bodies
    assert (body["templateId"], json.loads(body["params"])) == ("tpl-9", ['"宽带"', "ZZ01-1"])
    assert (await gateway.submit(a_submission())).result == "accepted"
    assert "content" in platform(meeting).bodies[1]


async def test_the_hall_is_signed_by_its_own_code(meet: Meet) -> None:
    meeting = await meet("cloud_mas")
    platform(meeting).signs["sIgN02"] = "东兴营业厅"
    gateway = an_adapter(meeting, signs={"东兴营业厅": "sIgN02"})
    await gateway.submit(a_submission("【东兴营业厅】您好"))
    await gateway.submit(a_submission())
    assert [text for _, text in platform(meeting).phones] == ["【东兴营业厅】您好", SHORT]


@pytest.mark.parametrize(
    "code", ["IllegalMac", "IllegalSignId", "InvalidUsrOrPwd", "NoSignId", "NOT_WHITE_IP"]
)
def test_a_refused_account_took_nothing_and_pauses_the_gateway(code: str) -> None:
    answer = read_answer(200, json.dumps({"msgGroup": "", "rspcod": code, "success": False}).encode())
    assert (answer.result, answer.code, answer.failure) == ("not-sent", code, "account")
    assert answer.pause is not None


@pytest.mark.parametrize("code", ["InvalidMessage", "InvalidMobile", "TooManyMobiles"])
def test_a_refused_message_is_refused_for_good(code: str) -> None:
    answer = read_answer(200, json.dumps({"mgsGroup": "", "rspcod": code, "success": False}).encode())
    assert (answer.result, answer.code) == ("rejected", code)


@pytest.mark.parametrize(
    "content",
    [b'{"rspcod":"success","success":false}', b'{"rspcod":"x","success":true}', b"<html>", b"", b"[]",
     b'{"rspcod":"success","success":"true"}', b'{"rspcod":"SomethingNew","success":false}'],
)  # fmt: skip
def test_anything_that_is_not_wholly_a_success_or_a_known_refusal_is_doubt(content: bytes) -> None:
    assert read_answer(200, content).result == "unknown"


def test_both_spellings_of_the_group_are_read() -> None:
    for spelling in ("msgGroup", "mgsGroup"):
        content = json.dumps({spelling: "G1", "rspcod": "success", "success": True}).encode()
        assert read_answer(200, content) == Submitted("accepted", gateway_message_id="G1")


async def test_a_wrong_secret_key_is_refused_by_the_platform_and_nothing_is_taken(meet: Meet) -> None:
    meeting = await meet("cloud_mas")
    meeting.runtime.keyring = meeting.runtime.keyring.with_secret("gateway:cloud_mas", "old")
    answer = await an_adapter(meeting).submit(a_submission())
    assert (answer.result, answer.code) == ("not-sent", "InvalidUsrOrPwd")
    assert platform(meeting).phones == []


async def test_what_is_too_long_or_empty_is_refused_before_it_leaves(meet: Meet) -> None:
    meeting = await meet("cloud_mas")
    for text in ("", "字" * 671):
        assert (await meeting.gateway.submit(a_submission(text))).result == "rejected"
    assert platform(meeting).bodies == []


REPORT = {
    "reportStatus": "CM:0000", "mobile": "13800138000", "submitDate": "20261124091921",
    "receiveDate": "20261124091930", "errorCode": "DELIVRD", "msgGroup": "G1", "new": {"x": 1},
}  # fmt: skip
DATED = {**REPORT, "receiveDate": "2026-11-24 09:19:30"}
PUSHES = [
    json.dumps(REPORT), json.dumps([REPORT]), b64encode(json.dumps(REPORT).encode()).decode(),
    b64encode(json.dumps([DATED]).encode()).decode(), json.dumps(DATED),
    "&".join(f"{name}={quote(value)}" for name, value in REPORT.items() if isinstance(value, str)),
    f"data={quote(json.dumps([REPORT]))}", f"data={quote(b64encode(json.dumps(REPORT).encode()).decode())}",
]  # fmt: skip


@pytest.mark.parametrize("body", PUSHES)
async def test_a_report_is_read_in_every_form_and_with_both_dates(meet: Meet, body: str) -> None:
    gateway = (await meet("cloud_mas")).gateway
    (receipt,) = gateway.parse_receipts(Callback({}, b"", body.encode(), "127.0.0.1"))
    assert isinstance(receipt, Receipt)
    assert (receipt.said, receipt.code) == ("delivered", "DELIVRD")
    assert receipt.at.isoformat() == "2026-11-24T09:19:30+08:00"
    assert receipt.gateway_message_id is not None
    assert receipt.gateway_message_id.startswith("G1/")
    assert "13800138000" not in receipt.gateway_message_id


async def test_a_bad_element_does_not_spoil_the_batch(meet: Meet) -> None:
    gateway = (await meet("cloud_mas")).gateway
    elements: list[Any] = [REPORT, {"mobile": "x", "msgGroup": "G1", "reportStatus": "1"}, 7, {}]
    read = gateway.parse_receipts(Callback({}, b"", json.dumps(elements).encode(), "127.0.0.1"))
    assert [type(each) for each in read] == [Receipt, Unreadable, Unreadable, Unreadable]
    for body in (b"\xff\xfe", b"nonsense", b""):
        (only,) = gateway.parse_receipts(Callback({}, b"", body, "127.0.0.1"))
        assert isinstance(only, Unreadable)


@pytest.mark.parametrize(
    ("status", "code", "said"),
    [("CM:0000", "DELIVRD", "delivered"), ("", "DELIVRD", "delivered"), ("CM:0000", "", "delivered"),
     ("MI:0001", "MI:0001", "failed"), ("2", "DELIVRD", "failed"), ("", "DB:0142", "failed"),
     ("", "ACCEPTD", "accepted")],
)  # fmt: skip
def test_the_status_decides_and_an_unknown_code_is_a_failure(status: str, code: str, said: str) -> None:
    assert said_by(status, code) == said


async def test_the_raw_code_is_kept_beside_what_it_comes_to(meet: Meet) -> None:
    gateway = (await meet("cloud_mas")).gateway
    found = {}
    for code in ("MI:0001", "DB:0142", "DB:0144", "MI:0024", "XX:9999"):
        report = {**REPORT, "reportStatus": "1", "errorCode": code}
        (receipt,) = gateway.parse_receipts(Callback({}, b"", json.dumps(report).encode(), "127.0.0.1"))
        assert isinstance(receipt, Receipt)
        found[receipt.code] = receipt.failure
    assert found == {
        "MI:0001": "number-dead", "DB:0142": "limited", "DB:0144": "blacklisted", "MI:0024": "unreachable",
        "XX:9999": "other",
    }  # fmt: skip


async def test_a_reply_gets_an_id_that_is_the_same_for_the_same_push(meet: Meet) -> None:
    gateway = (await meet("cloud_mas")).gateway
    push = {
        "mobile": "13900139000",
        "smsContent": "退订",
        "sendTime": "2026-11-24 09:19:21",
        "addSerial": "01",
    }
    read = gateway.parse_inbound(Callback({}, b"", json.dumps([push, push]).encode(), "127.0.0.1"))
    first, second = cast("list[Inbound]", read)
    assert (first.text, first.to, first.inbound_id) == ("退订", "01", second.inbound_id)


def test_wrong_settings_are_one_clear_line() -> None:
    def said(**gateway: Any) -> str:
        with pytest.raises(SettingsError) as stopped:
            load(MessagingSettings, messaging_gateways={"mas": gateway})
        assert "\n" not in str(stopped.value)
        return str(stopped.value)

    assert "HALL_MESSAGING_GATEWAYS 不正确：mas.kind 只能是" in said(kind="pigeon", url="http://x")
    assert "cloud_mas 这一节" in said(kind="cloud_mas", url="http://x")
    assert "mas.cloud_mas.sign 没有填写" in said(
        kind="cloud_mas", url="http://x", cloud_mas={"ec_name": "e", "ap_id": "a"}
    )
    assert "mas.sources 10.0.0.0/99 不是地址或网段" in said(
        kind="kannel", url="http://x", sources=["10.0.0.0/99"]
    )
    assert "应以 http://" in said(kind="kannel", url="kannel.local")


async def test_a_password_that_nobody_gave_stops_the_start(meet: Meet) -> None:
    from services.messaging.app import build_app

    runtime = (await meet("cloud_mas")).runtime
    runtime.keyring = KeyRing.generate()
    runtime.opened.clear()
    with pytest.raises(SettingsError, match="gateway:cloud_mas"):
        build_app(runtime)
