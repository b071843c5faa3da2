"""`hall`: the operators' tool. Works beside a running house, answers scripts in JSON, and exits 0, 1 or 2.

0 done · 1 failed, or something does not agree · 2 wrong use or wrong settings, with one line on standard error.
"""

import sys
from typing import Annotated, NoReturn

import typer
from sqlalchemy.exc import DBAPIError
from typer.exceptions import TyperException

from deploy.commands import clients, keys, messages, users
from deploy.commands.console import FAILED, WRONG_USE, AsJson, answer, settings
from shared.errors import HallError
from shared.keyring import KeyRing, KeyRingUnusable
from shared.settings import SERVICES, SettingsError

app = typer.Typer(
    name="hall",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
    help="营业厅客户经理平台的运维工具。设置来自环境变量 HALL_… 或 .env 文件，HALL_DATA 是数据目录。",
)
config_app = typer.Typer(no_args_is_help=True, help="设置")
app.add_typer(config_app, name="config")
app.add_typer(clients.app, name="clients")
app.add_typer(users.app, name="users")
app.add_typer(keys.app, name="keys")
app.add_typer(messages.relay_app, name="relay")
app.add_typer(messages.letters_app, name="dead-letters")
app.command("resync")(messages.resync_command)

Host = Annotated[str, typer.Option(help="监听地址")]
ServiceName = Annotated[str, typer.Argument(metavar="NAME", help="customer、messaging、complaints、kpi")]


@app.command()
def run(
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="监听端口")] = 8000,
    demo: Annotated[
        bool, typer.Option("--demo", help="先载入演示组织、客户和三个月的往来（只在第一次）")
    ] = False,
) -> None:
    """在一个进程里运行整个平台（SQLite，内置事件总线）；数据库没有的表会先建好。"""
    from deploy.commands import house

    house.run(host, port, demo=demo)


@app.command()
def service(
    name: ServiceName,
    host: Host = "127.0.0.1",
    port: Annotated[int | None, typer.Option(help="监听端口，不填则用该服务的默认端口")] = None,
) -> None:
    """单独运行一个服务的接口进程（Kafka 与 PostgreSQL）。"""
    known = _known(name)
    from deploy import distributed, serving

    serving.run(distributed.serve_app(known, host, port))


@app.command()
def worker(
    name: ServiceName,
    host: Host = "127.0.0.1",
    port: Annotated[
        int | None,
        typer.Option(envvar="HALL_WORKER_PORT", help="在此端口提供 livez、readyz、metrics；不填则不监听"),
    ] = None,
) -> None:
    """单独运行一个服务的后台进程（Kafka 与 PostgreSQL）。"""
    known = _known(name)
    from deploy import distributed, serving

    serving.run(distributed.serve_worker(known, host, port))


@app.command()
def simulator(
    host: Host = "127.0.0.1",
    port: Annotated[int, typer.Option(min=1, max=65535, help="监听端口")] = 8005,
    seed: Annotated[int | None, typer.Option(help="随机种子：同一种子，同一条短信，结果相同")] = None,
    token: Annotated[bool, typer.Option("--token", help="只显示查看、回复和设置故障所用的令牌")] = False,
) -> None:
    """单独运行短信模拟器，验收时代替真实网关；故障见 HALL_SIMULATOR_… 或运行中用令牌设置。"""
    from deploy import serving
    from deploy import simulator as gateway

    if token:
        answer({}, gateway.control_token(KeyRing.load(settings().keyring_path)), as_json=False)
        return
    serving.run(gateway.serve(host, port, seed))


@app.command()
def migrate(as_json: AsJson = False) -> None:
    """把四个服务的数据库升级到最新结构；已是最新则不变。"""
    from shared import migrations

    current = settings()
    heads = {}
    for name in SERVICES:
        migrations.upgrade(name, current.database_url_of(name))
        heads[name] = migrations.head(name)
    lines = [f"{name}  {head}" for name, head in heads.items()]
    answer({"migrated": heads}, ["数据库结构已是最新。", *lines], as_json=as_json)


@app.command()
def demo(
    url: Annotated[str, typer.Option(help="正在运行的平台的地址")] = "http://127.0.0.1:8000",
) -> None:
    """对正在运行的平台演一遍主流程，最后逐项核对；有对不上的返回 1。"""
    from deploy.commands import house

    raise typer.Exit(house.play(url))


@config_app.command("check")
def config_check(as_json: AsJson = False) -> None:
    """检查设置和密钥文件是否可用，不启动任何东西。"""
    from deploy import assembly

    current = assembly.check_settings()["customer"]
    if current.keyring_path.exists() or current.bus_url != "embedded":
        _check_keys()
    data = {
        "ok": True,
        "mode": "embedded" if current.bus_url == "embedded" else "distributed",
        "data": current.data.resolve(),
        "bus": current.bus_url,
        "database": "postgresql" if current.on_postgresql else "sqlite",
        "public_url": current.public_url,
    }
    answer(data, ["设置可用。", *(f"{name}  {value}" for name, value in data.items())], as_json=as_json)


def main() -> None:
    """The console script. Expected failures are one line; anything else is a bug and shows its traceback."""
    try:
        code = app(prog_name="hall", standalone_mode=False)
    except (SettingsError, KeyRingUnusable) as error:
        _stop(str(error), WRONG_USE)
    except TyperException as error:
        _stop(_misuse(error), WRONG_USE)
    except typer.Abort:
        _stop("已取消。", FAILED)
    except HallError as error:
        _stop(error.message, FAILED)
    except DBAPIError as error:
        _stop(_explained(error), FAILED)
    except ExceptionGroup as several:
        wrong = several.subgroup(SettingsError)
        if wrong is None:
            raise
        _stop(str(_first(wrong)), WRONG_USE)
    sys.exit(code if isinstance(code, int) else 0)


def _first(group: ExceptionGroup[SettingsError]) -> Exception:
    """What went wrong, where tasks that ran together were stopped by it."""
    inner = group.exceptions[0]
    return _first(inner) if isinstance(inner, ExceptionGroup) else inner


def _misuse(error: TyperException) -> str:
    """A mistake in the command line, in Chinese where the framework would say it in English."""
    kind, parameter = type(error).__name__, getattr(error, "param", None)
    name = parameter.opts[-1] if parameter is not None and parameter.opts else ""
    said = {
        "MissingParameter": f"缺少 {name}",
        "NoSuchOption": f"没有 {getattr(error, 'option_name', '')} 这个选项",
        "BadParameter": f"{name} 的值不对",
        "NoArgsIsHelpError": error.message,
    }
    context = getattr(error, "ctx", None)
    where = (
        f"；用法见 {context.command_path} --help"
        if context is not None and kind != "NoArgsIsHelpError"
        else ""
    )
    return said.get(kind, f"命令写得不对（{error.message.rstrip('.')}）") + where


def _known(name: str) -> str:
    if name not in SERVICES:
        raise SettingsError(f"没有 {name} 这个服务，可用的有：{'、'.join(SERVICES)}")
    return name


def _check_keys() -> None:
    KeyRing.load(settings().keyring_path)


def _explained(error: DBAPIError) -> str:
    said = str(error.orig)
    if "no such table" in said or "does not exist" in said:
        return "数据库还没有建好，请先运行 hall migrate。"
    return f"数据库不可用：{said.splitlines()[0][:200]}"


def _stop(line: str, code: int) -> NoReturn:
    sys.stderr.write(f"{line}\n")
    sys.exit(code)
