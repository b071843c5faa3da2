"""How fast and whether at all a gateway may be used: shared by all processes through the database."""

from datetime import datetime

from sqlmodel import Field

from services.messaging.dispatch.rules import FAILURES_BEFORE_PAUSE
from services.messaging.tables import Table
from shared.columns import Timestamp


class GatewayLane(Table, table=True):
    """One gateway's pace, and the pause it is given while it cannot be reached."""

    __tablename__ = "gateway_lanes"

    gateway: str = Field(primary_key=True, max_length=40)
    next_free_at: datetime | None = Field(default=None, sa_type=Timestamp)
    failures: int = 0
    paused_until: datetime | None = Field(default=None, sa_type=Timestamp)

    def is_open(self, now: datetime) -> bool:
        """Whether it has failed so often that its messages may go another way."""
        paused = self.paused_until is not None and self.paused_until > now
        return paused and self.failures >= FAILURES_BEFORE_PAUSE
