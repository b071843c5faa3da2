"""Every query of products. They belong to the region: every hall sees the same ones."""

import time
from collections.abc import Mapping
from datetime import date
from typing import Any
from weakref import WeakKeyDictionary

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.customer.products.errors import ProductNotFound
from services.customer.products.models import Product, ProductVersion
from services.customer.products.rules import Offer
from shared.database import insert_new, insert_rows
from shared.pagination import Page, PageRequest, paginate

PRODUCTS_ARE_READ_AGAIN_AFTER = 5.0
_offers: WeakKeyDictionary[sa.Engine, tuple[float, dict[str, Offer]]] = WeakKeyDictionary()


async def offers(session: AsyncSession) -> Mapping[str, Offer]:
    """Every product with its rule, by code, as it was at most five seconds ago: each look at a customer needs them."""
    engine = session.get_bind().engine
    read_at, known = _offers.get(engine, (0.0, None))
    if known is None or time.monotonic() - read_at > PRODUCTS_ARE_READ_AGAIN_AFTER:
        rows = (await session.scalars(select(Product).order_by(col(Product.code)))).all()
        known = {product.code: product.offer() for product in rows}
        _offers[engine] = time.monotonic(), known
    return known


def forget_offers() -> None:
    """Have this process read them anew; the others do so within five seconds."""
    _offers.clear()


async def get_product(session: AsyncSession, code: str, *, lock: bool = False) -> Product:
    query = select(Product).where(Product.code == code)
    product = (await session.scalars(query.with_for_update() if lock else query)).one_or_none()
    if product is None:
        raise ProductNotFound
    return product


async def product_or_none(session: AsyncSession, code: str) -> Product | None:
    return (await session.scalars(select(Product).where(Product.code == code))).one_or_none()


async def products_page(
    session: AsyncSession, page: PageRequest, *, valid_on: date | None = None
) -> Page[Any]:
    query = select(Product)
    return await paginate(session, query.where(*_valid(valid_on)), [(col(Product.code), "asc")], page)


async def valid_products(session: AsyncSession, day: date) -> list[Product]:
    """All that are on offer that day, cheapest first; a price list has tens, not thousands."""
    query = select(Product).where(*_valid(day)).order_by(col(Product.price_fen), col(Product.code))
    return list((await session.scalars(query)).all())


async def versions_page(session: AsyncSession, code: str, page: PageRequest) -> Page[Any]:
    """Newest first."""
    query = select(ProductVersion).where(ProductVersion.product == code)
    return await paginate(session, query, [(col(ProductVersion.version), "desc")], page)


async def add_product(session: AsyncSession, product: Product) -> bool:
    """False when the code is taken."""
    return bool(await insert_new(session, Product, [product], key=["code"]))


async def keep_version(session: AsyncSession, version: ProductVersion) -> None:
    await insert_rows(session, ProductVersion, [version])


def _valid(day: date | None) -> list[sa.ColumnElement[bool]]:
    if day is None:
        return []
    return [
        col(Product.valid_from) <= day,
        sa.or_(col(Product.valid_to).is_(None), col(Product.valid_to) >= day),
    ]
