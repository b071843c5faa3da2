"""The customer service's HTTP application: its capabilities' routes and pages."""

from pathlib import Path

from fastapi import FastAPI

from services.customer.access import pages as access_pages
from services.customer.access import routes as access
from services.customer.access_log import pages as access_log_pages
from services.customer.access_log import routes as access_log
from services.customer.activations import pages as activations_pages
from services.customer.activations import routes as activations
from services.customer.administration import pages as administration_pages
from services.customer.archive import pages as archive_pages
from services.customer.archive import routes as archive
from services.customer.checks import routes as checks
from services.customer.confirmations import pages as confirmation_pages
from services.customer.confirmations import routes as confirmations
from services.customer.consent import routes as consent
from services.customer.contracts import pages as contracts_pages
from services.customer.contracts import routes as contracts
from services.customer.directory import pages as directory_pages
from services.customer.directory import routes as directory
from services.customer.exports import pages as exports_pages
from services.customer.exports import routes as exports
from services.customer.facilities import routes as facilities
from services.customer.handovers import pages as handovers_pages
from services.customer.handovers import routes as handovers
from services.customer.imports import routes as imports
from services.customer.products import pages as products_pages
from services.customer.products import routes as products
from services.customer.purges import pages as purges_pages
from services.customer.purges import routes as purges
from services.customer.recommendations import pages as recommendations_pages
from services.customer.recommendations import routes as recommendations
from services.customer.reports import pages as reports_pages
from services.customer.reports import routes as reports
from services.customer.sales import pages as sales_pages
from services.customer.sales import routes as sales
from services.customer.scripts import pages as scripts_pages
from services.customer.scripts import routes as scripts
from services.customer.surveys import pages as surveys_pages
from services.customer.surveys import routes as surveys
from services.customer.tiers import routes as tiers
from services.customer.touches import pages as touches_pages
from services.customer.touches import routes as touches
from shared.runtime import Runtime
from shared.web.app import create_app

ROUTERS = (
    *(access.router, access_pages.router, directory.router, consent.router),
    *(administration_pages.router, directory_pages.router),
    *(products.router, recommendations.router, activations.router),
    *(archive.router, archive_pages.router, imports.router),
    *(scripts.router, scripts_pages.router),
    *(exports.router, exports_pages.router),
    *(access_log.router, access_log_pages.router),
    *(surveys.router, surveys_pages.router),
    *(confirmations.router, confirmation_pages.router),
    *(tiers.router, touches.router, touches_pages.router),
    *(handovers.router, handovers_pages.router),
    *(purges.router, purges_pages.router),
    *(contracts.router, contracts_pages.router, facilities.router, checks.router),
    *(reports.router, reports_pages.router),
    *(products_pages.router, recommendations_pages.router, activations_pages.router),
    *(sales.router, sales_pages.router),
)


def build_app(runtime: Runtime) -> FastAPI:
    return create_app(runtime, "营业厅客户经理 · 客户服务", ROUTERS, templates=Path(__file__).parent)
