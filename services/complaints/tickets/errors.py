"""What can go wrong with a ticket."""

from shared.errors import Conflict, Invalid, NotFound


class TicketNotFound(NotFound):
    code = "ticket-not-found"
    title = "未找到工单"
    detail = "没有这张工单，或它不在您的管辖范围内。"


class TransitionNotAllowed(Conflict):
    """The state machine says no; `allowed` lists what it would take."""

    code = "transition-not-allowed"
    title = "当前状态不能这样操作"
    detail = "工单当前为“{status_name}”，不能{action_name}。"


class WorkOrderHasTicket(Conflict):
    code = "work-order-has-ticket"
    title = "该 10086 工单已登记"
    detail = "这个 10086 工单已经有对应的厅内工单（{existing_number}），请在原工单上处理。"


class ReceivedInTheFuture(Invalid):
    code = "received-in-the-future"
    title = "受理时间有误"
    detail = "受理时间晚于当前时间，请核对。"


class RatedByHandler(Conflict):
    code = "rated-by-handler"
    title = "不能自己回访自己"
    detail = "满意度回访应由处理人以外的员工进行，请换人回访。"


class AlreadyRated(Conflict):
    code = "already-rated"
    title = "本次处理已回访"
    detail = "这次处理已经做过满意度回访，不能重复登记。"
