"""What can go wrong with plans."""

from shared.errors import Conflict, Invalid, NotFound


class PlanNotFound(NotFound):
    """No such plan, or outside the caller's area."""

    code = "plan-not-found"
    title = "未找到短信计划"
    detail = "没有找到这份短信计划，请核对编号；也可能不在您的管辖范围内。"


class PlanInvalid(Invalid):
    """The plan cannot be made as asked."""

    code = "plan-invalid"
    title = "短信计划有误"
    detail = "短信计划有误：{reason}。"


class PlanExists(Conflict):
    """Every hall that was named has one of this kind already."""

    code = "plan-exists"
    title = "已有短信计划"
    detail = "所选营业厅都已有这一期的短信计划，请修改原计划。"


class PlanState(Conflict):
    """An approved plan is what was approved; a cancelled one is over."""

    code = "plan-state"
    title = "当前状态不能这样操作"
    detail = "短信计划现在是“{state_name}”，不能这样操作。"


class PlanApproverIsAuthor(Conflict):
    """Content is approved by somebody other than who wrote it."""

    code = "approver-is-author"
    title = "不能审批自己写的计划"
    detail = "短信计划要由撰写人以外的人审批。"
