"""`hall users`: people who sign in. A password that was made up here is shown once; only its hash is kept."""

import secrets
import sys
from typing import Annotated, Any

import typer

from deploy.commands.console import AsJson, answer, database_of, run, settings, table
from services.customer.access import repository, usecases
from services.customer.access.gateways.argon2id import hasher_for
from services.customer.access.models import User
from services.customer.directory import repository as directory
from shared import clock

app = typer.Typer(no_args_is_help=True, help="网页用户（营业员、厅经理、区县与区域管理人员）")

Username = Annotated[str, typer.Argument(metavar="USERNAME", help="用户名")]
FromStdin = Annotated[bool, typer.Option("--password-stdin", help="从标准输入读取密码")]
Generate = Annotated[bool, typer.Option("--generate", help="由系统生成密码")]


@app.command()
def create(
    role: Annotated[
        str, typer.Option(help="角色，如 clerk、hall_manager、county_manager、regional_office、admin")
    ],
    username: Annotated[
        str | None, typer.Argument(metavar="[USERNAME]", help="用户名；不填则用工号或自动取名")
    ] = None,
    hall: Annotated[str | None, typer.Option(help="营业厅编码（营业厅角色必填）")] = None,
    county: Annotated[str | None, typer.Option(help="区县编码（区县角色必填）")] = None,
    staff_no: Annotated[str | None, typer.Option(help="工号（营业员）")] = None,
    display: Annotated[str | None, typer.Option(help="显示的姓名")] = None,
    password_stdin: FromStdin = False,
    generate: Generate = False,
    as_json: AsJson = False,
) -> None:
    """新建用户；生成的密码只显示这一次。"""
    name = username or (staff_no or f"{role}-{secrets.token_hex(3)}").lower()
    password, shown = _password(from_stdin=password_stdin, generate=generate or as_json)
    usecases.check_password(password, name)
    user = run(_create(name, password, role, county, hall, staff_no, display))
    _answer_with_password(user, password if shown else None, as_json=as_json)


@app.command("list")
def list_(as_json: AsJson = False) -> None:
    """列出用户。"""
    rows = run(_list())
    columns = {
        "username": "用户名",
        "display": "姓名",
        "role": "角色",
        "hall": "营业厅",
        "county": "区县",
        "disabled_at": "停用时间",
    }
    answer(rows, table(rows, columns, empty="还没有用户。"), as_json=as_json)


@app.command("reset-password")
def reset_password(
    username: Username, password_stdin: FromStdin = False, generate: Generate = False, as_json: AsJson = False
) -> None:
    """重设密码，并解除登录锁定。"""
    password, shown = _password(from_stdin=password_stdin, generate=generate or as_json)
    usecases.check_password(password, username)
    user = run(_reset(username, password))
    _answer_with_password(user, password if shown else None, as_json=as_json)


@app.command()
def disable(username: Username, as_json: AsJson = False) -> None:
    """停用用户；已登录的会话立即失效。"""
    user = run(_disable(username))
    answer(_shown(user), f"已停用 {user.username}。", as_json=as_json)


async def _create(
    username: str,
    password: str,
    role: str,
    county: str | None,
    hall: str | None,
    staff_no: str | None,
    display: str | None,
) -> User:
    hashed = await hasher_for(settings()).hash(password)
    async with database_of("customer") as database, database.transaction() as session:
        clerk = await directory.clerk_or_none(session, staff_no) if staff_no else None
        shown = display or (clerk.name if clerk else username)
        place = hall or (clerk.hall if clerk else None)
        command = usecases.CreateUser(username, hashed, role, shown, county, place, staff_no)
        return await usecases.create_user(session, command, now=clock.now())


async def _list() -> list[dict[str, Any]]:
    async with database_of("customer") as database, database.reading() as session:
        return [_shown(user) for user in await repository.all_users(session)]


async def _reset(username: str, password: str) -> User:
    hashed = await hasher_for(settings()).hash(password)
    async with database_of("customer") as database, database.transaction() as session:
        return await usecases.reset_password(
            session, usecases.ResetPassword(username, hashed), now=clock.now()
        )


async def _disable(username: str) -> User:
    async with database_of("customer") as database, database.transaction() as session:
        return await usecases.disable_user(session, username, now=clock.now())


def _password(*, from_stdin: bool, generate: bool) -> tuple[str, bool]:
    """The password, and whether it was made up here and so must be shown."""
    if from_stdin:
        return sys.stdin.readline().rstrip("\r\n"), False
    if generate or not sys.stdin.isatty():
        return secrets.token_urlsafe(12), True
    return typer.prompt("密码", hide_input=True, confirmation_prompt="再输一次"), False


def _shown(user: User) -> dict[str, Any]:
    names = ("username", "display", "role", "county", "hall", "staff_no", "created_at", "disabled_at")
    return {name: getattr(user, name) for name in names}


def _answer_with_password(user: User, password: str | None, *, as_json: bool) -> None:
    lines = [f"用户名  {user.username}", f"姓名    {user.display}"]
    if password is not None:
        lines += [f"密码    {password}", "密码只显示这一次，请妥善保存。"]
    answer({**_shown(user), "password": password}, lines, as_json=as_json)
