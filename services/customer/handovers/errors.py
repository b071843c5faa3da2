"""What can go wrong when customers are handed over."""

from shared.errors import Conflict, Invalid, NotFound


class HandoverInvalid(Invalid):
    """Nobody, or nobody of the caller's, can take the customers over; `errors` say why."""

    code = "handover-invalid"
    title = "移交有误"
    detail = "移交的内容有误，请按提示修改。"


class HandoverBackdated(Invalid):
    """What is past keeps its credit, so nothing is handed over for the past."""

    code = "handover-backdated"
    title = "生效日期有误"
    detail = "移交的生效日期不能早于今天：已经过去的日子仍记在原客户经理名下。"


class HandoverNotFound(NotFound):
    code = "handover-not-found"
    title = "未找到移交"
    detail = "没有找到这次移交；也可能不在您的管辖范围内。"


class ClerkUnknown(NotFound):
    """No such clerk, or none whose customers the caller may see."""

    code = "clerk-not-found"
    title = "未找到营业员"
    detail = "没有找到这个工号；也可能不在您的管辖范围内。"


class SameClerk(Conflict):
    code = "same-clerk"
    title = "客户经理没有变化"
    detail = "这位客户现在就由该客户经理维系，不必移交。"
