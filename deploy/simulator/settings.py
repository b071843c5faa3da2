"""How the simulator behaves. By default it is a good gateway: a short delay, nothing lost."""

from typing import Self

from pydantic import BaseModel, Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.settings import Settings


class Faults(BaseModel):
    """What goes wrong, each with its probability. The same seed and message always meet the same fate."""

    seed: int = Field(0, description="随机种子")
    delay: float = Field(0.2, ge=0, le=3600, description="回执延迟（秒）")
    jitter: float = Field(0.2, ge=0, le=3600, description="回执延迟的随机部分（秒）")
    loss: float = Field(0, ge=0, le=1, description="丢失回执的概率")
    duplicates: float = Field(0, ge=0, le=1, description="重复回执的概率")
    reorder: float = Field(0, ge=0, le=1, description="回执颠倒次序的概率")
    dead: float = Field(0, ge=0, le=1, description="号码是空号的概率；同一号码总是一样")
    fail: float = Field(0, ge=0, le=1, description="下发失败的概率")
    reject: float = Field(0, ge=0, le=1, description="拒收提交的概率")
    stall: float = Field(0, ge=0, le=1, description="收下但不答复的概率")
    stall_seconds: float = Field(30, ge=0, le=300, description="不答复的秒数")
    forge: float = Field(0, ge=0, le=1, description="签名错误的概率")
    rate: float | None = Field(None, gt=0, description="每秒最多接受条数；超过答复 429")
    segment_receipts: bool = Field(False, description="长短信逐段回执")
    intermediate_receipts: bool = Field(False, description="除最终回执外，也发“已接受”回执")


class SimulatorSettings(BaseSettings, Faults):
    """`HALL_SIMULATOR_…`: the faults, and where to post."""

    model_config = SettingsConfigDict(env_prefix="HALL_SIMULATOR_", env_file=".env", extra="ignore")

    enabled: bool = Field(True, description="是否启用模拟器")
    callback_url: str | None = Field(None, description="回执和上行短信发往的地址；不填则用 HALL_PUBLIC_URL")

    def faults(self) -> Faults:
        return Faults(**self.model_dump(include=set(Faults.model_fields)))

    @classmethod
    def of(cls, house: Settings) -> Self:
        """Read the environment; receipts go to the house unless it says otherwise."""
        settings = cls()
        return settings.model_copy(update={"callback_url": settings.callback_url or house.public_url})
