"""What can go wrong with the names of halls and clerks."""

from shared.errors import Invalid, NotFound


class HallNotFound(NotFound):
    code = "hall-not-found"
    title = "未找到营业厅"
    detail = "没有这个营业厅，或它不在您的管辖范围内，请核对营业厅编号。"


class ClerkUnknown(Invalid):
    code = "clerk-unknown"
    title = "没有这名员工"
    detail = "员工号 {clerk} 不在本厅的在岗名单中，请核对。"
