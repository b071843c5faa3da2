"""What can go wrong when contacts are logged and follow-ups done."""

from shared.errors import Conflict, Invalid, NotFound


class TouchExists(Conflict):
    """The same person logged the same contact in the same minute; `existing_id` is that one."""

    code = "touch-exists"
    title = "已经登记过"
    detail = "这次接触已经登记过，不必重复登记。"


class TouchInvalid(Invalid):
    """Kind or clerk are unknown; `errors` say which."""

    code = "touch-invalid"
    title = "接触登记有误"
    detail = "登记的接触有误，请按提示修改。"


class TouchInTheFuture(Invalid):
    code = "occurred-in-the-future"
    title = "接触时间有误"
    detail = "接触时间晚于当前时间，请核对。"


class TouchTooEarly(Invalid):
    """A follow-up is not done by a contact from before it began."""

    code = "touch-before-follow-up"
    title = "接触时间有误"
    detail = "接触时间早于本次回访开始的时间，不能用来完成回访。"


class TouchDoesNotQualify(Invalid):
    """This kind of contact is no follow-up; by itself an SMS never is."""

    code = "touch-not-qualifying"
    title = "这种方式不算回访"
    detail = "这种接触方式不算回访，请选择上门、电话或到厅接待。"


class TouchKindNotFound(NotFound):
    code = "touch-kind-not-found"
    title = "没有这种接触方式"
    detail = "没有这种接触方式，请核对代码。"


class FollowUpNotFound(NotFound):
    code = "follow-up-not-found"
    title = "未找到回访"
    detail = "没有找到这次回访，请核对后再试；也可能不在您的管辖范围内。"


class FollowUpClosed(Conflict):
    """It was completed, or the customer left."""

    code = "follow-up-closed"
    title = "回访已结束"
    detail = "这次回访已经完成或结束，请刷新名单。"


class LadderInvalid(Invalid):
    code = "ladder-invalid"
    title = "逾期升级设置有误"
    detail = "逾期升级的天数应从客户经理到营业厅经理再到区县依次增大。"


class LadderStepNotFound(NotFound):
    code = "ladder-step-not-found"
    title = "没有这一级"
    detail = "逾期升级只有客户经理、营业厅经理、区县三级。"
