"""On the customer's card: what was opened, and opening a product at the customer's word."""

from collections import defaultdict
from decimal import Decimal
from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Query, Request, Response
from pydantic import ValidationError
from starlette.datastructures import FormData

from services.customer.activations import repository, rules, usecases
from services.customer.activations.errors import EvidenceRequired, EvidenceUsed
from services.customer.activations.repository import Filters
from services.customer.activations.schemas import FEN, ActivationCreate, ActivationRead
from services.customer.activations.usecases import RecordActivation
from services.customer.archive import repository as archive
from services.customer.products import repository as products
from services.customer.products.models import Product
from shared import clock
from shared.errors import HallError, Invalid
from shared.pagination import PageRequest
from shared.runtime import Runtime
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, requires
from shared.web.forms import findings
from shared.web.pages import render, see_other, wants_part

router = APIRouter(include_in_schema=False)

Reader = Annotated[Caller, requires("activations:read")]
Writer = Annotated[Caller, requires("activations:write")]
LISTED = 20
TONES = {"recorded": "good", "denied": "bad"}
PLACES = {
    "evidence/kind": "evidence_kind",
    "evidence/reference": "evidence_reference",
    "evidence": "evidence_reference",
}


@router.get("/customer/customers/{customer_id}/activations")
async def activations(
    request: Request,
    here: Here,
    caller: Reader,
    customer_id: UUID,
    product: Annotated[str, Query(max_length=40)] = "",
) -> Response:
    return await _page(request, here, caller, customer_id, filled=_blank(product=product))


@router.post("/customer/customers/{customer_id}/activations")
async def record(request: Request, here: Here, caller: Writer, customer_id: UUID) -> Response:
    """The form again with what is wrong, or the card. An amount left empty is the product's price."""
    form, now = await request.form(), clock.now()
    try:
        async with here.database.transaction() as session:
            product = await products.product_or_none(session, str(form.get("product", "")))
            body = ActivationCreate.model_validate(_body_of(form, customer_id, product))
            evidence = body.evidence.value() if body.evidence else None
            command = RecordActivation(
                caller.area, customer_id, body.product, body.amount_fen, evidence, sold_by=caller.subject,
                recorded_by=caller.subject, occurred_at=now,
            )  # fmt: skip
            await usecases.record_activation(session, command, now=now)
    except (ValidationError, Invalid, EvidenceUsed) as wrong:
        filled = _blank(**{name: str(value) for name, value in form.items()})
        return await _page(
            request, here, caller, customer_id, status=422, filled=filled, errors=_errors_of(wrong)
        )
    return see_other(request, f"/customer/customers/{customer_id}", say="已登记办理，客户会收到确认短信。")


async def _page(
    request: Request, here: Runtime, caller: Caller, customer_id: UUID, *, status: int = 200, **values: Any
) -> Response:
    """The whole page, or for htmx the part that a panel holds."""
    part = wants_part(request)
    async with here.database.reading() as session:
        customer = await archive.get_customer(session, customer_id, caller.area)
        found = await repository.activations_page(
            session, caller.area, Filters(customer_id=customer_id), PageRequest(limit=LISTED)
        )
        on_offer = await products.valid_products(session, clock.business_date(clock.now()))
    return render(
        request, f"activations/{'part' if part else 'customer'}.html", status=status, customer=customer,
        activations=[ActivationRead.of(activation) for activation in found.items], kinds=rules.EVIDENCE_KINDS,
        names=rules.STATUS_NAMES, tones=TONES, may_open=caller.may("activations:write"),
        products=[(p.code, f"{p.name}（{p.offer().price_text}）") for p in on_offer],
        **{"errors": _blank(), **values},
    )  # fmt: skip


def _body_of(form: FormData, customer_id: UUID, product: Product | None) -> dict[str, Any]:
    """The form as the API's own body, so that pages and API are judged alike."""
    amount = str(form.get("amount", "")).strip() or str(Decimal(product.price_fen if product else 0) / FEN)
    evidence = {"kind": form.get("evidence_kind", ""), "reference": form.get("evidence_reference", "")}
    return {
        "customer_id": customer_id,
        "product": form.get("product", ""),
        "amount": amount,
        "evidence": evidence,
    }


def _errors_of(wrong: ValidationError | HallError) -> dict[str, str]:
    """What is wrong with which field."""
    if isinstance(wrong, EvidenceRequired | EvidenceUsed):
        return _blank(evidence_reference=wrong.message)
    found = findings(wrong)
    places = [(error.pointer.strip("/"), error.detail) for error in found]
    return _blank(**{PLACES.get(place, place): detail for place, detail in places}) or _blank(
        form=getattr(wrong, "message", "")
    )


def _blank(**values: str) -> dict[str, str]:
    return defaultdict(str, values)
