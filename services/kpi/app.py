"""The KPI service's HTTP application: its capabilities' routes and pages."""

from pathlib import Path

from fastapi import FastAPI

from services.kpi.closing import routes as closing
from services.kpi.feeds import routes as feeds
from services.kpi.indicators import routes as indicators
from services.kpi.invariants import pages as invariants_pages
from services.kpi.invariants import routes as invariants
from services.kpi.schemes import routes as schemes
from services.kpi.scoring import pages as scoring_pages
from services.kpi.scoring import routes as scoring
from shared.runtime import Runtime
from shared.web.app import create_app

ROUTERS = (
    indicators.router, schemes.router, scoring.router, scoring_pages.router, closing.router, feeds.router,
    invariants.router, invariants_pages.router,
)  # fmt: skip


def build_app(runtime: Runtime) -> FastAPI:
    return create_app(runtime, "营业厅客户经理 · 考核", ROUTERS, templates=Path(__file__).parent)
