"""Queries of templates."""

from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.messaging.templates.errors import TemplateNotFound
from services.messaging.templates.models import Template
from shared.pagination import Page, PageRequest, paginate


async def approved_by_code(session: AsyncSession, codes: Iterable[str]) -> dict[str, Template]:
    """The newest approved version of each code."""
    wanted = select(Template).where(
        col(Template.code).in_(set(codes)), col(Template.approved_at).is_not(None)
    )
    found = await session.scalars(wanted.order_by(col(Template.code), col(Template.version)))
    return {template.code: template for template in found}


async def get_approved(session: AsyncSession, code: str) -> Template:
    """The version in use; raises TemplateNotFound."""
    found = await approved_by_code(session, [code])
    if code not in found:
        raise TemplateNotFound
    return found[code]


async def get_version(session: AsyncSession, code: str, version: int) -> Template:
    """One version, in use or not; raises TemplateNotFound."""
    found = await session.get(Template, (code, version))
    if found is None:
        raise TemplateNotFound
    return found


async def in_use(session: AsyncSession, classes: Iterable[str]) -> list[Template]:
    """The version in use of every template of these classes, by code; there are tens."""
    codes = await session.scalars(select(Template.code).where(col(Template.message_class).in_(list(classes))))
    found = await approved_by_code(session, set(codes))
    return [found[code] for code in sorted(found)]


async def newest_or_none(session: AsyncSession, code: str) -> Template | None:
    query = select(Template).where(Template.code == code).order_by(col(Template.version).desc()).limit(1)
    return (await session.scalars(query)).first()


async def get_newest(session: AsyncSession, code: str) -> Template:
    """The latest version, approved or not; raises TemplateNotFound."""
    newest = await newest_or_none(session, code)
    if newest is None:
        raise TemplateNotFound
    return newest


async def newest_page(session: AsyncSession, page: PageRequest) -> Page[Any]:
    """The latest version of each template, by code."""
    newest = sa.select(col(Template.code), sa.func.max(col(Template.version)).label("version"))
    latest = newest.group_by(col(Template.code)).subquery()
    statement = select(Template).join(
        latest, sa.and_(col(Template.code) == latest.c.code, col(Template.version) == latest.c.version)
    )
    return await paginate(session, statement, [(col(Template.code), "asc")], page)
