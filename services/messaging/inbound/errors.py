"""What can go wrong with replies and the words they are read by."""

from shared.errors import Conflict, Invalid, NotFound


class ReplyNotFound(NotFound):
    """No such reply, or outside the caller's area."""

    code = "reply-not-found"
    title = "未找到回复短信"
    detail = "没有找到这条回复短信，请核对编号；也可能不在您的管辖范围内。"


class ReplySettled(Conflict):
    """The sender is known, or somebody has dealt with it."""

    code = "reply-settled"
    title = "回复已有人处理"
    detail = "这条回复已经找到客户或已有人处理，不用再处理。"


class WordsInvalid(Invalid):
    """The table of words breaks a rule."""

    code = "reply-words-invalid"
    title = "回复词表有误"
    detail = "回复词表有误，请按提示修改。"
