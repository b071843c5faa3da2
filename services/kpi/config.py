"""Settings of the KPI service beside the house's own."""

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import Settings


class KpiSettings(Settings):
    """How much a puller of the feeds may ask for at once."""

    model_config = SettingsConfigDict(populate_by_name=True)

    feed_limit: int = Field(
        5000,
        ge=1,
        le=100_000,
        validation_alias="HALL_KPI_FEED_LIMIT",
        description="数据接口一次最多返回的行数",
    )
