"""Surveys as tests ask them."""

from typing import Any
from uuid import UUID, uuid4

import httpx

GOOD = {"attitude": 5, "speed": 4, "clarity": 5}


async def post(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> httpx.Response:
    return await client.post(f"/customer/v1{path}", json=body, headers={"Idempotency-Key": uuid4().hex})


async def invite(
    client: httpx.AsyncClient, customer_id: UUID, survey: str = "counter", **more: Any
) -> httpx.Response:
    return await post(client, f"/surveys/{survey}/invitations", {"customer_id": str(customer_id), **more})


async def an_invitation(client: httpx.AsyncClient, customer_id: UUID, **more: Any) -> dict[str, Any]:
    invited = await invite(client, customer_id, **more)
    assert invited.status_code == 201, invited.text
    invitation: dict[str, Any] = invited.json()
    return invitation


async def answer(client: httpx.AsyncClient, invitation: dict[str, Any], **more: Any) -> httpx.Response:
    return await post(client, f"/survey-invitations/{invitation['id']}/answers", {"scores": GOOD, **more})
