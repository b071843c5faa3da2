"""Which gateway carries what."""

from sqlmodel import Field

from services.messaging.tables import Table

ANY = "*"


class GatewayRoute(Table, table=True):
    """The gateway for a hall and a class, and the one that takes over while it is paused; `*` stands for any."""

    __tablename__ = "gateway_routes"

    hall: str = Field(primary_key=True, max_length=64)
    message_class: str = Field(primary_key=True, max_length=20)
    gateway: str = Field(max_length=40)
    fallback: str | None = Field(default=None, max_length=40)
