"""What every event has in common: a topic, a key, a version, and the CloudEvents 1.0 envelope it travels in.

Envelopes follow the Kafka binding's binary mode: attributes are headers, the value is the JSON of the data.
"""

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Annotated, ClassVar, NamedTuple, Self
from uuid import UUID

from pydantic import AfterValidator, AwareDatetime, BaseModel, ConfigDict, Field, NonNegativeInt, PositiveInt

from shared.phones import hide_numbers

SPEC_VERSION = "1.0"
CONTENT_TYPE = "application/json"


def _in_utc(at: datetime) -> datetime:
    return at.astimezone(UTC)


Moment = Annotated[AwareDatetime, AfterValidator(_in_utc)]
"""A moment with offset in, UTC inside and out."""

MONTH = r"^[0-9]{4}-(0[1-9]|1[0-2])$"
Month = Annotated[str, Field(pattern=MONTH)]
"""A business month, `YYYY-MM`."""

Code = Annotated[str, Field(min_length=1, max_length=64)]
"""A code of an open list: consumers must accept values they do not know yet."""

Words = Annotated[str, AfterValidator(hide_numbers)]
"""Free text in which every mobile number has been masked."""

Count = NonNegativeInt


class MalformedEnvelope(ValueError):
    """The headers of a message are not those of an event."""


class Data(BaseModel):
    """A part of an event: frozen, and deaf to members that a later speaker adds."""

    model_config = ConfigDict(frozen=True, extra="ignore")


class Event(Data):
    """Something that happened. `version` is that of the aggregate: a projection applies only newer ones."""

    topic: ClassVar[str]
    aggregate: ClassVar[str | tuple[str, ...]]
    speakers: ClassVar[tuple[str, ...]]
    heard_by: ClassVar[Mapping[str, str]] = {}

    version: PositiveInt = 1
    occurred_at: Moment = Field(description="When it happened at the hall, apart from when it was recorded.")

    @property
    def key(self) -> str:
        """The aggregate's id: events of one key keep their order on the bus."""
        if isinstance(self.aggregate, str):
            return str(getattr(self, self.aggregate))
        return "/".join(
            "-" if (part := getattr(self, name)) is None else str(part) for name in self.aggregate
        )

    @classmethod
    def carries_phone(cls) -> bool:
        """Whether a sealed number (or code) travels on this topic, which then keeps messages for seven days only."""
        return any(name.endswith("_enc") for name in cls.model_fields)

    def to_json(self) -> bytes:
        return self.__pydantic_serializer__.to_json(self)

    @classmethod
    def from_json(cls, value: bytes | str) -> Self:
        """The event in `value`; pydantic's ValidationError when it is not one."""
        event: Self = cls.__pydantic_validator__.validate_json(value)
        return event


class Envelope(NamedTuple):
    """CloudEvents attributes of one event; `(source, id)` is unique for ever and consumers dedupe on it."""

    id: UUID
    source: str
    type: str
    time: datetime
    subject: str
    version: int
    correlation_id: str | None = None
    causation_id: str | None = None
    actor: str | None = None
    traceparent: str | None = None

    def to_headers(self) -> dict[str, str]:
        """Binary-mode headers; attributes without a value are left out."""
        headers = {
            "ce_specversion": SPEC_VERSION,
            "ce_id": str(self.id),
            "ce_type": self.type,
            "ce_source": self.source,
            "ce_time": self.time.astimezone(UTC).isoformat().replace("+00:00", "Z"),
            "ce_subject": self.subject,
            "content-type": CONTENT_TYPE,
            "ce_aggregateversion": str(self.version),
        }
        optional = {
            "ce_correlationid": self.correlation_id,
            "ce_causationid": self.causation_id,
            "ce_actor": self.actor,
            "traceparent": self.traceparent,
        }
        return headers | {name: value for name, value in optional.items() if value is not None}

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> Self:
        """The envelope in `headers`; unknown headers are ignored, missing or wrong ones are malformed."""
        if headers.get("ce_specversion") != SPEC_VERSION:
            raise MalformedEnvelope(f"not a CloudEvents {SPEC_VERSION} message")
        try:
            return cls(
                id=UUID(headers["ce_id"]),
                source=headers["ce_source"],
                type=headers["ce_type"],
                time=_moment(headers["ce_time"]),
                subject=headers["ce_subject"],
                version=int(headers["ce_aggregateversion"]),
                correlation_id=headers.get("ce_correlationid"),
                causation_id=headers.get("ce_causationid"),
                actor=headers.get("ce_actor"),
                traceparent=headers.get("traceparent"),
            )
        except KeyError as error:
            raise MalformedEnvelope(f"header {error.args[0]} is missing") from None
        except ValueError as error:
            raise MalformedEnvelope(str(error)) from None


def _moment(text: str) -> datetime:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise ValueError("ce_time has no offset")
    return at.astimezone(UTC)
