"""A gateway in memory that answers as a test tells it to."""

from collections import Counter
from uuid import UUID

from services.messaging.dispatch.ports import (
    Callback,
    GatewayAway,
    Inbound,
    Receipt,
    Submission,
    Submitted,
    Unreadable,
)


class FakeGateway:
    """Takes everything, unless told otherwise; remembers how often it was given each message."""

    can_be_asked = True
    at_hand = True

    def __init__(self) -> None:
        self.given: Counter[UUID] = Counter()
        self.texts: dict[UUID, str] = {}
        self.numbers: list[str] = []
        self.answer = Submitted("accepted")
        self.known: dict[UUID, Receipt] = {}
        self.away = False

    async def submit(self, submission: Submission) -> Submitted:
        if self.answer.result != "not-sent":
            self.given[submission.message_id] += 1
        self.texts[submission.message_id] = submission.text
        self.numbers.append(submission.to)
        return self.answer

    async def query(self, message_id: UUID) -> Receipt | None:
        if self.away:
            raise GatewayAway
        return self.known.get(message_id)

    def admits(self, callback: Callback) -> bool:
        return True

    def parse_receipts(self, callback: Callback) -> list[Receipt | Unreadable]:
        return []

    def parse_inbound(self, callback: Callback) -> list[Inbound | Unreadable]:
        return []
