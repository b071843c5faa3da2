"""What can go wrong with days of the calendar."""

from shared.errors import Invalid, NotFound


class DayNotFound(NotFound):
    """Nothing is noted about the day at that place."""

    code = "calendar-day-not-found"
    title = "日历里没有这一天"
    detail = "日历里没有登记这一天，请核对日期和地点。"


class PlaceUnknown(Invalid):
    """A local day belongs to a county or a hall that exists."""

    code = "place-unknown"
    title = "没有这个地点"
    detail = "没有编码为 {place} 的区县或营业厅，请核对；全部地点请写 *。"


class CalendarFileInvalid(Invalid):
    """The file is taken as a whole or not at all."""

    code = "calendar-file-invalid"
    title = "日历文件有误"
    detail = "日历文件里有 {count} 行有误，整个文件没有导入，请按提示改正后重新导入。"
