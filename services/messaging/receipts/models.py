"""What gateways posted, one row an element. Numbers in it are sealed before they get here."""

from datetime import datetime
from typing import Any

import sqlalchemy as sa
from sqlmodel import Field

from services.messaging.tables import Table
from shared.columns import BigId, JsonB, Timestamp

RECEIPT, INBOUND = "receipt", "inbound"


class GatewayInbox(Table, table=True):
    """One element of a callback; `(gateway, kind, identity)` is taken once."""

    __tablename__ = "gateway_inbox"
    __table_args__ = (
        sa.UniqueConstraint("gateway", "kind", "identity", name="uq_gateway_inbox_identity"),
        sa.Index(
            "ix_gateway_inbox_waiting", "kind", "id",
            sqlite_where=sa.text("state = 'waiting'"), postgresql_where=sa.text("state = 'waiting'"),
        ),
        sa.Index(
            "ix_gateway_inbox_parked", "received_at",
            sqlite_where=sa.text("state = 'parked'"), postgresql_where=sa.text("state = 'parked'"),
        ),
        sa.Index("ix_gateway_inbox_received_at", "received_at"),
        sa.Index(
            "ix_gateway_inbox_inbound", "id",
            sqlite_where=sa.text("kind = 'inbound'"), postgresql_where=sa.text("kind = 'inbound'"),
        ),
    )  # fmt: skip

    id: int | None = Field(
        default=None, sa_column=sa.Column(BigId, sa.Identity(always=False), primary_key=True)
    )
    gateway: str = Field(max_length=40)
    kind: str = Field(max_length=10)
    identity: str = Field(max_length=64)
    state: str = Field(
        default="waiting", max_length=10, description="waiting, applied, parked or unreadable."
    )
    payload: dict[str, Any] = Field(sa_type=JsonB, repr=False)
    received_at: datetime = Field(sa_type=Timestamp)
