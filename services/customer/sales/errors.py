"""What can go wrong with a sales campaign."""

from shared.errors import Invalid, NotFound


class SalesCampaignNotFound(NotFound):
    """No such campaign, or one of another county: the answer is the same."""

    code = "sales-campaign-not-found"
    title = "未找到营销活动"
    detail = "没有这个营销活动，请核对；也可能不在您的管辖范围内。"


class SalesCampaignInvalid(Invalid):
    """The campaign names products, halls or clerks that do not exist; `errors` say which."""


class PeriodReversed(Invalid):
    """A campaign would end before it starts."""

    code = "period-reversed"
    title = "活动期有误"
    detail = "结束日期早于开始日期，请核对。"
