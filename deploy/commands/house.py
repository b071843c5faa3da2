"""`hall run` and `hall demo`: open the house in this process, with the demo's people in it, and play its story."""

import asyncio
import os
import sys
from functools import partial
from typing import TextIO

import typer

from deploy import assembly, embedded, serving
from deploy.demo import first_scores, loading
from deploy.demo.loading import Credentials
from services.customer.config import CustomerSettings
from shared import logging


def run(host: str, port: int, *, demo: bool) -> None:
    """Migrate, load what is missing, say where to go, serve until a signal."""
    os.environ.setdefault("HALL_PUBLIC_URL", f"http://127.0.0.1:{port}")  # one process is its own neighbour
    settings = CustomerSettings.of(assembly.check_settings()["customer"])
    with embedded.data_folder(settings):
        logging.configure(settings.log_level, stream=_log_of(settings))
        assembly.migrate(settings)
        credentials = asyncio.run(loading.load(settings, typer.echo)) if demo else None
    url = f"http://{host}:{port}"
    _greet(url, credentials)
    beside = partial(first_scores.score_months, url, credentials, typer.echo) if credentials else None
    serving.run(embedded.serve(host, port, beside))


def _log_of(settings: CustomerSettings) -> TextIO:
    """At a terminal the log goes to `hall.log` in the data folder, so that people can read what we say to them."""
    if not sys.stderr.isatty():
        return sys.stderr
    path = settings.data / "hall.log"
    typer.echo(f"运行日志写在 {path}")
    return path.open("a", encoding="utf-8")


def play(url: str) -> int:
    """The exit code of the demo's story."""
    from deploy.demo import story

    return story.main(url)


def _greet(url: str, credentials: Credentials | None) -> None:
    lines = [f"平台地址  {url}", f"接口文档  {url}/customer/docs"]
    if credentials is not None:
        people = [(user.username, user.display) for user in loading.sign_ins() if user.username in SHOWN]
        lines += [
            "",
            f"演示账号（密码都是 {credentials.password}）：",
            *(f"  {name}\t{display}" for name, display in people),
        ]
        lines += ["", f"演一遍主流程：make demo PORT={url.rpartition(':')[2]}"]
    typer.echo("\n".join([*lines, "按 Ctrl-C 停止。"]))


SHOWN = ("zz0102", "zz0101", "zizhong", "office", "admin")
