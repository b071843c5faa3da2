"""`hall keys`: the key file that seals phones and signs tokens. It is never printed."""

from datetime import timedelta
from importlib import import_module
from pkgutil import iter_modules
from typing import Annotated, Any

import sqlalchemy as sa
import typer

from deploy.commands.console import AsJson, answer, database_of, fail, run, settings, table
from shared import clock, resealing
from shared.clock import SHANGHAI
from shared.keyring import KeyRing, changing
from shared.phones import PhoneBook
from shared.resealing import Place
from shared.settings import SERVICES

app = typer.Typer(no_args_is_help=True, help="密钥文件")

ON_THE_BUS_FOR = timedelta(days=8)
"""Topics with sealed numbers keep a week; what was sealed on the last day before a rotation may be read until then."""

KeyId = Annotated[str, typer.Argument(metavar="KEY_ID", help="号码密钥的编号，如 k1")]


@app.command()
def create(as_json: AsJson = False) -> None:
    """生成密钥文件（分布式运行前先做一次，再复制到每台机器）；不会覆盖已有文件。"""
    path = settings().keyring_path
    KeyRing.create(path)
    answer({"path": path}, f"已生成 {path}，只有本用户可读，请备份。", as_json=as_json)


@app.command("rotate-token-key")
def rotate_token_key(as_json: AsJson = False) -> None:
    """换一把签发令牌的密钥；旧的继续公布，已签发的令牌不受影响。重启各进程后生效。"""
    path = settings().keyring_path
    with changing(path) as known:
        ring = known.with_new_token_key()
        ring.save(path)
    answer(
        {"path": path, "kid": ring.signing_key["kid"]},
        "已更换令牌签名密钥，重启各进程后生效。",
        as_json=as_json,
    )


@app.command()
def rotate(
    prepare: Annotated[
        bool,
        typer.Option("--prepare", help="只加入新密钥，暂不使用：先复制到每台机器，再运行 hall keys rotate"),
    ] = False,
    as_json: AsJson = False,
) -> None:
    """换一把加密号码的密钥；运行中的进程几秒内自动改用，旧密钥仍能解开已有号码。"""
    path = settings().keyring_path
    with changing(path) as known:
        ring = known.with_prepared_phone_key() if prepare else known.with_new_phone_key(clock.now())
        ring.save(path)
    said = (
        f"已加入 {ring.prepared_phone_key}，暂不使用。请把密钥文件复制到每台机器，再运行 hall keys rotate。"
        if prepare
        else f"号码密钥已换成 {ring.current_phone_key}。请备份密钥文件，再运行 hall keys reseal。"
    )
    data = {"path": path, "current": ring.current_phone_key, "prepared": ring.prepared_phone_key}
    answer(data, said, as_json=as_json)


@app.command()
def reseal(as_json: AsJson = False) -> None:
    """把四个服务里用旧密钥加密的号码逐批改用现用密钥；不必停机，中断后可以再次运行。"""
    ring = KeyRing.load(settings().keyring_path)
    done = run(_reseal(ring, quiet=as_json))
    broken = sum(row["broken"] for row in done)
    columns = {"service": "服务", "place": "位置", "done": "已改用", "broken": "解不开"}
    lines = table(done, columns, empty=f"没有需要改用 {ring.current_phone_key} 的号码。")
    answer({"current": ring.current_phone_key, "places": done}, lines, as_json=as_json)
    if broken:
        fail(f"有 {broken} 处号码没有任何密钥能解开，已原样保留。")


@app.command()
def usage(as_json: AsJson = False) -> None:
    """每把号码密钥还有多少处在用。"""
    ring = KeyRing.load(settings().keyring_path)
    rows = run(_usage(ring, list(ring.phone_keys)))
    columns = {"key": "密钥", "state": "状态", **dict(zip(SERVICES, SERVICES, strict=True))}
    answer(rows, table(rows, columns, empty="没有密钥。"), as_json=as_json)


@app.command()
def retire(key: KeyId, as_json: AsJson = False) -> None:
    """删除一把不再使用的旧号码密钥；还有号码、待发事件或总线上的消息可能用到时拒绝。"""
    path = settings().keyring_path
    with changing(path) as ring:
        _refuse_early(ring, key)
        (used,) = run(_usage(ring, [key]))
        if still := {service: used[service] for service in SERVICES if used[service]}:
            where = "、".join(f"{service} {count} 处" for service, count in still.items())
            fail(f"{key} 还在使用：{where}。请先运行 hall keys reseal。")
        ring.without_phone_key(key).save(path)
    answer({"retired": key, "current": ring.current_phone_key}, f"已删除密钥 {key}。", as_json=as_json)


def _refuse_early(ring: KeyRing, key: str) -> None:
    if key not in ring.phone_keys:
        fail(f"密钥文件里没有 {key}。")
    if key in {ring.current_phone_key, ring.prepared_phone_key}:
        fail(f"{key} 是现用或备用的密钥，不能删除。")
    if ring.sealing_since is None:
        fail(f"不知道 {ring.current_phone_key} 从何时起使用，不能判断总线上是否还有用 {key} 加密的号码。")
    earliest = ring.sealing_since + ON_THE_BUS_FOR
    if clock.now() < earliest:
        when = earliest.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
        fail(f"总线上可能还有用 {key} 加密的号码，{when} 以后才能删除。")


async def _reseal(ring: KeyRing, *, quiet: bool) -> list[dict[str, Any]]:
    phones = PhoneBook(ring)
    old = [key_id for key_id in ring.phone_keys if key_id != ring.current_phone_key]
    rows: dict[tuple[str, str], dict[str, Any]] = {}
    for service in SERVICES:
        async with database_of(service) as database:
            async for at in resealing.reseal(database, _places(service), phones, old):
                rows[service, at.place] = {
                    "service": service, "place": at.place, "done": at.done, "broken": at.broken,
                }  # fmt: skip
                if not quiet:
                    typer.echo(f"{service}  {at.place}  {at.done} / {at.total}", err=True)
    return list(rows.values())


async def _usage(ring: KeyRing, keys: list[str]) -> list[dict[str, Any]]:
    states = {ring.current_phone_key: "现用", ring.prepared_phone_key: "备用"}
    rows: list[dict[str, Any]] = [{"key": key, "state": states.get(key, "旧")} for key in keys]
    for service in SERVICES:
        async with database_of(service) as database:
            for row in rows:
                row[service] = await resealing.in_use(database, _places(service), row["key"])
    return rows


def _places(service: str) -> list[Place]:
    return resealing.places_in(_tables_of(service))


def _tables_of(service: str) -> sa.MetaData:
    """Every table of the service: its capabilities' models declare them."""
    package = import_module(f"services.{service}")
    for capability in iter_modules(package.__path__):
        name = f"services.{service}.{capability.name}"
        if capability.ispkg and any(m.name == "models" for m in iter_modules(import_module(name).__path__)):
            import_module(f"{name}.models")
    declared: sa.MetaData = import_module(f"services.{service}.tables").Table.metadata
    return declared
