"""Settings of the messaging service: the gateways it may use. Which of them carries what is data, not a setting."""

from typing import Literal, Self

from pydantic import BaseModel, ConfigDict, Field, model_validator

from shared.settings import Settings


class GatewaySettings(BaseModel):
    """How one gateway is reached. Its secrets are in the key ring under `gateway:<name>`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["simulator", "kannel"]
    url: str = Field(description="提交短信的地址")
    username: str = "hall"
    sender: str = Field("106575", description="下发短信的接入号")
    callback_url: str | None = Field(None, description="网关回调我方的地址；不填则用 HALL_PUBLIC_URL")
    sources: tuple[str, ...] = Field(("127.0.0.1", "::1"), description="允许回调的来源地址或网段")
    rate: float | None = Field(None, gt=0, description="每秒最多提交条数；不填则不限")
    parallel: int = Field(20, ge=1, le=200, description="同时提交的条数")
    timeout: float = Field(10, gt=0, le=60, description="等待网关答复的秒数")


class MessagingSettings(Settings):
    """`HALL_MESSAGING_GATEWAYS` is a JSON object of gateways by name; the simulator is there by itself."""

    messaging_gateways: dict[str, GatewaySettings] = Field({}, description="短信网关（JSON）")
    messaging_simulator_url: str | None = Field(
        None, description="短信模拟器地址；不填则为本系统内置的模拟器"
    )
    messaging_lease_seconds: float = Field(30, ge=5, le=600, description="提交中的短信多久没有结果即视为未知")

    @model_validator(mode="after")
    def _lease_outlives_timeouts(self) -> Self:
        longest = max((gateway.timeout for gateway in self.gateway_settings().values()), default=0)
        if self.messaging_lease_seconds <= longest:
            raise ValueError(f"HALL_MESSAGING_LEASE_SECONDS 应大于网关的等待秒数（{longest:g}）")
        return self

    def gateway_settings(self) -> dict[str, GatewaySettings]:
        """Every gateway by name."""
        url = self.messaging_simulator_url or f"{self.public_url}/simulator"
        return {"simulator": GatewaySettings(kind="simulator", url=url), **self.messaging_gateways}

    def callback_of(self, gateway: GatewaySettings) -> str:
        return gateway.callback_url or self.public_url
