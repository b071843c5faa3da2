"""What can go wrong with a recommendation."""

from shared.errors import Conflict, Invalid, NotFound


class RecommendationNotFound(NotFound):
    """Nothing was shown under this id, or in another hall: the answer is the same."""

    code = "recommendation-not-found"
    title = "未找到推荐记录"
    detail = "没有这条推荐记录，请先向客户推荐再登记结果；也可能不在您的管辖范围内。"


class AlreadyAnswered(Conflict):
    """A recommendation has one outcome; `outcome` is the one it has."""

    code = "recommendation-answered"
    title = "推荐结果已登记"
    detail = "这条推荐的结果已经登记，不能再改。"


class AnotherProduct(Invalid):
    """The recommendation named with an activation was of another customer or product."""

    code = "recommendation-differs"
    title = "推荐记录不符"
    detail = "所填的推荐记录不是这位客户的这项业务，请核对。"


class ShownMeanwhile(Conflict):
    """Somebody showed the day's recommendations a moment ago; theirs count. Never leaves the service."""

    code = "shown-meanwhile"


class OpportunityNotFound(NotFound):
    """No settled contact of this ticket, or in another hall: the answer is the same."""

    code = "opportunity-not-found"
    title = "未找到服务机会"
    detail = "没有这个服务机会，请核对；也可能不在您的管辖范围内。"


class OpportunityTaken(Conflict):
    """Each settled contact is taken once; `taken_by` says by whom."""

    code = "opportunity-taken"
    title = "服务机会已有人跟进"
    detail = "这位客户已经有人跟进，不必再登记。"


class PolicyExists(Conflict):
    """A policy for this day is there already."""

    code = "policy-exists"
    title = "推荐规则已存在"
    detail = "这一天已有一版推荐规则，请另选生效日期。"
