"""Another hall's customers, tickets and messages are not there, by whatever route somebody asks for them."""

import random
import uuid
from collections.abc import Iterator
from typing import Any, NamedTuple

import pytest

from deploy.demo import sheets
from deploy.demo.organisation import STORY_CLERK
from deploy.demo.telling import Answer
from shared.security import roles
from shared.settings import SERVICES
from tests.journeys.desks import MANAGER, Desk, a_phone, caller, desk, open_ticket, until_introduced
from tests.journeys.houses import House

pytestmark = [pytest.mark.journey, pytest.mark.timeout(400)]

OWNED = {
    "customer_id", "message_id", "ticket_id", "job_id", "campaign_id", "reply_id", "code_id", "follow_up_id",
    "handover_id", "suppression_id", "invitation_id", "recommendation_id", "activation_id",
    "plan_id", "contract_id", "reminder_id", "report_id", "facility_id",
}  # fmt: skip
"""Parameters that name something of one hall. `known_parameters` below breaks when a route has one it cannot place."""
NOT_OWNED = {
    "code", "staff_no", "source", "external_id", "gateway", "secret", "hall", "year", "scheme_id", "run_id", "form",
    "score_id", "period", "sales_campaign_id", "version", "month", "tier", "script_id", "kind", "step",
    "day", "message_class", "effective_from",
}  # fmt: skip
ELSEWHERES = {
    "another-hall": ("hall_manager", {"county": "shizhong", "hall": "SZ01"}),
    "the-same-county": ("hall_manager", {"county": "zizhong", "hall": "ZZ02"}),
    "another-county": ("county_manager", {"county": "weiyuan"}),
}
elsewheres = pytest.mark.parametrize(("role", "place"), ELSEWHERES.values(), ids=ELSEWHERES.keys())
LISTS = ("/customer/v1/customers", "/messaging/v1/messages", "/complaints/v1/tickets")


class Route(NamedTuple):
    """One operation of the house's OpenAPI documents."""

    method: str
    path: str
    operation: Answer
    document: Answer

    @property
    def parameters(self) -> set[str]:
        return {p["name"] for p in self.operation.get("parameters", []) if p["in"] == "path"}

    @property
    def scopes(self) -> set[str]:
        return {scope for each in self.operation.get("security", []) for scope in each.get("bearer", [])}

    def body(self, values: dict[str, str]) -> Any:
        """The smallest body the schema allows, naming the others' things where it may."""
        content = self.operation.get("requestBody", {}).get("content", {}).get("application/json")
        return None if content is None else _example(content["schema"], self.document, values)


async def routes_of(pos: Desk) -> list[Route]:
    routes = []
    for service in SERVICES:
        document = await pos.get(f"/{service}/openapi.json")
        for path, operations in document["paths"].items():
            routes += [
                Route(m.upper(), path, o, document) for m, o in operations.items() if m != "parameters"
            ]
    return routes


@elsewheres
async def test_every_route_that_names_something_of_another_hall_answers_404(
    house: House, role: str, place: dict[str, str]
) -> None:
    async with desk(house) as pos, caller(house, role, **place) as elsewhere:
        theirs = await something_of_everything(pos) | await something_planned(house)
        routes = [route for route in await routes_of(pos) if route.parameters & OWNED]
        assert len(routes) >= 15
        for route in routes:
            path = route.path.format_map({name: theirs[name] for name in route.parameters})
            answer = await elsewhere.ask(
                route.method, path, json=route.body(theirs), headers={"If-Match": "*", **_key(route)}
            )
            expected = 404 if route.scopes <= roles.SCOPES_OF[role] else 403
            assert answer.status_code == expected, (
                f"{route.method} {route.path}: {answer.status_code} {answer.text}"
            )
            assert not any(value in answer.text for value in theirs.values()), answer.text


@elsewheres
async def test_bodies_and_queries_that_name_another_halls_customer_find_nothing(
    house: House, role: str, place: dict[str, str]
) -> None:
    async with desk(house) as pos, caller(house, role, **place) as elsewhere:
        theirs = await something_of_everything(pos)
        for route in await routes_of(pos):
            body = route.body(theirs)
            if route.method == "POST" and isinstance(body, dict) and "customer_id" in body:
                answer = await elsewhere.ask("POST", route.path, json=body)
                assert answer.status_code in (404, 422), f"{route.path}: {answer.status_code} {answer.text}"
        for path in LISTS:
            key = "q" if path.endswith("customers") else "customer_id"
            query = {key: theirs["name" if key == "q" else "customer_id"]}
            mine, others = await pos.get(path, **query), await elsewhere.get(path, **query)
            assert (len(mine["items"]) > 0, others["items"]) == (True, [])
            everything = [item["id"] async for item in elsewhere.all(path)]
            assert not set(everything) & set(theirs.values())
        refused = await elsewhere.ask(
            "POST", "/customer/v1/customers/lookup", json={"phone": theirs["phone"]}
        )
        assert refused.status_code == 404


async def test_every_path_parameter_is_known_to_these_tests(house: House) -> None:
    async with desk(house) as pos:
        named = set[str]().union(*(route.parameters for route in await routes_of(pos)))
    assert named <= OWNED | NOT_OWNED, named - OWNED - NOT_OWNED


async def something_of_everything(pos: Desk) -> dict[str, str]:
    """A customer of the story's hall with a recommendation, an SMS, a ticket, a follow-up and an import."""
    phone, name = a_phone(), f"邻{uuid.uuid4().hex[:8]}"
    customer = (await pos.register(phone, name=name))["id"]
    shown = (await pos.get(f"/customer/v1/customers/{customer}/recommendations"))["items"][0]["id"]
    opened = await pos.post("/customer/v1/activations", an_activation(customer))
    ticket = await open_ticket(pos, customer)
    message = await until_introduced(pos, customer)
    touch = await pos.post(f"/customer/v1/customers/{customer}/touches", {"kind": "counter"})
    sheet = await pos.upload(
        "/customer/v1/imports", "档案.xlsx", sheets.archive([sheets.Row(a_phone(), name)], bad=0),
        mode="create", evidence_kind="signature", evidence_reference="纸质",
    )  # fmt: skip
    invitation = await pos.post(
        "/customer/v1/surveys/counter/invitations", {"customer_id": customer, "served_by": STORY_CLERK}
    )
    contract = await pos.post("/customer/v1/contracts", a_contract(customer))
    seen = {
        "kind": "market",
        "title": "邻厅",
        "content": "客流增加",
        "observed_on": "2026-01-05",
        "clerk": STORY_CLERK,
    }
    report = await pos.post("/customer/v1/market-reports", seen)
    return {
        "contract_id": contract["id"], "reminder_id": str(uuid.uuid4()), "report_id": report["id"],
        "facility_id": str(uuid.uuid4()), "invitation_id": invitation["id"],
        "customer_id": customer, "ticket_id": ticket["id"], "message_id": message["id"], "job_id": sheet["id"],
        "follow_up_id": touch["follow_up"]["id"], "code_id": str(uuid.uuid4()), "reply_id": str(uuid.uuid4()),
        "handover_id": str(uuid.uuid4()), "suppression_id": str(uuid.uuid4()),
        "recommendation_id": shown, "activation_id": opened["id"], "phone": phone, "name": name,
    }  # fmt: skip


def a_contract(customer: str) -> Answer:
    return {
        "customer_id": customer, "title": "两年合约", "number": uuid.uuid4().hex, "starts_on": "2026-01-01",
        "ends_on": "2027-12-31",
    }  # fmt: skip


def an_activation(customer: str) -> Answer:
    return {
        "customer_id": customer, "product": "DATA-10", "amount": "10.00", "clerk": STORY_CLERK,
        "evidence": {"kind": "signature", "reference": uuid.uuid4().hex},
    }  # fmt: skip


async def something_planned(house: House) -> dict[str, str]:
    """Drafts of the story's hall, made by its manager: a campaign, and the service SMS of a month nobody planned."""
    body = {
        "title": "邻厅", "template": "service", "params": {"content": "天气转凉"},
        "ends_at": "2099-01-01T00:00:00+08:00",
    }  # fmt: skip
    content: dict[str, Any] = {"class": "service", "template": "service", "params": body["params"]}
    async with desk(house, MANAGER) as manager:
        campaign = await manager.post("/messaging/v1/campaigns", body)
        month = f"{2100 + random.randrange(800)}-01"
        plans = await manager.post("/messaging/v1/plans", {**content, "month": month})
    return {"campaign_id": str(campaign["id"]), "plan_id": str(plans["items"][0]["id"])}


def _key(route: Route) -> dict[str, str]:
    return {"Idempotency-Key": str(uuid.uuid4())} if route.method in ("POST", "PUT") else {}


def _example(schema: Answer, document: Answer, values: dict[str, str]) -> Any:
    """A value the schema allows; properties that name something owned are filled in, other optional ones left out."""
    if "$ref" in schema:
        return _example(
            document["components"]["schemas"][schema["$ref"].rpartition("/")[2]], document, values
        )
    for name in ("anyOf", "oneOf", "allOf"):
        if name in schema:
            return _example(schema[name][0], document, values)
    if "const" in schema:
        return schema["const"]
    if "enum" in schema:
        return schema["enum"][0]
    if schema.get("type") == "object" or "properties" in schema:
        return dict(_members(schema, document, values)) or _entries(schema, document, values)
    if schema.get("type") == "array":
        return [_example(schema["items"], document, values)] * schema.get("minItems", 0)
    return _plain(schema)


def _entries(schema: Answer, document: Answer, values: dict[str, str]) -> Answer:
    """The least that a mapping must hold."""
    if not schema.get("minProperties"):
        return {}
    name = _example(schema["propertyNames"], document, values)
    return {name: _example(schema["additionalProperties"], document, values)}


def _members(schema: Answer, document: Answer, values: dict[str, str]) -> Iterator[tuple[str, Any]]:
    for name, member in schema.get("properties", {}).items():
        if name in values and name in OWNED:
            yield name, values[name]
        elif name in schema.get("required", []):
            yield name, _example(member, document, values)


def _plain(schema: Answer) -> Any:
    match schema.get("type"), schema.get("format"):
        case "string", "date-time":
            return "2026-01-05T10:00:00+08:00"
        case "string", "date":
            return "2026-01-05"
        case "string", "uuid":
            return str(uuid.uuid4())
        case "integer" | "number", _:
            return max(schema.get("minimum", 0), schema.get("exclusiveMinimum", -1) + 1)
        case "boolean", _:
            return True
        case _:
            return "x" * max(1, schema.get("minLength", 1))
