"""How fast and whether at all a gateway may be used: shared by all processes through the database."""

from datetime import datetime

from sqlmodel import Field

from services.messaging.tables import Table
from shared.columns import Timestamp


class GatewayLane(Table, table=True):
    """One gateway's pace, and the pause it is given while it cannot be reached."""

    __tablename__ = "gateway_lanes"

    gateway: str = Field(primary_key=True, max_length=40)
    next_free_at: datetime | None = Field(default=None, sa_type=Timestamp)
    failures: int = 0
    paused_until: datetime | None = Field(default=None, sa_type=Timestamp)
