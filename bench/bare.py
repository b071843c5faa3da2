"""The bare baseline of registration: FastAPI and SQLModel, one row a request, and no other duty."""

import os
from collections.abc import AsyncIterator
from typing import Annotated

from fastapi import Depends, FastAPI
from sqlalchemy.ext.asyncio import AsyncSession, create_async_engine
from sqlmodel import Field, SQLModel

DATABASE_URL = os.environ.get("BARE_DATABASE_URL", "postgresql+asyncpg://127.0.0.1/bare")
engine = create_async_engine(DATABASE_URL, pool_size=10, max_overflow=0)


class CustomerCreate(SQLModel):
    """The same body as the real one's, as far as a bare table holds it."""

    phone: str
    name: str
    hall: str
    clerk: str
    brand: int
    age_band: int
    spend_band: int
    gender: str | None = None
    wording_version: str
    habits_note: str | None = None
    preferences_note: str | None = None


class BareCustomer(CustomerCreate, table=True):
    __tablename__ = "customers"

    id: int | None = Field(default=None, primary_key=True)
    phone: str = Field(unique=True)


async def make_table() -> None:
    """Create the one table."""
    async with engine.begin() as connection:
        await connection.run_sync(
            SQLModel.metadata.create_all, tables=[SQLModel.metadata.tables["customers"]]
        )
    await engine.dispose()


async def _session() -> AsyncIterator[AsyncSession]:
    async with AsyncSession(engine, expire_on_commit=False) as session:
        yield session


app = FastAPI()


@app.post("/customers", status_code=201, response_model=BareCustomer)
async def create(body: CustomerCreate, session: Annotated[AsyncSession, Depends(_session)]) -> BareCustomer:
    customer = BareCustomer.model_validate(body)
    session.add(customer)
    await session.commit()
    return customer
