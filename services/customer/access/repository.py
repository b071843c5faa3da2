"""Every query of access."""

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

import sqlalchemy as sa
from sqlalchemy.ext.asyncio import AsyncSession
from sqlmodel import col, select

from services.customer.access.errors import ClientNotFound, UserNotFound
from services.customer.access.models import ClientSecret, MachineClient, SignInFailures, User
from services.customer.directory.models import Clerk
from shared.database import insert_new


async def get_client(session: AsyncSession, client_id: str) -> MachineClient:
    client = await client_or_none(session, client_id)
    if client is None:
        raise ClientNotFound
    return client


async def client_or_none(session: AsyncSession, client_id: str) -> MachineClient | None:
    return await session.get(MachineClient, client_id)


async def all_clients(session: AsyncSession) -> Sequence[MachineClient]:
    """A house has tens of them."""
    return (
        (await session.execute(select(MachineClient).order_by(col(MachineClient.client_id)))).scalars().all()
    )


async def valid_secrets(session: AsyncSession, client_id: str, now: datetime) -> Sequence[ClientSecret]:
    """The client's secrets that are good now, newest first; at most two."""
    statement = (
        select(ClientSecret)
        .where(
            ClientSecret.client_id == client_id,
            sa.or_(col(ClientSecret.expires_at).is_(None), col(ClientSecret.expires_at) > now),
        )
        .order_by(col(ClientSecret.created_at).desc(), col(ClientSecret.id).desc())
    )
    return (await session.execute(statement)).scalars().all()


async def secret_counts(session: AsyncSession, now: datetime) -> dict[str, int]:
    """How many secrets of each client are good now."""
    still = sa.or_(col(ClientSecret.expires_at).is_(None), col(ClientSecret.expires_at) > now)
    statement = sa.select(col(ClientSecret.client_id), sa.func.count()).where(still)
    rows = await session.execute(statement.group_by(col(ClientSecret.client_id)))
    return {row[0]: row[1] for row in rows}


async def get_user(session: AsyncSession, username: str) -> User:
    user = await user_or_none(session, username)
    if user is None:
        raise UserNotFound
    return user


async def get_user_of(session: AsyncSession, subject: str) -> User:
    """Who signs in as this subject: by staff number, or by user name where there is none."""
    named = sa.and_(col(User.staff_no).is_(None), col(User.username) == subject)
    query = select(User).where(sa.or_(col(User.staff_no) == subject, named), col(User.disabled_at).is_(None))
    user = (await session.scalars(query.order_by(col(User.username)).limit(1))).first()
    if user is None:
        raise UserNotFound
    return user


async def user_or_none(session: AsyncSession, username: str) -> User | None:
    return await session.get(User, username)


async def all_users(session: AsyncSession) -> Sequence[User]:
    """A prefecture has hundreds of them."""
    return (await session.execute(select(User).order_by(col(User.username)))).scalars().all()


async def users_elsewhere(session: AsyncSession, day: date, limit: int) -> list[tuple[User, Clerk]]:
    """Users whose role or place is not their clerk's, or whose clerk has left; locked."""
    differs = sa.or_(
        *(getattr(User, name).is_distinct_from(getattr(Clerk, name)) for name in ("role", "county", "hall")),
        col(Clerk.effective_to) < day,
    )
    query = sa.select(User, Clerk).join(Clerk, col(Clerk.staff_no) == col(User.staff_no))
    query = query.where(col(User.disabled_at).is_(None), differs).order_by(col(User.username)).limit(limit)
    return [(row[0], row[1]) for row in await session.execute(query.with_for_update(of=User))]


async def failures_behind(session: AsyncSession, door: str, now: datetime) -> SignInFailures:
    """The row of this door, made when missing and locked until the transaction ends."""
    await insert_new(session, SignInFailures, [SignInFailures.of(door, now)], key=["door"])
    statement = select(SignInFailures).where(SignInFailures.door == door).with_for_update()
    return (await session.execute(statement)).scalar_one()


async def failures_or_none(session: AsyncSession, door: str) -> SignInFailures | None:
    return await session.get(SignInFailures, door)


async def delete_failures_before(session: AsyncSession, at: datetime, limit: int) -> int:
    """Forget doors nobody knocked at since; returns how many."""
    old = select(SignInFailures.door).where(col(SignInFailures.last_at) < at).limit(limit)
    result: Any = await session.execute(sa.delete(SignInFailures).where(col(SignInFailures.door).in_(old)))
    return int(result.rowcount)
