"""The four services as this house knows them: the only place that names them all."""

from collections.abc import Callable
from dataclasses import dataclass

from fastapi import FastAPI

from services.complaints import app as complaints_app
from services.complaints import config as complaints_config
from services.complaints import worker as complaints_worker
from services.customer import app as customer_app
from services.customer import config as customer_config
from services.customer import worker as customer_worker
from services.kpi import app as kpi_app
from services.kpi import config as kpi_config
from services.kpi import worker as kpi_worker
from services.messaging import app as messaging_app
from services.messaging import config as messaging_config
from services.messaging import worker as messaging_worker
from shared import migrations
from shared.runtime import Runtime
from shared.settings import Settings, load
from shared.worker import Worker


@dataclass(frozen=True, slots=True)
class Service:
    """How one service is built, and the port it has when it runs alone."""

    name: str
    port: int
    settings: type[Settings]
    build_app: Callable[[Runtime], FastAPI]
    build_worker: Callable[[Runtime], Worker]


SERVICES = {
    service.name: service
    for service in (
        Service(
            "customer",
            8001,
            customer_config.CustomerSettings,
            customer_app.build_app,
            customer_worker.build_worker,
        ),
        Service(
            "messaging",
            8002,
            messaging_config.MessagingSettings,
            messaging_app.build_app,
            messaging_worker.build_worker,
        ),
        Service(
            "complaints",
            8003,
            complaints_config.ComplaintsSettings,
            complaints_app.build_app,
            complaints_worker.build_worker,
        ),
        Service("kpi", 8004, kpi_config.KpiSettings, kpi_app.build_app, kpi_worker.build_worker),
    )
}


def migrate(settings: Settings) -> None:
    """Bring all databases to their newest form. Not inside a running event loop."""
    settings.own_data_folder()
    for name in SERVICES:
        migrations.upgrade(name, settings.database_url_of(name))


def check_settings() -> dict[str, Settings]:
    """Read the settings of every service; raises `SettingsError` with one line."""
    return {name: load(service.settings) for name, service in SERVICES.items()}
