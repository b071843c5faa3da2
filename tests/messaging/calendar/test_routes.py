"""The calendar over HTTP and as a page."""

from uuid import uuid4

import httpx
import pytest

from shared.phones import PhoneBook
from tests.messaging import people
from tests.messaging.conftest import Caller
from tests.messaging.people import Ears

CALENDAR = "/messaging/v1/calendar"
FILE = "日期,类型,名称,地点,问候\n2027-02-06,放假,春节,,是\n2027-03-01,本地节日,桃花节,ZZ01,是\n"
DAY = {"kind": "local", "name": "桃花节", "greeted": True}


@pytest.fixture
def office(caller: Caller) -> httpx.AsyncClient:
    return caller("regional_office")


async def send_file(client: httpx.AsyncClient, text: str, **form: str) -> httpx.Response:
    files = {"file": ("days.csv", text.encode(), "text/csv")}
    return await client.post(
        f"{CALENDAR}/imports", files=files, data=form, headers={"idempotency-key": str(uuid4())}
    )


@pytest.mark.both_databases
async def test_a_day_is_noted_corrected_with_its_version_and_taken_away(office: httpx.AsyncClient) -> None:
    where = f"{CALENDAR}/2027-03-01"
    noted = await office.put(where, json=DAY)
    assert (noted.status_code, noted.headers["etag"]) == (200, '"1"')
    assert (await office.put(where, json=DAY)).status_code == 428
    stale = await office.put(where, json=DAY, headers={"if-match": '"7"'})
    assert (stale.status_code, stale.json()["code"]) == (412, "version-stale")
    changed = await office.put(where, json={**DAY, "name": "桃花会"}, headers={"if-match": '"1"'})
    assert (changed.json()["name"], changed.json()["version"]) == ("桃花会", 2)
    year = (await office.get(CALENDAR, params={"year": 2027})).json()
    assert [d["name"] for d in year["items"]] == ["桃花会"]
    assert (await office.delete(where, headers={"if-match": '"2"'})).status_code == 204
    again = await office.delete(where, headers={"if-match": '"2"'})
    assert (again.status_code, again.json()["code"]) == (404, "calendar-day-not-found")


async def test_a_file_is_taken_as_a_whole_and_local_days_hold_where_they_are(
    office: httpx.AsyncClient, caller: Caller, ears: Ears, phones: PhoneBook
) -> None:
    await ears.hear(people.a_hall())
    answer = await send_file(office, FILE, whole_years="true")
    assert (answer.status_code, answer.json()) == (200, {"saved": 2, "years": [2027]})
    here, elsewhere = (caller("clerk", hall=hall, county="zizhong") for hall in ("ZZ01", "ZZ02"))
    for client, names in ((here, ["春节", "桃花节"]), (elsewhere, ["春节"])):
        year = (await client.get(CALENDAR, params={"year": 2027})).json()
        assert (year["days_off_known"], [d["name"] for d in year["items"]]) == (True, names)


async def test_one_wrong_line_refuses_the_file_and_is_named(office: httpx.AsyncClient) -> None:
    answer = await send_file(office, FILE + "2027-13-40,放假,无此日,,\n")
    assert (answer.status_code, answer.json()["code"]) == (422, "calendar-file-invalid")
    assert [e["pointer"] for e in answer.json()["errors"]] == ["/rows/4"]
    assert (await office.get(CALENDAR, params={"year": 2027})).json()["items"] == []


async def test_a_place_nobody_knows_is_refused(office: httpx.AsyncClient) -> None:
    answer = await office.put(f"{CALENDAR}/2027-03-01", params={"place": "ZZ99"}, json=DAY)
    assert (answer.status_code, answer.json()["code"]) == (422, "place-unknown")


async def test_a_year_nobody_loaded_says_so(office: httpx.AsyncClient) -> None:
    year = (await office.get(CALENDAR)).json()
    assert not year["days_off_known"]
    assert "尚未导入" in year["alarm"]
    assert (await office.get(CALENDAR, params={"year": 2030})).json()["alarm"] is None


async def test_halls_read_the_calendar_and_do_not_write_it(caller: Caller) -> None:
    clerk = caller("clerk", hall="ZZ01", county="zizhong")
    assert (await clerk.get(CALENDAR)).status_code == 200
    assert (await clerk.put(f"{CALENDAR}/2027-03-01", json=DAY)).status_code == 403
    assert (await send_file(clerk, FILE)).status_code == 403
    assert (await clerk.delete(f"{CALENDAR}/2027-03-01", headers={"if-match": "*"})).status_code == 403
