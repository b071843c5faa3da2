"""What can go wrong with a period."""

from shared.errors import Conflict, Invalid


class PeriodInvalid(Invalid):
    code = "period-invalid"
    title = "考核期格式有误"
    detail = "考核期应为月份（如 2026-10）或季度（如 2026-Q4）。"


class PeriodAlreadyClosed(Conflict):
    code = "period-closed"
    title = "考核期已结账"
    detail = "考核期 {period} 已结账，成绩不再变动；之后到达的数据不会悄悄改动已公布的成绩。"


class PeriodNotOver(Conflict):
    code = "period-not-over"
    title = "考核期尚未结束"
    detail = "考核期 {period} 尚未结束，结束之后才能关闭。"
