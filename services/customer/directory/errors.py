"""What can go wrong in the directory."""

from shared.errors import Conflict, Invalid, NotFound


class CountyNotFound(NotFound):
    """No such county, or outside the caller's area."""

    code = "county-not-found"
    title = "未找到区县"
    detail = "没有找到这个区县，请核对编码；也可能不在您的管辖范围内。"


class HallNotFound(NotFound):
    """No such hall, or outside the caller's area."""

    code = "hall-not-found"
    title = "未找到营业厅"
    detail = "没有找到这个营业厅，请核对编码；也可能不在您的管辖范围内。"


class ClerkNotFound(NotFound):
    """No such clerk, or outside the caller's area."""

    code = "clerk-not-found"
    title = "未找到营业员"
    detail = "没有找到这个营业员，请核对工号；也可能不在您的管辖范围内。"


class CountyExists(Conflict):
    """The county's code is taken."""

    code = "county-exists"
    title = "区县已存在"
    detail = "编码为 {existing_code} 的区县已经存在。"


class HallExists(Conflict):
    """The hall's code is taken."""

    code = "hall-exists"
    title = "营业厅已存在"
    detail = "编码为 {existing_code} 的营业厅已经存在。"


class ClerkExists(Conflict):
    """The staff number is taken."""

    code = "clerk-exists"
    title = "营业员已存在"
    detail = "工号为 {existing_code} 的营业员已经存在。"


class PlaceUnknown(Invalid):
    """A body names a county or hall that is not in the directory, or not in the caller's part of it."""

    code = "place-unknown"
    title = "区县或营业厅不存在"
    detail = "内容中的区县或营业厅不存在，请核对编码。"


class PlaceMismatch(Invalid):
    """A role of a hall without a hall, of a county without a county, or a place where none belongs."""

    code = "place-mismatch"
    title = "角色与所属单位不符"
    detail = "角色 {role} 需要指定：{needed}。"


class DatesReversed(Invalid):
    """Something would end before it began."""

    code = "dates-reversed"
    title = "日期前后颠倒"
    detail = "结束日期不能早于开始日期。"


class MoveTooEarly(Invalid):
    """A move would rewrite posts that lie behind."""

    code = "move-too-early"
    title = "调动日期太早"
    detail = "调动日期不能早于现任岗位的开始日期 {since}，以前的任职记录不能改写。"


class NotEmployed(Invalid):
    """A move on a day on which the clerk is not employed."""

    code = "not-employed"
    title = "不在任职期内"
    detail = "调动日期不在该营业员的任职期内。"


class HallStillStaffed(Conflict):
    """A hall closes once its staff have other posts."""

    code = "hall-still-staffed"
    title = "营业厅还有在岗人员"
    detail = "请先调动或办理离任：{staff}，再关闭营业厅。"
