"""What can go wrong with a product."""

from shared.errors import Conflict, Invalid, NotFound


class ProductNotFound(NotFound):
    """No product has this code."""

    code = "product-not-found"
    title = "未找到业务"
    detail = "没有这个业务代码，请核对。"


class ProductExists(Conflict):
    """The code is taken."""

    code = "product-exists"
    title = "业务代码已存在"
    detail = "业务代码“{existing_code}”已存在，请换一个代码，或修改原业务。"


class AudienceInvalid(Invalid):
    """The rule names codes that are in no code table; `errors` say which."""


class ValidityReversed(Invalid):
    """A product would end before it starts."""

    code = "validity-reversed"
    title = "有效期有误"
    detail = "结束日期早于开始日期，请核对。"
