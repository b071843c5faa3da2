"""What planning does on events; runs after the audience has taken them over, in the same transaction."""

from collections.abc import Sequence
from typing import Any

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.audience.usecases import customer_ids
from services.messaging.messages import repository as messages
from services.messaging.planning.usecases import introduce, notify
from services.messaging.planning.usecases.recheck import recheck_customers
from shared.consumer import Delivery, Handlers, bulk
from shared.events.complaints import ComplaintOpened, ComplaintResolved
from shared.events.customer import (
    CustomerConsentChanged,
    CustomerConsentCodeRequested,
    CustomerLeftNetwork,
    CustomerNumberStored,
    CustomerPurged,
    CustomerReassigned,
    CustomerRegistered,
    CustomerUpdated,
    HallChanged,
    ProductActivated,
)

Batch = Sequence[Delivery[Any]]


@bulk
async def plan_intro_on_customer_registered(session: AsyncSession, batch: Batch) -> None:
    ids, now = customer_ids(d.event for d in batch), batch[0].now
    await introduce.plan_intros(session, ids, now=now)
    await introduce.complete_planned(session, ids, now=now)


@bulk
async def complete_planned_on_customer_updated(session: AsyncSession, batch: Batch) -> None:
    ids, now = customer_ids(d.event for d in batch), batch[0].now
    await introduce.complete_planned(session, ids, now=now)
    await recheck_customers(session, ids, now=now)


@bulk
async def act_on_queued_messages_on_consent_changed(session: AsyncSession, batch: Batch) -> None:
    now = batch[0].now
    await recheck_customers(session, customer_ids(d.event for d in batch), now=now)
    agreed = [d.event for d in batch if d.event.granted and d.event.purpose == "service_sms"]
    await introduce.plan_intros(session, customer_ids(agreed), now=now)


@bulk
async def move_intro_deadline_on_number_stored(session: AsyncSession, batch: Batch) -> None:
    stored = {d.event.customer_id: d.event.number_stored_at for d in batch}
    await introduce.move_deadlines(session, stored, now=batch[0].now)


@bulk
async def stop_messages_on_departure(session: AsyncSession, batch: Batch) -> None:
    await recheck_customers(session, customer_ids(d.event for d in batch), now=batch[0].now)


@bulk
async def hand_over_waiting_on_reassigned(session: AsyncSession, batch: Batch) -> None:
    await messages.hand_over_waiting(session, {d.event.customer_id: d.event.clerk for d in batch})


@bulk
async def complete_planned_on_hall_changed(session: AsyncSession, batch: Batch) -> None:
    await introduce.complete_planned_of_halls(session, {d.event.code for d in batch}, now=batch[0].now)


async def send_receipt_on_complaint_opened(
    session: AsyncSession, delivery: Delivery[ComplaintOpened]
) -> None:
    await notify.notify_complaint_received(session, delivery.event, now=delivery.now)


async def send_result_on_complaint_resolved(
    session: AsyncSession, delivery: Delivery[ComplaintResolved]
) -> None:
    await notify.notify_complaint_settled(session, delivery.event, now=delivery.now)


async def send_code_on_consent_code_requested(
    session: AsyncSession, delivery: Delivery[CustomerConsentCodeRequested]
) -> None:
    await notify.send_consent_code(session, delivery.event, now=delivery.now)


async def confirm_on_product_activated(session: AsyncSession, delivery: Delivery[ProductActivated]) -> None:
    await notify.confirm_activation(session, delivery.event, now=delivery.now)


HANDLERS: Handlers = {
    CustomerRegistered: [plan_intro_on_customer_registered],
    CustomerUpdated: [complete_planned_on_customer_updated],
    CustomerConsentChanged: [act_on_queued_messages_on_consent_changed],
    CustomerNumberStored: [move_intro_deadline_on_number_stored],
    CustomerReassigned: [hand_over_waiting_on_reassigned],
    CustomerLeftNetwork: [stop_messages_on_departure],
    CustomerPurged: [stop_messages_on_departure],
    HallChanged: [complete_planned_on_hall_changed],
    ComplaintOpened: [send_receipt_on_complaint_opened],
    ComplaintResolved: [send_result_on_complaint_resolved],
    ProductActivated: [confirm_on_product_activated],
    CustomerConsentCodeRequested: [send_code_on_consent_code_requested],
}
