"""What can go wrong with runs and scores."""

from shared.errors import NotFound


class ScoreNotFound(NotFound):
    code = "score-not-found"
    title = "未找到成绩"
    detail = "没有找到这条考核成绩，请核对编号；也可能不在您的管辖范围内。"


class RunNotFound(NotFound):
    code = "run-not-found"
    title = "未找到计算批次"
    detail = "没有找到这个计算批次，请核对编号。"
