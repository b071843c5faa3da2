"""The bare baseline of the receipts' door: FastAPI and SQLModel, one row a request, and no other duty."""

import os
from collections.abc import AsyncIterator
from datetime import datetime
from typing import Annotated

import sqlalchemy as sa
from fastapi import Depends, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlmodel import Field, SQLModel

DATABASE_URL = os.environ.get("BARE_DATABASE_URL", "postgresql+asyncpg://127.0.0.1/bare")
engine = create_async_engine(DATABASE_URL, pool_size=10, max_overflow=0)


class ReceiptCreate(SQLModel):
    """The same body as the real one's."""

    message_id: str
    gateway_message_id: str
    status: str
    segment: int
    segments: int
    code: str | None = None
    at: datetime


class BareReceipt(ReceiptCreate, table=True):
    __tablename__ = "receipts"

    id: int | None = Field(default=None, primary_key=True)
    gateway_message_id: str = Field(unique=True)
    at: datetime = Field(sa_type=sa.DateTime(timezone=True))


async def make_table() -> None:
    """Create the one table."""
    async with engine.begin() as connection:
        await connection.run_sync(SQLModel.metadata.create_all, tables=[SQLModel.metadata.tables["receipts"]])
    await engine.dispose()


async def _session() -> AsyncIterator[AsyncSession]:
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session


app = FastAPI()


@app.post("/receipts", status_code=201, response_model=BareReceipt)
async def create(body: ReceiptCreate, session: Annotated[AsyncSession, Depends(_session)]) -> BareReceipt:
    receipt = BareReceipt.model_validate(body)
    session.add(receipt)
    await session.commit()
    return receipt
