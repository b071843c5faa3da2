"""A tiny service on the web kernel: things by word, one slow, one broken, an upload, a page and a form."""

import asyncio
from pathlib import Path
from typing import Annotated
from uuid import UUID

import httpx
import sqlalchemy as sa
from fastapi import APIRouter, FastAPI, Form, Request, UploadFile
from pydantic import BaseModel, Field, field_validator
from sqlalchemy.exc import OperationalError
from starlette.responses import Response

from shared import clock
from shared.database import Database
from shared.errors import Conflict, NotFound
from shared.keyring import KeyRing
from shared.metrics import Metrics
from shared.pagination import Page, paginate
from shared.phones import PhoneBook
from shared.runtime import Runtime
from shared.security import tokens
from shared.security.csrf import visitor
from shared.security.tenancy import Caller
from shared.security.tokens import RingKeys, Verifier
from shared.settings import Settings
from shared.testing.buses import RecordingBus
from shared.web import pages
from shared.web.app import create_app
from shared.web.dependencies import Here, IfMatch, Once, PageQuery, requires
from shared.web.limits import UPLOAD_LIMIT
from shared.web.parameters import ANY_QUERY
from tests.shared.kernel import SCRATCH

router = APIRouter()
Reader = Annotated[Caller, requires("customers:read")]
Writer = Annotated[Caller, requires("customers:write")]


class WordTaken(Conflict):
    code = "word-taken"
    detail = "这个词已经有了。"


class Thing(BaseModel):
    id: int
    word: str = Field(min_length=1, max_length=10)
    seconds: float = Field(0, ge=0, le=5)

    @field_validator("word")
    @classmethod
    def _no_blank(cls, value: str) -> str:
        if " " in value:
            raise ValueError("不能有空格")
        return value


@router.post("/customer/v1/things", status_code=201, response_model=Thing)
async def make(body: Thing, once: Once, caller: Writer) -> Response:
    row = {"id": body.id, "word": body.word, "version": 1, "tags": [caller.subject], "at": clock.now()}
    async with once.transaction() as session:
        taken = await session.execute(sa.select(SCRATCH.c.id).where(SCRATCH.c.word == body.word))
        if taken.first() is not None:
            raise WordTaken(existing_id=body.id)
        await session.execute(sa.insert(SCRATCH), row)
        await asyncio.sleep(body.seconds)
        return once.answer(201, body, etag=1, headers={"location": f"/customer/v1/things/{body.id}"})


@router.get("/customer/v1/things")
async def list_things(here: Here, page: PageQuery, _caller: Reader, word: str | None = None) -> Page[str]:
    found = sa.select(SCRATCH)
    if word is not None:
        found = found.where(SCRATCH.c.word == word)
    async with here.database.reading() as session:
        rows = await paginate(session, found, [(SCRATCH.c.at, "desc"), (SCRATCH.c.id, "desc")], page)
    return rows.map(lambda row: row.word)


@router.get("/customer/v1/things/{thing_id}")
async def get_thing(thing_id: int, here: Here, _caller: Reader) -> dict[str, str]:
    async with here.database.reading() as session:
        word = (await session.execute(sa.select(SCRATCH.c.word).where(SCRATCH.c.id == thing_id))).scalar()
    if word is None:
        raise NotFound
    return {"word": word}


@router.patch("/customer/v1/things/{thing_id}")
async def change(thing_id: int, body: Thing, expected: IfMatch, _caller: Writer) -> dict[str, int]:
    expected.check(3)
    return {"version": 4}


@router.post("/customer/v1/uploads", max_body_size=UPLOAD_LIMIT)
async def upload(file: UploadFile, once: Once, _caller: Writer) -> Response:
    async with once.transaction():
        return once.answer(202, {"bytes": len(await file.read())})


@router.get("/customer/v1/receipts", openapi_extra=ANY_QUERY)
async def receipts(request: Request) -> dict[str, int]:
    return {"parameters": len(request.query_params)}


@router.get("/customer/v1/failures/{kind}")
async def fail(kind: str) -> None:
    raise {
        "database": OperationalError("SELECT 13912345678", {}, Exception("gone")),
        "pool": sa.exc.TimeoutError("QueuePool limit"),
        "network": ConnectionRefusedError("13912345678"),
    }.get(kind, RuntimeError("secret 13912345678"))


@router.get("/customer/v1/by-uuid/{some_id}")
async def by_uuid(some_id: UUID) -> dict[str, str]:
    return {"id": str(some_id)}


@router.get("/customer/desk")
async def desk(request: Request, _caller: Reader) -> Response:
    return pages.render(request, "desk.html", said="<b>李锐</b>")


@router.post("/customer/desk")
async def act(request: Request, word: Annotated[str, Form()], _caller: Writer) -> Response:
    return pages.see_other(request, "/customer/desk", say=f"已登记 {word}")


@router.get("/customer/signin")
async def sign_in_page(request: Request) -> Response:
    return pages.render(request, "desk.html", said="")


@router.post("/customer/signin")
async def sign_in(request: Request) -> Response:
    await visitor(request)
    return pages.see_other(request, pages.safe_next(request.query_params.get("next"), "/customer/desk"))


def a_runtime(database: Database, data: Path, **settings: object) -> Runtime:
    """A runtime around that database, with a bus that remembers and keys of its own."""
    ring = KeyRing.generate()
    return Runtime(
        service="customer",
        settings=Settings.model_validate({"data": data, **settings}),
        database=database,
        bus=RecordingBus(),
        keyring=ring,
        phones=PhoneBook(ring),
        verifier=Verifier(RingKeys(ring)),
        metrics=Metrics(),
        http=httpx.AsyncClient(transport=httpx.MockTransport(lambda _request: httpx.Response(404))),
    )


def an_app(runtime: Runtime) -> FastAPI:
    return create_app(runtime, "测试", [router], templates=Path(__file__).parent)


def a_client(app: FastAPI, **headers: str) -> httpx.AsyncClient:
    transport = httpx.ASGITransport(app)
    return httpx.AsyncClient(transport=transport, base_url="http://hall.test", headers=headers)


def a_token(runtime: Runtime, role: str = "pos", **claims: object) -> str:
    given = {"subject": f"{role}-1", "county": "zizhong", "hall": "ZZ01", "lifetime": 600, **claims}
    return tokens.issue(runtime.keyring, role=role, issuer="http://hall.test", **given)  # type: ignore[arg-type]
