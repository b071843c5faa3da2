"""The adapters: one file a technology, each through the same contract tests."""

from typing import cast

from services.messaging.config import MessagingSettings
from services.messaging.dispatch.gateways.kannel import KannelGateway
from services.messaging.dispatch.gateways.simulator import SimulatorGateway
from services.messaging.dispatch.ports import Gateway
from shared.runtime import Runtime


def open_gateways(runtime: Runtime) -> dict[str, Gateway]:
    """Every gateway the settings name."""
    settings = cast("MessagingSettings", runtime.settings)
    gateways: dict[str, Gateway] = {}
    for name, gateway in settings.gateway_settings().items():
        if gateway.kind == "kannel":
            gateways[name] = KannelGateway(
                name, gateway, runtime.http, runtime.keyring, settings.callback_of(gateway)
            )
        else:
            gateways[name] = SimulatorGateway(name, gateway, runtime.http, runtime.keyring)
    return gateways
