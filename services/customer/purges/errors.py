"""What can go wrong with an off-net list or a cleaning as a whole."""

from shared.errors import Conflict, Invalid, NotFound


class OffNetListUnrecognised(Invalid):
    """There is no row of headings with a column of numbers."""

    code = "off-net-list-unrecognised"
    title = "名单格式不符"
    detail = "没有找到离网名单的表头，应有“手机号码”一栏，最好还有“离网时间”一栏。"


class JobNotFound(NotFound):
    """No such list or cleaning, or one of another hall."""

    code = "job-not-found"
    title = "未找到任务"
    detail = "没有找到这个任务，请核对编号；也可能不在您的管辖范围内。"


class MonthNotBegun(Invalid):
    """Nobody has left the network in a month that is still to come."""

    code = "month-not-begun"
    title = "月份有误"
    detail = "这个月还没有开始，不能清理。"


class AlreadyFinished(Conflict):
    """A cleaning that is over cannot be stopped."""

    code = "purge-finished"
    title = "清理已结束"
    detail = "这次清理已经结束，不能再取消。"


class LeftInTheFuture(Invalid):
    """A number cannot have left later than now."""

    code = "left-in-the-future"
    title = "离网时间有误"
    detail = "离网时间晚于当前时间，请核对。"
