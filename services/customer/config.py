"""Settings of the customer service beside the house's own."""

from typing import Self

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import Settings, load


class CustomerSettings(Settings):
    """How hard passwords are hashed and how long tokens and sessions last."""

    model_config = SettingsConfigDict(populate_by_name=True)

    argon2_time_cost: int = Field(
        2, ge=1, le=20, validation_alias="HALL_CUSTOMER_ARGON2_TIME_COST", description="argon2id 迭代次数"
    )
    argon2_memory_kib: int = Field(
        19456,
        ge=8,
        le=1_048_576,
        validation_alias="HALL_CUSTOMER_ARGON2_MEMORY_KIB",
        description="argon2id 内存（KiB）",
    )
    argon2_threads: int = Field(
        2,
        ge=1,
        le=32,
        validation_alias="HALL_CUSTOMER_ARGON2_THREADS",
        description="同时计算 argon2id 的线程数",
    )
    token_minutes: int = Field(
        60, ge=1, le=1440, validation_alias="HALL_CUSTOMER_TOKEN_MINUTES", description="访问令牌有效分钟数"
    )
    session_hours: int = Field(
        12, ge=1, le=168, validation_alias="HALL_CUSTOMER_SESSION_HOURS", description="网页登录有效小时数"
    )

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The service's own settings, where a runtime was opened with the house's only."""
        return settings if isinstance(settings, cls) else load(cls, **settings.model_dump())
