"""`hall clients`: programs that may call the APIs. A secret is shown once, when it is made; only its hash is kept."""

import secrets
from datetime import timedelta
from typing import Annotated, Any

import typer

from deploy.commands.console import AsJson, answer, database_of, run, settings, table
from services.customer.access import repository, usecases
from services.customer.access.gateways.argon2id import hasher_for
from services.customer.access.models import MachineClient
from shared import clock

app = typer.Typer(no_args_is_help=True, help="接口客户端（营业厅 POS、短信网关、区域办公室）")

ClientId = Annotated[str, typer.Argument(metavar="CLIENT_ID", help="客户端编号")]


@app.command()
def create(
    role: Annotated[str, typer.Option(help="角色，如 pos、gateway、regional_office、auditor、admin")],
    hall: Annotated[str | None, typer.Option(help="营业厅编码（营业厅角色必填）")] = None,
    county: Annotated[str | None, typer.Option(help="区县编码（区县角色必填）")] = None,
    name: Annotated[str | None, typer.Option(help="名称，便于辨认")] = None,
    as_json: AsJson = False,
) -> None:
    """新建客户端；密钥只显示这一次。"""
    client_id = "-".join(
        filter(None, (role.replace("_", "-"), (hall or county or "").lower(), secrets.token_hex(4)))
    )
    secret = _new_secret()
    client = run(_create(client_id, name or client_id, role, county, hall, secret))
    _answer_with_secret(client, secret, as_json=as_json)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """列出客户端。"""
    rows = run(_list())
    columns = {
        "client_id": "客户端",
        "role": "角色",
        "hall": "营业厅",
        "county": "区县",
        "secrets": "有效密钥数",
        "disabled_at": "停用时间",
    }
    answer(rows, table(rows, columns, empty="还没有客户端。"), as_json=as_json)


@app.command()
def rotate(
    client_id: ClientId,
    overlap_hours: Annotated[int, typer.Option(min=0, max=720, help="旧密钥继续有效的小时数")] = 24,
    as_json: AsJson = False,
) -> None:
    """更换密钥：新旧密钥在重叠期内同时有效。"""
    secret = _new_secret()
    client = run(_rotate(client_id, secret, timedelta(hours=overlap_hours)))
    _answer_with_secret(client, secret, as_json=as_json)


@app.command()
def disable(client_id: ClientId, as_json: AsJson = False) -> None:
    """停用客户端；已签发的令牌到期前仍有效。"""
    client = run(_disable(client_id))
    answer(_shown(client), f"已停用 {client.client_id}。", as_json=as_json)


async def _create(
    client_id: str, name: str, role: str, county: str | None, hall: str | None, secret: str
) -> MachineClient:
    hashed = await hasher_for(settings()).hash(secret)
    command = usecases.RegisterClient(client_id, name, role, hashed, county, hall)
    async with database_of("customer") as database, database.transaction() as session:
        return await usecases.register_client(session, command, now=clock.now())


async def _list() -> list[dict[str, Any]]:
    async with database_of("customer") as database, database.reading() as session:
        counts = await repository.secret_counts(session, clock.now())
        clients = await repository.all_clients(session)
    return [{**_shown(client), "secrets": counts.get(client.client_id, 0)} for client in clients]


async def _rotate(client_id: str, secret: str, overlap: timedelta) -> MachineClient:
    hashed = await hasher_for(settings()).hash(secret)
    command = usecases.RotateClientSecret(client_id, hashed, overlap)
    async with database_of("customer") as database, database.transaction() as session:
        return await usecases.rotate_client_secret(session, command, now=clock.now())


async def _disable(client_id: str) -> MachineClient:
    async with database_of("customer") as database, database.transaction() as session:
        return await usecases.disable_client(session, client_id, now=clock.now())


def _new_secret() -> str:
    return secrets.token_urlsafe(32)


def _shown(client: MachineClient) -> dict[str, Any]:
    names = ("client_id", "name", "role", "county", "hall", "created_at", "disabled_at")
    return {name: getattr(client, name) for name in names}


def _answer_with_secret(client: MachineClient, secret: str, *, as_json: bool) -> None:
    data = {**_shown(client), "client_secret": secret}
    lines = [
        f"client_id      {client.client_id}",
        f"client_secret  {secret}",
        "密钥只显示这一次，请妥善保存。",
    ]
    answer(data, lines, as_json=as_json)
