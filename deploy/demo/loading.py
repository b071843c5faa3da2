"""Puts the demo's prefecture into a house's databases, once. Broken off anywhere, the next start goes on.

Works on the databases with the services' own use cases and their outboxes, so that every event follows its row.
"""

import asyncio
import secrets
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from dataclasses import asdict, dataclass
from datetime import datetime
from itertools import islice
from pathlib import Path
from typing import TypeVar

import orjson
import sqlalchemy as sa

from deploy.demo import care, history, organisation
from deploy.demo.organisation import Person
from services.customer.access import usecases as access
from services.customer.access.gateways.argon2id import hasher_for
from services.customer.access.models import MachineClient
from services.customer.archive import usecases as archive
from services.customer.archive.models import NumberStored
from services.customer.archive.rules import Profile
from services.customer.config import CustomerSettings
from services.customer.consent import repository as consent_ledger
from services.customer.consent.rules import Evidence, Purpose
from services.customer.directory import usecases as directory
from shared import clock
from shared.database import Database
from shared.keyring import KeyRing
from shared.phones import PhoneBook
from shared.security.tenancy import Area
from shared.settings import SERVICES, Settings

CHUNK = 200
Say = Callable[[str], None]
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Credentials:
    """How the demo signs in: one password for its people, one secret for each of its programs."""

    password: str
    clients: dict[str, str]
    loaded: bool = False


def credentials_file(settings: Settings) -> Path:
    return settings.data / "demo.json"


def credentials_of(settings: Settings) -> Credentials | None:
    """The demo's credentials, or None where no demo has been loaded."""
    try:
        return Credentials(**orjson.loads(credentials_file(settings).read_bytes()))
    except FileNotFoundError:
        return None


async def load(settings: CustomerSettings, say: Say) -> Credentials:
    """Load what is missing and return the credentials. A second call finds everything and is quick."""
    known = credentials_of(settings)
    if known is not None and known.loaded:
        return known
    credentials = known or _new_credentials(settings)
    now, phones = clock.now(), PhoneBook(_keys(settings))
    async with _databases(settings) as databases:
        customer = databases["customer"]
        say("正在建立演示组织：5 个区县、12 个营业厅、40 名营业员……")
        await _load_directory(customer, now)
        await _load_sign_ins(customer, settings, credentials, now)
        wording = await _wording(customer, now)
        await _load_people(customer, phones, wording, now, say)
        await history.load(databases, now, say)
        await care.load(customer, now, say)
    done = Credentials(credentials.password, credentials.clients, loaded=True)
    _write(settings, done)
    return done


def sign_ins() -> list[access.CreateUser]:
    """One account for each clerk and manager, one for a county and one for the office."""
    staff = [
        access.CreateUser(
            username=row["staff_no"].lower(),
            password_hash="",
            role=row["role"],
            display=row["name"],
            county=organisation.HALLS[row["hall"]][0],
            hall=row["hall"],
            staff_no=row["staff_no"],
        )
        for row in organisation.clerks()
    ]
    above = [
        access.CreateUser("zizhong", "", "county_manager", "资中区县经理", county="zizhong"),
        access.CreateUser("office", "", "regional_office", "区域办公室"),
        access.CreateUser("admin", "", "admin", "系统管理员"),
    ]
    return [*staff, *above]


PROGRAMS = (
    access.RegisterClient("demo-pos", "大十字营业厅 POS", "pos", "", hall=organisation.STORY_HALL),
    access.RegisterClient("demo-pos-elsewhere", "公园街营业厅 POS", "pos", "", hall="SZ01"),
    access.RegisterClient(
        "demo-hall-manager", "大十字营业厅经理", "hall_manager", "", hall=organisation.STORY_HALL
    ),
    access.RegisterClient("demo-office", "区域办公室", "regional_office", ""),
    access.RegisterClient("demo-admin", "系统管理员", "admin", ""),
)


async def _load_directory(database: Database, now: datetime) -> None:
    command = directory.LoadDirectory(organisation.counties(), organisation.halls(), organisation.clerks())
    async with database.transaction() as session:
        await directory.load_directory(session, command, now=now)


async def _load_sign_ins(
    database: Database, settings: CustomerSettings, credentials: Credentials, now: datetime
) -> None:
    hasher = hasher_for(settings)
    password = await hasher.hash(credentials.password)
    users = [access.CreateUser(**(asdict(user) | {"password_hash": password})) for user in sign_ins()]
    hashes = await asyncio.gather(*(hasher.hash(credentials.clients[p.client_id]) for p in PROGRAMS))
    async with database.transaction() as session:
        await access.create_users(session, users, now=now)
        known = set(await session.scalars(sa.select(MachineClient.client_id)))  # type: ignore[call-overload]
        for program, secret in zip(PROGRAMS, hashes, strict=True):
            if program.client_id not in known:
                command = access.RegisterClient(**(asdict(program) | {"secret_hash": secret}))
                await access.register_client(session, command, now=now)


async def _wording(database: Database, now: datetime) -> str:
    async with database.reading() as session:
        return (await consent_ledger.wording_on(session, clock.business_date(now))).version


async def _load_people(database: Database, phones: PhoneBook, wording: str, now: datetime, say: Say) -> None:
    done = 0
    for chunk in chunks(organisation.people(now), CHUNK):
        for county in organisation.COUNTIES:
            here = [person for person in chunk if organisation.HALLS[person.hall][0] == county]
            commands = [_registration(person, phones, wording) for person in here]
            async with database.transaction() as session:
                await archive.register_customers(session, commands, county=county, now=now)
        done += len(chunk)
        say(f"正在登记演示客户：{done} / {organisation.CUSTOMERS}")


def _registration(person: Person, phones: PhoneBook, wording: str) -> archive.RegisterCustomer:
    registered_name = next(hall for hall in organisation.halls() if hall["code"] == person.hall)
    plate = NumberStored(
        registered_name["registered_name"], registered_name["number"], person.archived_at, person.clerk
    )
    return archive.RegisterCustomer(
        area=Area.everything(),
        hall=person.hall,
        clerk=person.clerk,
        phone=phones.seal(person.phone),
        profile=Profile(
            name=person.name,
            brand=person.brand,
            age_band=person.age_band,
            spend_band=person.spend_band,
            gender=person.gender,
            habits=person.habits,
            preferences=person.preferences,
        ),
        answers={
            Purpose.ARCHIVE: True,
            Purpose.SERVICE_SMS: True,
            Purpose.HOLIDAY_SMS: person.holiday_sms,
            Purpose.MARKETING_SMS: person.marketing_sms,
        },
        evidence=Evidence("signature", f"DEMO-{person.number:05d}"),
        wording_version=wording,
        at=person.archived_at,
        number_stored=plate if person.stored else None,
    )


def chunks(items: Iterator[T], size: int) -> Iterator[Sequence[T]]:
    while chunk := list(islice(items, size)):
        yield chunk


@asynccontextmanager
async def _databases(settings: Settings) -> AsyncIterator[dict[str, Database]]:
    opened = {name: Database(settings.database_url_of(name), name, pool=2) for name in SERVICES}
    try:
        yield opened
    finally:
        for database in opened.values():
            await database.close()


def _keys(settings: Settings) -> KeyRing:
    return KeyRing.load_or_create(settings.keyring_path)


def _new_credentials(settings: Settings) -> Credentials:
    """Written before anything is loaded: a load that is broken off goes on with the same ones."""
    clients = {program.client_id: secrets.token_urlsafe(24) for program in PROGRAMS}
    credentials = Credentials(f"hall-{secrets.token_hex(3)}", clients)
    _write(settings, credentials)
    return credentials


def _write(settings: Settings, credentials: Credentials) -> None:
    path = credentials_file(settings)
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_suffix(".new")
    draft.touch(mode=0o600)
    draft.write_bytes(orjson.dumps(asdict(credentials), option=orjson.OPT_INDENT_2))
    draft.replace(path)
