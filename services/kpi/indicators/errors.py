"""What can go wrong with an indicator."""

from shared.errors import NotFound


class IndicatorNotFound(NotFound):
    code = "indicator-not-found"
    title = "未找到指标"
    detail = "没有找到这个考核指标，请核对指标代码。"
