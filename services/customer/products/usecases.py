"""Launching and changing products. Both keep a version; neither touches what was offered before."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.customer.archive import repository as archive
from services.customer.products import repository, rules
from services.customer.products.errors import AudienceInvalid, ProductExists
from services.customer.products.models import Product
from services.customer.products.rules import Audience
from shared.errors import VersionCheck


@dataclass(frozen=True, slots=True)
class LaunchProduct:
    """A new product; `facts` are its columns."""

    code: str
    facts: Mapping[str, Any]
    by: str


async def launch_product(session: AsyncSession, command: LaunchProduct, *, now: datetime) -> Product:
    """Raises AudienceInvalid, ValidityReversed, ProductExists."""
    await _check_audience(session, command.facts)
    product, version = Product.launch(command.code, command.facts, by=command.by, now=now)
    if not await repository.add_product(session, product):
        raise ProductExists(existing_code=command.code)
    await repository.keep_version(session, version)
    repository.forget_offers()
    return product


@dataclass(frozen=True, slots=True)
class ChangeProduct:
    """Some of a product's columns are different from now on."""

    code: str
    changes: Mapping[str, Any]
    by: str


async def change_product(
    session: AsyncSession, command: ChangeProduct, *, unless_stale: VersionCheck, now: datetime
) -> Product:
    """Raises ProductNotFound, AudienceInvalid, ValidityReversed."""
    product = await repository.get_product(session, command.code, lock=True)
    unless_stale(product.version)
    await _check_audience(session, command.changes)
    if version := product.change(command.changes, by=command.by, now=now):
        await session.flush()
        await repository.keep_version(session, version)
        repository.forget_offers()
    return product


async def _check_audience(session: AsyncSession, facts: Mapping[str, Any]) -> None:
    audience = Audience.from_json(facts.get("audience", {}))
    if wrong := rules.unknown_codes(audience, await archive.code_tables(session)):
        raise AudienceInvalid(errors=wrong)
