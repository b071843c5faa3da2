"""What can go wrong with reports."""

from shared.errors import Conflict, Forbidden, Invalid, NotFound


class ReportNotFound(NotFound):
    """No such report, or one of another hall."""

    code = "report-not-found"
    title = "未找到报告"
    detail = "没有找到这份报告，请核对编号；也可能不在您的管辖范围内。"


class ReportExists(Conflict):
    """There is one of this clerk, kind and period already; `existing_id` opens it."""

    code = "report-exists"
    title = "报告已存在"
    detail = "这个周期的工作报告已经有了，请打开原报告。"


class ReportSubmittedAlready(Conflict):
    """What was handed in is not changed any more."""

    code = "report-submitted"
    title = "报告已提交"
    detail = "报告已经提交，不能再修改。"


class NotTheAuthor(Forbidden):
    """Nobody writes in another's report."""

    code = "not-the-author"
    title = "只能由本人填写"
    detail = "报告只能由报告人本人修改和提交。"


class PeriodInvalid(Invalid):
    """The period is none of its kind, or has not begun."""

    code = "period-invalid"
    title = "周期有误"
    detail = "周期有误：日报写作 2026-11-25，周报写作 2026-W48，月报写作 2026-11，且须已经开始。"


class ClerkUnknown(Invalid):
    """Nobody of that staff number works at a hall of the caller's area."""

    code = "clerk-unknown"
    title = "工号有误"
    detail = "没有这个工号的在岗营业员，请核对。"
