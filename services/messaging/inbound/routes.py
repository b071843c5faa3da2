"""Replies over HTTP: what came in, what waits for a person, and the words replies are read by."""

from typing import Annotated, Literal
from uuid import UUID

from fastapi import APIRouter, Query, Response

from services.messaging.inbound import repository, usecases
from services.messaging.inbound.schemas import ReplyDismissal, ReplyMatch, ReplyRead, ReplyWords, WordEntry
from services.messaging.inbound.usecases import SettleReply
from shared import clock
from shared.pagination import Page
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, Once, PageQuery, requires

router = APIRouter(prefix="/messaging/v1", tags=["replies"])

Reader = Annotated[Caller, requires("messages:read")]
Writer = Annotated[Caller, requires("messages:write")]
KindQuery = Annotated[Literal["opt_out", "denial", "enquiry"] | None, Query()]


@router.get("/replies")
async def list_replies(
    here: Here,
    caller: Reader,
    page: PageQuery,
    kind: KindQuery = None,
    customer_id: UUID | None = None,
    unmatched: bool = False,
) -> Page[ReplyRead]:
    """Newest first; `unmatched=true` is what waits for a person, the oldest first."""
    async with here.database.reading() as session:
        if unmatched:
            found = await repository.unmatched_page(session, caller.area, page)
        else:
            found = await repository.replies_page(
                session, caller.area, page, kind=kind, customer_id=customer_id
            )
    return found.map(ReplyRead.model_validate)


@router.post("/replies/{reply_id}/match", response_model=ReplyRead)
async def match_reply(reply_id: UUID, body: ReplyMatch, once: Once, caller: Writer) -> Response:
    """The sender is this customer: the hall hears the words now."""
    command = SettleReply(caller.area, reply_id, caller.subject)
    async with once.transaction() as session:
        reply = await usecases.match_reply(session, command, body.customer_id, now=clock.now())
        return once.answer(200, ReplyRead.model_validate(reply))


@router.post("/replies/{reply_id}/dismissal", response_model=ReplyRead)
async def put_reply_aside(reply_id: UUID, body: ReplyDismissal, once: Once, caller: Writer) -> Response:
    """Nobody of ours and nothing to do."""
    command = SettleReply(caller.area, reply_id, caller.subject)
    async with once.transaction() as session:
        reply = await usecases.put_reply_aside(session, command, body.reason, now=clock.now())
        return once.answer(200, ReplyRead.model_validate(reply))


@router.get("/reply-words")
async def list_words(here: Here, _caller: Reader) -> ReplyWords:
    async with here.database.reading() as session:
        meanings = await repository.words(session)
    return ReplyWords(
        items=[WordEntry.model_validate({"word": w, "kind": k}) for w, k in sorted(meanings.items())]
    )


@router.put("/reply-words")
async def replace_words(
    body: ReplyWords, here: Here, _caller: Annotated[Caller, requires("reply_words:write")]
) -> ReplyWords:
    """Replace the whole table; replies that came before stay what they were taken for."""
    async with here.database.transaction() as session:
        await usecases.replace_words(session, {each.word: each.kind for each in body.items})
    return await list_words(here, _caller)
