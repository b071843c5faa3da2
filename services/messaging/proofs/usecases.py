"""Computing the proofs of the cap and of consent for a month."""

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.budget import repository as budget
from services.messaging.proofs import repository
from services.messaging.proofs.rules import (
    CapProof,
    ConsentProof,
    Pool,
    Violation,
    WithoutConsent,
    pools_of,
)
from services.messaging.suppression.rules import PURPOSE_OF
from shared import clock
from shared.security.tenancy import Area

SHOWN = 200


async def prove_cap(session: AsyncSession, month: str, area: Area) -> CapProof:
    """Count what gateways answered about messages submitted in the calendar month of Asia/Shanghai.

    A message counts in the pool that its class used on the day it was submitted.
    """
    by_class = await repository.counts_by_class(session, *clock.month_bounds(month), area)
    found = pools_of(await budget.all_rules(session), month)
    pools, violations = [], []
    for pool, used in sorted(((n, p) for n, p in found.items() if n is not None), key=lambda item: item[0]):
        customers, messages = await repository.reached(session, area, used.spans)
        pools.append(Pool(pool, used.classes, used.cap, customers, messages))
        over = await repository.customers_over(session, area, used.spans, used.cap, SHOWN)
        violations += [Violation(customer_id, pool, count, used.cap) for customer_id, count in over]
    capped = {name for pool in pools for name in pool.classes}
    exempt = {name: count for name, count in sorted(by_class.items()) if name not in capped}
    return CapProof(month, tuple(pools), exempt, tuple(violations))


async def prove_consent(session: AsyncSession, month: str, area: Area) -> ConsentProof:
    """Whatever left the house to please or to sell names the consent it rested on, given before it left (M12).

    Computed from the messages alone: it is the same after retention and after the customer's records are gone.
    """
    since, until = clock.month_bounds(month)
    by_class = await repository.counts_by_class(session, since, until, area)
    classes = tuple(PURPOSE_OF)
    found = await repository.sent_without_consent(session, since, until, area, classes, SHOWN)
    checked = {name: number for name, number in sorted(by_class.items()) if name in PURPOSE_OF}
    return ConsentProof(month, checked, tuple(WithoutConsent(*row) for row in found))
