"""What can go wrong with a customer."""

from shared.errors import NotFound


class CustomerNotFound(NotFound):
    code = "customer-not-found"
    title = "未找到客户"
    detail = "档案中没有这位客户，或客户不在您的管辖范围内。"
