"""The four services as this house knows them: the only place that names them all."""

from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING, cast

from shared.settings import Settings, load

if TYPE_CHECKING:
    from fastapi import FastAPI

    from shared.runtime import Runtime
    from shared.worker import Worker


@dataclass(frozen=True, slots=True)
class Service:
    """How one service is built, and the port it has when it runs alone.

    Its modules are imported when they are needed: a process of one service does not load the other three.
    """

    name: str
    port: int

    @property
    def settings(self) -> type[Settings]:
        config = import_module(f"services.{self.name}.config")
        return cast("type[Settings]", getattr(config, f"{self.name.title()}Settings"))

    def build_app(self, runtime: "Runtime") -> "FastAPI":
        return cast("FastAPI", import_module(f"services.{self.name}.app").build_app(runtime))

    def build_worker(self, runtime: "Runtime") -> "Worker":
        return cast("Worker", import_module(f"services.{self.name}.worker").build_worker(runtime))


SERVICES = {
    name: Service(name, port)
    for name, port in {"customer": 8001, "messaging": 8002, "complaints": 8003, "kpi": 8004}.items()
}


def migrate(settings: Settings) -> None:
    """Bring all databases to their newest form. Not inside a running event loop."""
    from shared import migrations

    for name in SERVICES:
        migrations.upgrade(name, settings.database_url_of(name))


def check_settings() -> dict[str, Settings]:
    """Read the settings of every service; raises `SettingsError` with one line."""
    return {name: load(service.settings) for name, service in SERVICES.items()}
