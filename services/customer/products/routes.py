"""Products over HTTP: list, get, launch, change, their versions, and the price list of a day."""

from datetime import date
from typing import Annotated

from fastapi import APIRouter, Response

from services.customer.products import repository, usecases
from services.customer.products.schemas import (
    PriceList,
    PriceRead,
    ProductChange,
    ProductCreate,
    ProductRead,
    VersionRead,
)
from services.customer.products.usecases import ChangeProduct, LaunchProduct
from shared import clock
from shared.pagination import Page
from shared.security.tenancy import Caller
from shared.web.dependencies import Here, IfMatch, Once, PageQuery, requires
from shared.web.etags import etag

router = APIRouter(prefix="/customer/v1", tags=["products"])

Reader = Annotated[Caller, requires("products:read")]
Writer = Annotated[Caller, requires("products:write")]


@router.get("/products")
async def list_products(
    here: Here, _caller: Reader, page: PageQuery, valid_on: date | None = None
) -> Page[ProductRead]:
    async with here.database.reading() as session:
        found = await repository.products_page(session, page, valid_on=valid_on)
    return found.map(ProductRead.of)


@router.post("/products", status_code=201, response_model=ProductRead)
async def launch_product(body: ProductCreate, once: Once, caller: Writer) -> Response:
    now = clock.now()
    command = LaunchProduct(body.code, body.facts(clock.business_date(now)), caller.subject)
    async with once.transaction() as session:
        product = await usecases.launch_product(session, command, now=now)
        return once.answer(201, ProductRead.of(product), etag=product.version)


@router.get("/products/{code}")
async def get_product(code: str, here: Here, _caller: Reader, response: Response) -> ProductRead:
    async with here.database.reading() as session:
        product = await repository.get_product(session, code)
    response.headers["ETag"] = etag(product.version)
    return ProductRead.of(product)


@router.patch("/products/{code}")
async def change_product(
    code: str, body: ProductChange, here: Here, caller: Writer, if_match: IfMatch, response: Response
) -> ProductRead:
    command = ChangeProduct(code, body.changes(), caller.subject)
    async with here.database.transaction() as session:
        product = await usecases.change_product(
            session, command, unless_stale=if_match.check, now=clock.now()
        )
    response.headers["ETag"] = etag(product.version)
    return ProductRead.of(product)


@router.get("/products/{code}/versions")
async def list_versions(code: str, here: Here, _caller: Reader, page: PageQuery) -> Page[VersionRead]:
    """Every version of the product, newest first: what an offer's rule version refers to."""
    async with here.database.reading() as session:
        await repository.get_product(session, code)
        found = await repository.versions_page(session, code, page)
    return found.map(VersionRead.of)


@router.get("/price-list")
async def get_price_list(here: Here, _caller: Reader, day: date | None = None) -> PriceList:
    """What is on offer on a day (today unless said) and what it costs, cheapest first."""
    wanted = day or clock.business_date(clock.now())
    async with here.database.reading() as session:
        products = await repository.valid_products(session, wanted)
    return PriceList(day=wanted, items=[PriceRead.of(product) for product in products])
