"""What can go wrong with messages."""

from shared.errors import NotFound


class MessageNotFound(NotFound):
    """No such message, or outside the caller's area."""

    code = "message-not-found"
    title = "未找到短信"
    detail = "没有找到这条短信，请核对编号；也可能不在您的管辖范围内。"
