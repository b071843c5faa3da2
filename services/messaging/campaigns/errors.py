"""What can go wrong with campaigns."""

from shared.errors import Conflict, Invalid, NotFound


class CampaignNotFound(NotFound):
    """No such campaign, or outside the caller's area."""

    code = "campaign-not-found"
    title = "未找到群发任务"
    detail = "没有找到这个群发任务，请核对编号；也可能不在您的管辖范围内。"


class CampaignState(Conflict):
    """The campaign's state does not allow it; `allowed` tells what it does."""

    code = "campaign-state"
    title = "当前状态不能这样操作"
    detail = "群发任务现在是“{state_name}”，不能这样操作。"


class CampaignInvalid(Invalid):
    """The campaign cannot be made as asked."""

    code = "campaign-invalid"
    title = "群发任务有误"
    detail = "群发任务有误，请按提示修改。"


class HeadCountDiffers(Invalid):
    """The number that was repeated is not the one that was counted."""

    code = "head-count-differs"
    title = "人数不一致"
    detail = "填写的人数与统计的人数不一致，请核对名单人数后再审批。"


class ApproverIsAuthor(Conflict):
    """A campaign is approved by somebody other than its author."""

    code = "approver-is-author"
    title = "不能审批自己建的任务"
    detail = "群发任务要由建立者以外的人审批。"


class AudienceEmpty(Conflict):
    """Nobody fits the filter."""

    code = "audience-empty"
    title = "没有符合条件的客户"
    detail = "没有符合条件的客户，请放宽条件后另建任务。"


class CampaignOver(Conflict):
    """Its last moment has passed."""

    code = "campaign-over"
    title = "任务已过截止时间"
    detail = "群发任务的截止时间已过，请另建任务。"


class WordsChanged(Conflict):
    """The template has another version in use than the one that was approved with the campaign."""

    code = "words-changed"
    title = "模板已换版本"
    detail = "模板在审批之后换了新版本，发出的内容会与审批的不同，请取消后另建任务。"
