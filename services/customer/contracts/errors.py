"""What can go wrong with contracts."""

from shared.errors import Conflict, Invalid, NotFound


class ContractNotFound(NotFound):
    """No such contract, or one of another hall's customer."""

    code = "contract-not-found"
    title = "未找到合约"
    detail = "没有找到这份合约，请核对编号；也可能不在您的管辖范围内。"


class ReminderNotFound(NotFound):
    """No such reminder, or one of another hall's customer."""

    code = "reminder-not-found"
    title = "未找到提醒"
    detail = "没有找到这条到期提醒，请核对编号；也可能不在您的管辖范围内。"


class ContractExists(Conflict):
    """The customer has a contract of that number already."""

    code = "contract-exists"
    title = "合约编号重复"
    detail = "这位客户已有同一编号的合约。"


class ContractInvalid(Invalid):
    """Its days do not fit together; `errors` say how."""

    code = "contract-invalid"
    title = "合约日期有误"
    detail = "合约日期有误，请按提示更正。"
