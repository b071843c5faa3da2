"""`hall relay`, `hall dead-letters`, `hall resync`: what waits, what nobody could handle, what to say again."""

from typing import Annotated, Any
from uuid import UUID

import typer

from deploy.commands.console import WRONG_USE, AsJson, answer, database_of, fail, run, table
from shared import clock, dead_letters, relay, resync
from shared.settings import SERVICES

relay_app = typer.Typer(no_args_is_help=True, help="事件中继")
letters_app = typer.Typer(no_args_is_help=True, help="处理不了的消息（死信）")

Service = Annotated[str | None, typer.Option(help="只看一个服务：customer、messaging、complaints、kpi")]
Letter = Annotated[UUID, typer.Argument(metavar="ID", help="死信编号")]


@relay_app.command("status")
def relay_status(as_json: AsJson = False) -> None:
    """每个服务还有多少事件等待发布，最早的等了多久。"""
    rows = run(_relay_status())
    columns = {"service": "服务", "waiting": "待发布", "oldest_seconds": "最早已等（秒）"}
    answer(rows, table(rows, columns, empty="没有服务。"), as_json=as_json)


@letters_app.command("list")
def list_(
    service: Service = None,
    replayed: Annotated[bool, typer.Option("--replayed", help="连同已经重放的")] = False,
    limit: Annotated[int, typer.Option(min=1, max=1000, help="每个服务最多列出几条")] = 100,
    as_json: AsJson = False,
) -> None:
    """列出死信，最近的在前。"""
    rows = run(_letters(service, replayed=replayed, limit=limit))
    columns = {
        "id": "编号",
        "service": "服务",
        "topic": "主题",
        "error": "错误",
        "attempts": "尝试次数",
        "died_at": "时间",
    }
    answer(rows, table(rows, columns, empty="没有死信。"), as_json=as_json)


@letters_app.command()
def show(letter: Letter, as_json: AsJson = False) -> None:
    """查看一条死信的原因和内容。"""
    found = run(_shown(letter))
    if found is None:
        fail(f"没有编号为 {letter} 的死信。")
    answer(found, [f"{name}  {value}" for name, value in found.items()], as_json=as_json)


@letters_app.command()
def replay(
    letters: Annotated[
        list[UUID] | None, typer.Argument(metavar="[ID]...", help="死信编号，可以多个")
    ] = None,
    every: Annotated[bool, typer.Option("--all", help="全部尚未重放的")] = False,
    service: Service = None,
    as_json: AsJson = False,
) -> None:
    """把死信放回原主题，由各服务重新处理。"""
    if bool(letters) == every:
        fail("请给出死信编号，或用 --all 重放全部。", WRONG_USE)
    chosen = None if every else set(letters or ())
    replayed = run(_replay(chosen, service))
    missing = sorted((chosen or set()) - set(replayed), key=str)
    answer({"replayed": replayed, "not_found": missing}, f"已重放 {len(replayed)} 条。", as_json=as_json)
    if missing:
        fail(f"没有待重放的死信：{'、'.join(map(str, missing))}")


def resync_command(
    names: Annotated[
        list[str] | None, typer.Argument(metavar="[NAME]...", help="directory、customers；不填则全部")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """让客户服务重新说出组织架构和客户的现状，供新的或修复后的服务重建副本。"""
    from services.customer.worker import RESYNCS

    known = [one.name for one in RESYNCS]
    chosen = names or known
    if unknown := sorted(set(chosen) - set(known)):
        fail(f"不认识 {'、'.join(unknown)}，可用的有：{'、'.join(known)}", WRONG_USE)
    run(_ask(chosen))
    answer({"asked": chosen}, f"已登记：{'、'.join(chosen)}。后台进程会逐批重新发布。", as_json=as_json)


async def _relay_status() -> list[dict[str, Any]]:
    rows = []
    for service in SERVICES:
        async with database_of(service) as database:
            rows.append(await relay.status(database))
    return rows


async def _letters(service: str | None, *, replayed: bool, limit: int) -> list[dict[str, Any]]:
    rows = []
    for name in _chosen(service):
        async with database_of(name) as database, database.reading() as session:
            found = await dead_letters.listed(session, replayed=replayed, limit=limit)
        rows += [{"service": name, **row} for row in found]
    return rows


async def _shown(letter: UUID) -> dict[str, Any] | None:
    for service in SERVICES:
        async with database_of(service) as database, database.reading() as session:
            if found := await dead_letters.shown(session, letter):
                return {"service": service, **found}
    return None


async def _replay(chosen: set[UUID] | None, service: str | None) -> list[UUID]:
    """Replay the chosen letters, or page by page all there are; each in a transaction of its own."""
    replayed: list[UUID] = []
    for name in _chosen(service):
        async with database_of(name) as database:
            while letters := await _waiting(database, chosen, set(replayed)):
                for letter in letters:
                    async with database.transaction() as session:
                        await dead_letters.replay(session, letter, clock.now())
                    replayed.append(letter)
    return replayed


async def _waiting(database: Any, chosen: set[UUID] | None, done: set[UUID]) -> list[UUID]:
    async with database.reading() as session:
        if chosen is None:
            return [
                row["id"] for row in await dead_letters.listed(session, limit=500) if row["id"] not in done
            ]
        shown = {letter: await dead_letters.shown(session, letter) for letter in chosen - done}
    return [letter for letter, found in shown.items() if found and found["replayed_at"] is None]


async def _ask(names: list[str]) -> None:
    async with database_of("customer") as database, database.transaction() as session:
        for name in names:
            await resync.ask(session, name, clock.now())


def _chosen(service: str | None) -> tuple[str, ...]:
    if service is not None and service not in SERVICES:
        fail(f"没有 {service} 这个服务，可用的有：{'、'.join(SERVICES)}", WRONG_USE)
    return SERVICES if service is None else (service,)
