"""Queries of the code tables; each has a dozen rows."""

from collections.abc import Sequence

from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.complaints.catalogue import rules
from services.complaints.catalogue.errors import CategoryUnknown, CauseUnknown, RemedyUnknown
from services.complaints.catalogue.models import Category, Cause, Remedy
from shared.errors import FieldError, Invalid


async def categories(session: AsyncSession) -> Sequence[Category]:
    return (await session.scalars(select(Category).order_by(col(Category.position)))).all()


async def causes(session: AsyncSession) -> Sequence[Cause]:
    return (await session.scalars(select(Cause).order_by(col(Cause.position)))).all()


async def remedies(session: AsyncSession) -> Sequence[Remedy]:
    return (await session.scalars(select(Remedy).order_by(col(Remedy.position)))).all()


async def get_category(session: AsyncSession, word: str) -> str:
    """The code of the category; raises CategoryUnknown with those there are."""
    return _code(await categories(session), word, CategoryUnknown, "/category")


async def get_cause(session: AsyncSession, word: str) -> str:
    """The code of the cause; raises CauseUnknown."""
    return _code(await causes(session), word, CauseUnknown, "/cause")


async def get_remedy(session: AsyncSession, word: str) -> str:
    """The code of the remedy; raises RemedyUnknown."""
    return _code(await remedies(session), word, RemedyUnknown, "/remedy")


def _code(rows: Sequence[Category | Cause | Remedy], word: str, error: type[Invalid], pointer: str) -> str:
    code = rules.code_of(rows, word)
    if code is None:
        known = "、".join(f"{row.code}（{row.name}）" for row in rows)
        raise error(known=known, errors=[FieldError(pointer, error.code, error.detail.format(known=known))])
    return code
