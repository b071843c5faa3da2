"""The price list for the counter: what is on offer today, what it costs, what it is worth and whom it suits."""

from typing import Annotated

from fastapi import APIRouter, Request, Response

from services.customer.archive import repository as archive
from services.customer.products import repository, rules
from services.customer.products.rules import Audience
from shared import clock
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires
from shared.web.pages import render

router = APIRouter(include_in_schema=False)


@router.get("/customer/price-list")
async def price_list(
    request: Request, here: Here, _caller: Annotated[Caller, requires("products:read")]
) -> Response:
    day = clock.business_date(clock.now())
    async with here.database.reading() as session:
        products = await repository.valid_products(session, day)
        tables = await archive.code_tables(session)
    lines = [
        (
            product,
            product.offer().price_text,
            [rules.condition_words(c, tables) for c in _must(product.audience)],
        )
        for product in products
    ]
    return render(request, "products/price_list.html", lines=lines, day=day)


def _must(audience: dict[str, object]) -> tuple[rules.Condition, ...]:
    return Audience.from_json(audience).must
