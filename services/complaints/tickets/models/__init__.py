"""A ticket's tables, and the case: the ticket with its log and its clocks, whose verbs guard, change and say."""

from services.complaints.tickets.models.case import Actor, Case, NewTicket, Resolution
from services.complaints.tickets.models.tables import (
    ClockAlarm,
    Entry,
    Ticket,
    TicketClock,
    TicketCycle,
    TicketNumber,
)

__all__ = [
    "Actor",
    "Case",
    "ClockAlarm",
    "Entry",
    "NewTicket",
    "Resolution",
    "Ticket",
    "TicketClock",
    "TicketCycle",
    "TicketNumber",
]
