"""Settings of the messaging service: the gateways it may use. Which of them carries what is data, not a setting."""

from collections.abc import Mapping
from ipaddress import ip_network
from typing import Any, Literal, Self
from urllib.parse import urlsplit
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    ValidatorFunctionWrapHandler,
    field_validator,
    model_validator,
)

from shared.settings import Settings

COUNTED_BY_THE_PLATFORM = 5000
"""More numbers than that in one request are refused by 云MAS (TooManyMobiles)."""


class CloudMasSettings(BaseModel):
    """What only China Mobile's 云MAS asks for. Its secretKey is `gateway:<name>` in the key ring."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    ec_name: str = Field(description="集团名称（ecName）")
    ap_id: str = Field(description="接口账号（apId）")
    sign: str = Field(description="签名编码（sign），不是签名文字")
    signs: Mapping[str, str] = Field({}, description="按签名文字（不含【】）选用的其他签名编码")
    signature: Literal["platform", "text"] = Field(
        "platform", description="签名由平台按编码加（platform），还是随正文提交（text）"
    )
    serial: str = Field("", max_length=20, pattern=r"^\d*$", description="扩展码（addSerial）")
    templates: Mapping[str, str] = Field(
        {}, description="平台模板：templateId 对应的文字，变量处写 {}；文字相符的短信走模板接口"
    )
    no_params: Literal["[]", '[""]'] = Field("[]", description="模板没有变量时 params 的写法，按省内要求")
    secret_in_body: bool = Field(True, description="请求里是否带 secretKey（mac 里总有）")
    content_type: str = Field("text/plain;charset=UTF-8", description="请求的 Content-Type")
    batch: int = Field(
        1, ge=1, le=COUNTED_BY_THE_PLATFORM, description="同样文字的短信最多合并多少个号码提交"
    )
    ordinary_path: str = Field("/sms/norsubmit", pattern="^/", description="普通短信接口的路径")
    template_path: str = Field("/sms/tmpsubmit", pattern="^/", description="模板短信接口的路径")


class SmppSettings(BaseModel):
    """What only SMPP 3.4 asks for. The password is `gateway:<name>` in the key ring."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    system_type: str = Field("", max_length=12)
    service_type: str = Field("", max_length=5)
    source_ton: int = Field(0, ge=0, le=6, description="接入号类型（TON）")
    source_npi: int = Field(0, ge=0, le=18, description="接入号编号方案（NPI）")
    number: Literal["national", "international"] = Field(
        "national", description="手机号写成 11 位（national）还是以 86 开头（international）"
    )
    long: Literal["udh", "payload"] = Field(
        "udh", description="长短信逐段提交（udh），还是放在 message_payload"
    )
    answer_ids: Literal["text", "decimal", "hex"] = Field("text", description="提交应答里消息编号的写法")
    receipt_ids: Literal["text", "decimal", "hex"] = Field("text", description="回执里消息编号的写法")
    zone: str = Field("Asia/Shanghai", description="回执时间所在的时区")
    enquire_seconds: float = Field(30, ge=1, le=600, description="链路检测的间隔秒数")

    @field_validator("zone")
    @classmethod
    def _known_zone(cls, value: str) -> str:
        try:
            ZoneInfo(value)
        except (ZoneInfoNotFoundError, ValueError):
            raise ValueError(f"没有 {value} 这个时区") from None
        return value


SCHEMES = {"smpp": ("smpp://", "smpps://")}


class GatewaySettings(BaseModel):
    """How one gateway is reached. Its secrets are in the key ring under `gateway:<name>`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    kind: Literal["simulator", "kannel", "cloud_mas", "smpp"]
    url: str = Field(description="提交短信的地址")
    username: str = "hall"
    sender: str = Field("106575", description="下发短信的接入号")
    callback_url: str | None = Field(None, description="网关回调我方的地址；不填则用 HALL_PUBLIC_URL")
    sources: tuple[str, ...] = Field(("127.0.0.1", "::1"), description="允许回调的来源地址或网段")
    rate: float | None = Field(None, gt=0, description="每秒最多提交条数；不填则不限")
    parallel: int = Field(20, ge=1, le=200, description="同时提交的条数")
    timeout: float = Field(10, gt=0, le=60, description="等待网关答复的秒数")
    cloud_mas: CloudMasSettings | None = Field(None, description="云MAS 的参数，kind 为 cloud_mas 时必填")
    smpp: SmppSettings | None = Field(None, description="SMPP 的参数，kind 为 smpp 时可填")

    @field_validator("sources")
    @classmethod
    def _networks(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for source in value:
            try:
                ip_network(source)
            except ValueError:
                raise ValueError(f"{source} 不是地址或网段") from None
        return value

    @model_validator(mode="after")
    def _whole(self) -> Self:
        if (self.kind == "cloud_mas") != (self.cloud_mas is not None):
            raise ValueError("cloud_mas 这一节与 kind 为 cloud_mas 必须同时出现")
        if self.kind != "smpp" and self.smpp is not None:
            raise ValueError("smpp 这一节只用于 kind 为 smpp 的网关")
        schemes = SCHEMES.get(self.kind, ("http://", "https://"))
        if not self.url.startswith(schemes) or not urlsplit(self.url).hostname:
            raise ValueError(f"url 应以 {' 或 '.join(schemes)} 开头")
        return self

    @property
    def longest(self) -> float:
        """Seconds in which a submission has surely ended: a batch that is refused is tried one by one."""
        return self.timeout * (2 if self.cloud_mas and self.cloud_mas.batch > 1 else 1)


class MessagingSettings(Settings):
    """`HALL_MESSAGING_GATEWAYS` is a JSON object of gateways by name; the simulator is there by itself."""

    messaging_gateways: dict[str, GatewaySettings] = Field({}, description="短信网关（JSON）")
    messaging_simulator_url: str | None = Field(
        None, description="短信模拟器地址；不填则为本系统内置的模拟器"
    )
    messaging_lease_seconds: float = Field(30, ge=5, le=600, description="提交中的短信多久没有结果即视为未知")

    @field_validator("messaging_gateways", mode="wrap")
    @classmethod
    def _said_in_one_line(cls, value: Any, check: ValidatorFunctionWrapHandler) -> Any:
        """What is wrong and where, as an operator reads it."""
        try:
            return check(value)
        except ValidationError as error:
            raise ValueError("；".join(_complaint(e) for e in error.errors(include_url=False)[:5])) from None

    messaging_retention_months: int = Field(
        6, ge=5, le=120, description="已发短信和回复的内容、号码保存几个月（依规定不少于 5 个月）"
    )
    messaging_consent_retention_months: int = Field(
        5, ge=5, le=120, description="客户关系结束后，同意记录再保存几个月（依规定不少于 5 个月）"
    )

    @model_validator(mode="after")
    def _lease_outlives_timeouts(self) -> Self:
        longest = max((gateway.longest for gateway in self.gateway_settings().values()), default=0)
        if self.messaging_lease_seconds <= longest:
            raise ValueError(f"HALL_MESSAGING_LEASE_SECONDS 应大于网关的等待秒数（{longest:g}）")
        return self

    def gateway_settings(self) -> dict[str, GatewaySettings]:
        """Every gateway by name."""
        url = self.messaging_simulator_url or f"{self.public_url}/simulator"
        return {"simulator": GatewaySettings(kind="simulator", url=url), **self.messaging_gateways}

    def callback_of(self, gateway: GatewaySettings) -> str:
        return gateway.callback_url or self.public_url


def _complaint(error: Any) -> str:
    """One thing that is wrong with the gateways, without the value: it may be somebody's account."""
    where, context = ".".join(str(part) for part in error["loc"]) or "网关", error.get("ctx", {})
    said = {
        "missing": "没有填写",
        "extra_forbidden": "没有这个参数",
        "literal_error": f"只能是 {context.get('expected', '').replace(' or ', ' 或 ')}",
        "value_error": error["msg"].removeprefix("Value error, "),
    }
    return f"{where} {said.get(error['type'], '的值不对')}"
