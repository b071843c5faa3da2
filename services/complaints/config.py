"""Settings of the complaints service beside the house's own."""

from typing import Self

from pydantic import Field
from pydantic_settings import SettingsConfigDict

from shared.settings import Settings, load


class ComplaintsSettings(Settings):
    """What counts as a good rating, and how long a 10086 order undoes a contact at the hall."""

    model_config = SettingsConfigDict(populate_by_name=True)

    good_score: int = Field(
        3,
        ge=1,
        le=5,
        validation_alias="HALL_COMPLAINTS_GOOD_SCORE",
        description="回访评分达到几分算满意（满分 5）",
    )
    diversion_window_days: int = Field(
        7, ge=1, le=90, validation_alias="HALL_COMPLAINTS_DIVERSION_WINDOW_DAYS",
        description="到厅后多少天内又有同类 10086 工单就不算分流成功",
    )  # fmt: skip

    @classmethod
    def of(cls, settings: Settings) -> Self:
        """The service's own settings, where a runtime was opened with the house's only."""
        return settings if isinstance(settings, cls) else load(cls, **settings.model_dump())
