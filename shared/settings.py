"""Settings every process of the house reads: environment variables with the prefix ``HALL_`` or a ``.env`` file.

Wrong settings stop the start with one line in Chinese; nothing here is read again later.
"""

from pathlib import Path
from typing import Any, Literal, Self, TypeVar
from urllib.parse import urlsplit

from pydantic import Field, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

S = TypeVar("S", bound=BaseSettings)

SERVICES = ("customer", "messaging", "complaints", "kpi")


class SettingsError(Exception):
    """The environment does not describe a house that can run; the text is one line for the operator."""


class Settings(BaseSettings):
    """What one process needs to know before it starts. A service subclasses this for its own settings."""

    model_config = SettingsConfigDict(env_prefix="HALL_", env_file=".env", extra="ignore", frozen=True)

    data: Path = Field(Path("data"), description="数据目录")
    database_url: str | None = Field(
        None, description="数据库地址，{service} 代表服务名；不填则用数据目录里的 SQLite"
    )
    database_pool: int = Field(10, ge=1, le=200, description="每个进程的 PostgreSQL 连接数上限")
    bus_url: str = Field("embedded", description="embedded 或 kafka://主机:端口[,主机:端口]")
    topic_partitions: int = Field(6, ge=1, le=1000, description="新建主题的分区数")
    topic_replication: int = Field(1, ge=1, le=10, description="新建主题的副本数")
    keyring: Path | None = Field(None, description="密钥文件；不填则为数据目录下的 keyring.json")
    public_url: str = Field("http://127.0.0.1:8000", description="用户访问的地址")
    issuer_url: str | None = Field(None, description="令牌签发方的 JWKS 地址；不填则用本机密钥文件里的公钥")
    secure_cookies: bool = Field(False, description="是否只在 HTTPS 下发送登录 Cookie")
    rate_limit_client: int = Field(120_000, ge=1, description="每个已认证调用方每分钟的请求上限")
    rate_limit_guest: int = Field(6_000, ge=1, description="每个未认证地址每分钟的请求上限")
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = Field("INFO", description="日志级别")
    otlp_endpoint: str | None = Field(None, description="OpenTelemetry 收集器地址")
    drain_notice_seconds: float = Field(
        0, ge=0, le=120, description="停机时先转为未就绪、再等多少秒才停止接收请求"
    )
    drain_seconds: float = Field(20, gt=0, le=300, description="停机时等待处理完的最长秒数")

    @field_validator("bus_url")
    @classmethod
    def _known_bus(cls, value: str) -> str:
        if value != "embedded" and not value.startswith("kafka://"):
            raise ValueError("应为 embedded 或 kafka://主机:端口")
        return value

    @field_validator("database_url")
    @classmethod
    def _known_database(cls, value: str | None) -> str | None:
        if value is None:
            return None
        if urlsplit(value).scheme not in {"postgresql", "postgresql+asyncpg", "sqlite+aiosqlite"}:
            raise ValueError("应以 postgresql:// 或 sqlite+aiosqlite:// 开头")
        if "{service}" not in value:
            raise ValueError("应包含 {service}，每个服务用自己的数据库")
        return value.replace("postgresql://", "postgresql+asyncpg://", 1)

    @model_validator(mode="after")
    def _distributed_is_whole(self) -> Self:
        if self.bus_url != "embedded" and not self.on_postgresql:
            raise ValueError("使用 Kafka 时 HALL_DATABASE_URL 应指向 PostgreSQL")
        return self

    @property
    def on_postgresql(self) -> bool:
        return bool(self.database_url and self.database_url.startswith("postgresql"))

    def own_data_folder(self) -> Path:
        """The data folder, made on first use for this user's eyes only: customers' names are in it."""
        self.data.mkdir(parents=True, exist_ok=True, mode=0o700)
        return self.data

    @property
    def keyring_path(self) -> Path:
        return self.keyring or self.data / "keyring.json"

    @property
    def bus_servers(self) -> str:
        """Kafka bootstrap servers, comma separated."""
        return self.bus_url.removeprefix("kafka://")

    def database_url_of(self, service: str) -> str:
        if self.database_url is None:
            return f"sqlite+aiosqlite:///{self.data.resolve()}/{service}.sqlite3"
        return self.database_url.replace("{service}", service)


def load(kind: type[S], **overrides: Any) -> S:
    """Read the settings of this process, or raise `SettingsError` with one clear line."""
    try:
        return kind(**overrides)
    except ValidationError as error:
        raise SettingsError("；".join(_line(kind, e) for e in error.errors(include_url=False))) from None


def _line(kind: type[BaseSettings], error: Any) -> str:
    name = error["loc"][0] if error["loc"] else ""
    prefix = kind.model_config.get("env_prefix") or ""
    label = f"{prefix}{name}".upper() if name else "设置"
    return f"{label} 不正确：{error['msg'].removeprefix('Value error, ')}"
