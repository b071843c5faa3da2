"""What can go wrong with the list of numbers that must not be written to."""

from shared.errors import Conflict, NotFound


class SuppressionNotFound(NotFound):
    """No such entry, or outside the caller's area."""

    code = "suppression-not-found"
    title = "未找到禁发记录"
    detail = "没有找到这条禁发记录，请核对编号；也可能不在您的管辖范围内。"


class SuppressionLifted(Conflict):
    """Somebody has lifted it already."""

    code = "suppression-lifted"
    title = "禁发已解除"
    detail = "这条禁发记录已经解除。"


class OptOutStands(Conflict):
    """What the customer said only the customer can take back."""

    code = "opt-out-stands"
    title = "客户退订不能人工解除"
    detail = "客户自己退订的，只有客户重新同意后才能再发；请到档案里登记客户的同意。"
