"""What can go wrong with surveys."""

from shared.errors import Conflict, Invalid, NotFound


class SurveyNotFound(NotFound):
    """No such survey."""

    code = "survey-not-found"
    title = "未找到问卷"
    detail = "没有找到这份问卷，请核对编码。"


class InvitationNotFound(NotFound):
    """No such invitation, one of another hall, or a link that was used or has ended: the answer is the same."""

    code = "survey-invitation-not-found"
    title = "未找到评价邀请"
    detail = "没有找到这次评价，可能已经评价过、已经过期，或不在您的管辖范围内。"


class SurveyExists(Conflict):
    """The code is taken."""

    code = "survey-exists"
    title = "问卷已存在"
    detail = "编码为 {existing_code} 的问卷已经存在。"


class SurveyEnded(Conflict):
    """Nobody is invited to a survey that is no longer asked."""

    code = "survey-ended"
    title = "问卷已停用"
    detail = "这份问卷已经停用，不能再邀请客户。"


class AskedTooSoon(Conflict):
    """The customer was asked a short while ago."""

    code = "survey-too-soon"
    title = "不宜再次打扰客户"
    detail = "这位客户最近已被邀请过评价，{free_on} 起才可以再次邀请。"


class AlreadyInvited(Conflict):
    """This contact has its invitation."""

    code = "survey-already-invited"
    title = "这次服务已邀请过"
    detail = "这次服务已经邀请客户评价过。"


class AlreadyAnswered(Conflict):
    """An invitation is answered once."""

    code = "survey-already-answered"
    title = "已经评价过"
    detail = "这次评价已经记录，不能更改。"


class InvitationOver(Conflict):
    """The invitation has expired or was withdrawn."""

    code = "survey-expired"
    title = "评价已过期"
    detail = "这次评价的期限已过，或已不再需要。"


class RatedByServer(Conflict):
    """Nobody rates himself: who served neither records the answer nor gets the link."""

    code = "survey-rated-by-server"
    title = "不能由服务者本人记录评价"
    detail = "评价要由另一位同事记录，服务者本人不能记录，也不能取得评价链接。"


class AnswersInvalid(Invalid):
    """The scores do not fit the questions."""

    code = "survey-answers-invalid"
    title = "评价有误"
    detail = "评价与问卷的题目不一致，请按提示修改。"


class ServerUnknown(Invalid):
    """Who served is not a clerk that the caller may name."""

    code = "clerk-unknown"
    title = "工号不存在"
    detail = "没有找到这位营业员，请核对工号。"


class ClerkRequired(Invalid):
    """A machine has to say which clerk stands before it."""

    code = "clerk-required"
    title = "缺少工号"
    detail = "请写明是哪位营业员（clerk）。"
