"""Scripts made for a test."""

from typing import Any
from uuid import uuid4

import httpx

WORDS = {
    "audience": "enquirer",
    "moment": "recommending",
    "title": "宽带提速",
    "text": "您好，{clerk}给您看看宽带提速。",
}


async def post(client: httpx.AsyncClient, path: str, body: dict[str, Any]) -> httpx.Response:
    return await client.post(
        f"/customer/v1/scripts{path}", json=body, headers={"Idempotency-Key": uuid4().hex}
    )


async def a_draft(author: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    written = await post(author, "", {**WORDS, **changes})
    assert written.status_code == 201, written.text
    draft: dict[str, Any] = written.json()
    return draft


async def approve(approver: httpx.AsyncClient, draft: dict[str, Any]) -> httpx.Response:
    return await post(approver, f"/{draft['id']}/approval", {"script_version": draft["script_version"]})


async def a_script(author: httpx.AsyncClient, approver: httpx.AsyncClient, **changes: Any) -> dict[str, Any]:
    approved = await approve(approver, await a_draft(author, **changes))
    assert approved.status_code == 200, approved.text
    script: dict[str, Any] = approved.json()
    return script


async def change(
    author: httpx.AsyncClient, script_id: str, body: dict[str, Any], tag: str | None = None
) -> httpx.Response:
    if tag is None:
        tag = (await author.get(f"/customer/v1/scripts/{script_id}")).headers["etag"]
    return await author.patch(f"/customer/v1/scripts/{script_id}", json=body, headers={"If-Match": tag})
