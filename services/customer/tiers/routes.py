"""Tiers over HTTP: versions of the rule, trying and publishing one, runs and their proof, a customer's history."""

from typing import Annotated
from uuid import UUID

from fastapi import APIRouter, Path, Response

from services.customer.archive import repository as archive_records
from services.customer.tiers import repository, usecases
from services.customer.tiers.schemas import (
    OutlookRead,
    ProofRead,
    PublicationCreate,
    StrategyList,
    StrategyPut,
    StrategyRead,
    TierRatingRead,
    TierRuleCreate,
    TierRuleRead,
    TierRunRead,
)
from services.customer.tiers.usecases import ChangeStrategy, DraftTierRule, PublishTierRule
from shared import clock
from shared.events.base import MONTH
from shared.pagination import Page
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, IfMatch, Once, PageQuery, requires
from shared.web.etags import etag

router = APIRouter(prefix="/customer/v1", tags=["tiers"])

Reader = Annotated[Caller, requires("customers:read")]
Writer = Annotated[Caller, requires("tiers:write")]
Version = Annotated[int, Path(ge=1, le=1_000_000)]


@router.get("/tier-rules")
async def list_tier_rules(here: Here, _caller: Reader, page: PageQuery) -> Page[TierRuleRead]:
    """Newest first."""
    async with here.database.reading() as session:
        found = await repository.rules_page(session, page)
    return found.map(TierRuleRead.of)


@router.post("/tier-rules", status_code=201, response_model=TierRuleRead)
async def draft_tier_rule(body: TierRuleCreate, once: Once, caller: Writer) -> Response:
    """The next version, as a draft; it counts once it is published."""
    command = DraftTierRule(body.definition.model_dump(), body.note, caller.subject)
    async with once.transaction() as session:
        rule = await usecases.draft_tier_rule(session, command, now=clock.now())
        return once.answer(201, TierRuleRead.of(rule), etag=rule.version)


@router.get("/tier-rules/{version}")
async def get_tier_rule(version: Version, here: Here, _caller: Reader, response: Response) -> TierRuleRead:
    async with here.database.reading() as session:
        rule = await repository.get_rule(session, version)
    response.headers["ETag"] = etag(rule.version)
    return TierRuleRead.of(rule)


@router.post("/tier-rules/{version}/publication", status_code=201, response_model=TierRuleRead)
async def publish_tier_rule(
    version: Version, body: PublicationCreate, once: Once, caller: Writer
) -> Response:
    command = PublishTierRule(version, body.effective_from, caller.subject)
    async with once.transaction() as session:
        rule = await usecases.publish_tier_rule(session, command, now=clock.now())
        return once.answer(201, TierRuleRead.of(rule), etag=rule.version)


@router.post("/tier-rules/{version}/trial")
async def try_tier_rule(version: Version, here: Here, caller: Writer) -> OutlookRead:
    """How many customers would be A, B and C by this version, and how many would move. Nothing is changed."""
    async with here.database.reading() as session:
        outlook = await usecases.try_tier_rule(session, version, caller.area)
    return OutlookRead.model_validate(outlook)


@router.get("/tier-runs")
async def list_tier_runs(here: Here, _caller: Reader, page: PageQuery) -> Page[TierRunRead]:
    """Newest first: one a month, and one a night for customers who have never been rated."""
    async with here.database.reading() as session:
        found = await repository.runs_page(session, page)
    return found.map(TierRunRead.model_validate)


@router.get("/tier-runs/{month}/proof")
async def prove_tier_run(month: Annotated[str, Path(pattern=MONTH)], here: Here, caller: Reader) -> ProofRead:
    """The month rated again with its rule and its inputs: `different` is 0, or something was tampered with."""
    async with here.database.reading() as session:
        proof = await usecases.prove_month(session, month, caller.area)
    return ProofRead.model_validate(proof)


@router.get("/customers/{customer_id}/tier-history")
async def list_tier_ratings(
    customer_id: UUID, here: Here, caller: Reader, page: PageQuery
) -> Page[TierRatingRead]:
    """What the rule said of a customer and why, newest first; a month that changed nothing has no entry."""
    async with here.database.reading() as session:
        customer = await archive_records.get_customer(session, customer_id, caller.area)
        found = await repository.ratings_page(session, customer.id, page)
    return found.map(TierRatingRead.model_validate)


@router.get("/tier-strategies")
async def list_strategies(here: Here, _caller: Reader) -> StrategyList:
    async with here.database.reading() as session:
        found = await repository.strategies(session)
    return StrategyList(items=[StrategyRead.model_validate(strategy) for strategy in found.values()])


@router.get("/tier-strategies/{tier}")
async def get_strategy(tier: str, here: Here, _caller: Reader, response: Response) -> StrategyRead:
    async with here.database.reading() as session:
        strategy = await repository.get_strategy(session, tier)
    response.headers["ETag"] = etag(strategy.version)
    return StrategyRead.model_validate(strategy)


@router.put("/tier-strategies/{tier}")
async def change_strategy(
    tier: str, body: StrategyPut, here: Here, caller: Writer, if_match: IfMatch, response: Response
) -> StrategyRead:
    """Counts for every new follow-up at once, and for the open ones from the next night on."""
    command = ChangeStrategy(tier, body.model_dump(), caller.subject)
    async with here.database.transaction() as session:
        strategy = await usecases.change_strategy(
            session, command, unless_stale=if_match.check, now=clock.now()
        )
    response.headers["ETag"] = etag(strategy.version)
    return StrategyRead.model_validate(strategy)
