"""The adapters: one file a technology, each through the same contract tests."""

from typing import cast

from services.messaging.config import GatewaySettings, MessagingSettings
from services.messaging.dispatch.gateways.cloud_mas import CloudMasGateway
from services.messaging.dispatch.gateways.kannel import KannelGateway
from services.messaging.dispatch.gateways.simulator import SimulatorGateway
from services.messaging.dispatch.gateways.smpp import LONGEST_NAME, LONGEST_PASSWORD, SmppGateway
from services.messaging.dispatch.ports import Gateway
from shared.runtime import Runtime
from shared.settings import SettingsError

GIVEN_TO_US = ("kannel", "cloud_mas", "smpp")
"""Kinds whose password the other side has chosen: one that we derive would be refused."""


def open_gateways(runtime: Runtime) -> dict[str, Gateway]:
    """Every gateway the settings name, opened once a process. Raises SettingsError where a secret is missing."""
    settings = cast("MessagingSettings", runtime.settings)
    kept, opened_for = runtime.opened.get("gateways", ({}, None))
    if opened_for is not settings:
        named = settings.gateway_settings().items()
        kept = {name: _open(runtime, settings, name, gateway) for name, gateway in named}
        runtime.opened["gateways"] = (kept, settings)
    return cast("dict[str, Gateway]", kept)


def _open(runtime: Runtime, settings: MessagingSettings, name: str, gateway: GatewaySettings) -> Gateway:
    http, keyring = runtime.http, runtime.keyring
    if gateway.kind in GIVEN_TO_US and f"gateway:{name}" not in keyring.named:
        raise SettingsError(f"密钥文件的 secrets 里没有 gateway:{name}：短信网关 {name} 的密码应由对方给出")
    if gateway.kind == "kannel":
        return KannelGateway(name, gateway, http, keyring, settings.callback_of(gateway))
    if gateway.kind == "cloud_mas":
        return CloudMasGateway(name, gateway, http, keyring, runtime.phones)
    if gateway.kind == "smpp":
        if len(keyring.secret(f"gateway:{name}")) > LONGEST_PASSWORD or len(gateway.username) > LONGEST_NAME:
            raise SettingsError(
                f"SMPP 网关 {name} 的用户名最长 {LONGEST_NAME} 位，密码最长 {LONGEST_PASSWORD} 位"
            )
        return SmppGateway(name, gateway, keyring, runtime.phones)
    return SimulatorGateway(name, gateway, http, keyring)
