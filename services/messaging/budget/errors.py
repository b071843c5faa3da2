"""What can go wrong with the dated settings of a class."""

from shared.errors import Conflict, Invalid, NotFound


class RuleNotFound(NotFound):
    """The class has no setting that begins on that day."""

    code = "class-rule-not-found"
    title = "未找到类别规则"
    detail = "该类短信没有从这一天起生效的规则，请核对类别和日期。"


class RuleBegun(Invalid):
    """What holds already is never changed: messages were decided by it."""

    code = "class-rule-begun"
    title = "规则已经生效"
    detail = "已经生效的规则不能改动，新规则最早从明天起生效。"


class RuleExists(Conflict):
    """One setting of a class a day."""

    code = "class-rule-exists"
    title = "这一天已有规则"
    detail = "该类短信从 {effective_from} 起已有规则，请先撤回再重新设置。"


class RuleInvalid(Invalid):
    """Exempt classes are a closed list, and nothing can be held back that the pool does not have."""

    code = "class-rule-invalid"
    title = "类别规则不成立"
    detail = "通知、确认、回执类不占上限，其他类别必须占用上限；为其他类别保留的名额不能多于上限。"
