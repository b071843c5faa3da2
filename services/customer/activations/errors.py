"""What can go wrong with an activation."""

from shared.errors import Conflict, Invalid, NotFound


class ActivationNotFound(NotFound):
    """No such activation, or one of another hall: the answer is the same."""

    code = "activation-not-found"
    title = "未找到办理记录"
    detail = "没有这条业务办理记录，请核对；也可能不在您的管辖范围内。"


class EvidenceRequired(Invalid):
    """Nothing is opened without the customer's word (C11)."""

    code = "evidence-required"
    title = "缺少客户同意的凭证"
    detail = "办理业务必须有客户同意的凭证：签字单、短信验证码或录音，请填写凭证种类和编号。"


class EvidenceUsed(Conflict):
    """One piece of evidence stands for one activation; `existing_id` is the one it stands for."""

    code = "evidence-used"
    title = "凭证已用过"
    detail = "这份凭证已用于另一笔业务办理，一份凭证只能办理一笔。"


class ActivationInvalid(Invalid):
    """The product or the clerk does not exist; `errors` say which."""


class ActivatedInTheFuture(Invalid):
    """A product cannot have been opened later than now."""

    code = "occurred-in-the-future"
    title = "办理时间有误"
    detail = "办理时间晚于当前时间，请核对。"
