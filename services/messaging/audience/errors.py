"""What can go wrong when somebody asks for a customer or a hall."""

from shared.errors import NotFound


class CustomerNotFound(NotFound):
    """No such customer, gone, or outside the caller's area."""

    code = "customer-not-found"
    title = "未找到客户"
    detail = "没有找到这位客户，请核对编号；也可能不在您的管辖范围内。"


class HallNotFound(NotFound):
    """No such hall, or outside the caller's area."""

    code = "hall-not-found"
    title = "未找到营业厅"
    detail = "没有找到这个营业厅，请核对编码；也可能不在您的管辖范围内。"
