"""What every command shares: how it opens databases, how it answers people and scripts, and how it fails."""

import asyncio
import sys
from collections.abc import AsyncIterator, Coroutine, Sequence
from contextlib import asynccontextmanager
from typing import Annotated, Any, NoReturn, TypeVar

import orjson
import typer

from services.customer.config import CustomerSettings
from shared.database import Database
from shared.settings import load

R = TypeVar("R")
FAILED, WRONG_USE = 1, 2
JSON = orjson.OPT_INDENT_2 | orjson.OPT_NON_STR_KEYS

AsJson = Annotated[bool, typer.Option("--json", help="以 JSON 输出，供脚本读取")]
Row = dict[str, Any]


def run(work: Coroutine[Any, Any, R]) -> R:
    return asyncio.run(work)


def settings() -> CustomerSettings:
    return load(CustomerSettings)


@asynccontextmanager
async def database_of(service: str) -> AsyncIterator[Database]:
    """The service's database, beside whatever process is running on it."""
    opened = Database(settings().database_url_of(service), service, pool=2)
    try:
        yield opened
    finally:
        await opened.close()


def answer(data: Any, text: str | Sequence[str], *, as_json: bool) -> None:
    """JSON for scripts, or the lines for people, on standard output."""
    if as_json:
        typer.echo(orjson.dumps(data, default=str, option=JSON).decode())
    else:
        typer.echo(text if isinstance(text, str) else "\n".join(text))


def table(rows: Sequence[Row], columns: dict[str, str], *, empty: str) -> list[str]:
    """Rows as tab-separated lines under Chinese headings, or the sentence that there are none."""
    if not rows:
        return [empty]
    return [
        "\t".join(columns.values()),
        *("\t".join(_cell(row.get(name)) for name in columns) for row in rows),
    ]


def fail(line: str, code: int = FAILED) -> NoReturn:
    """One clear line on standard error, and the exit code."""
    sys.stderr.write(f"{line}\n")
    raise typer.Exit(code)


def _cell(value: Any) -> str:
    return "-" if value is None or value == "" else str(value)
