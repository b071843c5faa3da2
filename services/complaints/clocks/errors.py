"""What can go wrong with policies and calendars."""

from shared.errors import Invalid, NotFound


class PolicyNotFound(NotFound):
    code = "policy-not-found"
    title = "未找到时限规则"
    detail = "没有这个版本的时限规则。"


class PolicyInvalid(Invalid):
    code = "policy-invalid"
    title = "时限规则有误"
    detail = "时限规则有误：{reason}"


class CalendarInvalid(Invalid):
    code = "calendar-invalid"
    title = "营业日历有误"
    detail = "营业日历有误：{reason}"
