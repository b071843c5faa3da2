"""The complaints service's HTTP application: its capabilities' routes."""

from pathlib import Path

from fastapi import FastAPI

from services.complaints.callbacks import routes as callbacks
from services.complaints.catalogue import routes as catalogue
from services.complaints.clocks import routes as clocks
from services.complaints.diversion import routes as diversion
from services.complaints.exports import routes as exports
from services.complaints.imports import routes as imports
from services.complaints.tickets import routes as tickets
from services.complaints.work_orders import routes as work_orders
from shared.runtime import Runtime
from shared.web.app import create_app

ROUTERS = (
    tickets.router,
    callbacks.router,
    catalogue.router,
    clocks.router,
    work_orders.router,
    imports.router,
    diversion.router,
    exports.router,
)


def build_app(runtime: Runtime) -> FastAPI:
    return create_app(runtime, "营业厅客户经理 · 投诉服务", ROUTERS, templates=Path(__file__).parent)
