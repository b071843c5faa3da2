"""The messaging service over HTTP."""

from pathlib import Path

from fastapi import FastAPI

from services.messaging.analysis import pages as analysis_pages
from services.messaging.analysis import routes as analysis
from services.messaging.budget import routes as budget
from services.messaging.calendar import pages as calendar_pages
from services.messaging.calendar import routes as calendar
from services.messaging.campaigns import pages as campaign_pages
from services.messaging.campaigns import routes as campaigns
from services.messaging.dispatch import routes as dispatch
from services.messaging.dispatch.gateways import open_gateways
from services.messaging.explanations import pages as explanation_pages
from services.messaging.explanations import routes as explanations
from services.messaging.exports import routes as exports
from services.messaging.inbound import pages as inbound_pages
from services.messaging.inbound import routes as inbound
from services.messaging.messages import pages as message_pages
from services.messaging.messages import routes as messages
from services.messaging.planning import routes as planning
from services.messaging.plans import pages as plan_pages
from services.messaging.plans import routes as plans
from services.messaging.proofs import routes as proofs
from services.messaging.receipts import routes as receipts
from services.messaging.suppression import pages as suppression_pages
from services.messaging.suppression import routes as suppression
from services.messaging.templates import pages as template_pages
from services.messaging.templates import routes as templates
from shared.runtime import Runtime
from shared.web.app import create_app

ROUTERS = [
    planning.router,
    messages.router,
    budget.router,
    templates.router,
    receipts.router,
    dispatch.router,
    proofs.router,
    campaigns.router,
    campaign_pages.router,
    template_pages.router,
    inbound_pages.router,
    message_pages.router,
    suppression_pages.router,
    analysis_pages.router,
    analysis.router,
    inbound.router,
    suppression.router,
    suppression.numbers_router,
    calendar.router,
    calendar_pages.router,
    exports.router,
    plans.router,
    plan_pages.router,
    explanations.router,
    explanation_pages.router,
]


def build_app(runtime: Runtime) -> FastAPI:
    """Raises SettingsError where a gateway cannot be opened."""
    open_gateways(runtime)
    return create_app(
        runtime,
        "短信服务",
        ROUTERS,
        templates=Path(__file__).parent,
        unlimited=(receipts.router.prefix,),
    )
