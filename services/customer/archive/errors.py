"""What can go wrong with a customer's record."""

from shared.errors import Conflict, Invalid, NotFound


class CustomerNotFound(NotFound):
    """No such customer, or one of another hall: the answer is the same."""

    code = "customer-not-found"
    title = "未找到客户"
    detail = "没有找到这位客户，请核对后再试；也可能不在您的管辖范围内。"


class CustomerLeft(Conflict):
    """The number left the network: the record waits for the cleaning and is not written to any more."""

    code = "customer-left"
    title = "客户已离网"
    detail = "这位客户已离网，档案等待清理，不能再修改；号码重新入网的，请重新入档。"


class CustomerExists(Conflict):
    """The number is already active. `existing_id` opens the record only for those whose area it lies in."""

    code = "customer-exists"
    title = "号码已入档"
    detail = "该号码已有在用档案，不能重复入档。"


class ExternalIdTaken(Conflict):
    """Another customer already carries this source and id."""

    code = "external-id-taken"
    title = "外部编号已被使用"
    detail = "该外部编号已对应另一位客户，请核对。"


class ProfileInvalid(Invalid):
    """The record refers to codes or a clerk that do not exist; `errors` say which."""


class NumberStoredDiffers(Invalid):
    """What was stored in the phone is not the hall's registered name and number; `errors` say which (C2)."""

    code = "number-stored-differs"
    title = "存入的厅名或号码不符"
    detail = "存入客户手机的名称和号码应与营业厅登记的全称和号码完全一致，请按提示更正。"


class RegisteredInTheFuture(Invalid):
    """A customer cannot have been archived later than now."""

    code = "occurred-in-the-future"
    title = "入档时间有误"
    detail = "入档时间晚于当前时间，请核对。"
