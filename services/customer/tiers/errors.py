"""What can go wrong with rules, runs and strategies."""

from shared.errors import Conflict, Invalid, NotFound


class TierRuleNotFound(NotFound):
    code = "tier-rule-not-found"
    title = "未找到等级规则"
    detail = "没有这个版本的客户等级规则，请核对版本号。"


class TierRuleInvalid(Invalid):
    """The definition cannot be meant; `errors` say where."""

    code = "tier-rule-invalid"
    title = "等级规则有误"
    detail = "客户等级规则有误，请按提示修改。"


class TierRulePublished(Conflict):
    """A published version is never changed; the next one is another row."""

    code = "tier-rule-published"
    title = "规则已发布"
    detail = "这个版本已经发布，不能再改；请新建下一个版本。"


class PublicationBackdated(Invalid):
    """A rule cannot take effect in a month that has been rated."""

    code = "publication-backdated"
    title = "生效日期有误"
    detail = "规则的生效日期不能早于今天，已评定的月份不会因新规则而改变。"


class TierRunNotFound(NotFound):
    code = "tier-run-not-found"
    title = "该月尚未评定"
    detail = "这个月还没有评定过客户等级。"


class TierUnknown(NotFound):
    code = "tier-unknown"
    title = "没有这个等级"
    detail = "客户等级只有 A、B、C 三类。"


class StrategyInvalid(Invalid):
    code = "strategy-invalid"
    title = "维系策略有误"
    detail = "最长间隔天数不能小于目标间隔天数。"
