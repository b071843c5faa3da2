"""The state machine as data, and the small rules around it."""

from enum import StrEnum


class Status(StrEnum):
    """Where a ticket stands."""

    NEW = "new"
    ASSIGNED = "assigned"
    IN_PROGRESS = "in_progress"
    WAITING = "waiting"
    RESOLVED = "resolved"
    CLOSED = "closed"
    MERGED = "merged"
    WITHDRAWN = "withdrawn"


class Action(StrEnum):
    """What can be done to a ticket."""

    ASSIGN = "assign"
    RESPOND = "respond"
    PAUSE = "pause"
    RESUME = "resume"
    RESOLVE = "resolve"
    CLOSE = "close"
    REOPEN = "reopen"
    ESCALATE = "escalate"
    WITHDRAW = "withdraw"


_NEW, _ASSIGNED, _WORKING, _WAITING = Status.NEW, Status.ASSIGNED, Status.IN_PROGRESS, Status.WAITING
OPEN = (_NEW, _ASSIGNED, _WORKING, _WAITING)
"""A handler still owes something."""

TRANSITIONS: dict[Action, dict[Status, Status]] = {
    Action.ASSIGN: {_NEW: _ASSIGNED, _ASSIGNED: _ASSIGNED, _WORKING: _WORKING, _WAITING: _WAITING},
    Action.RESPOND: {_NEW: _WORKING, _ASSIGNED: _WORKING, _WORKING: _WORKING, _WAITING: _WAITING},
    Action.PAUSE: {_ASSIGNED: _WAITING, _WORKING: _WAITING},
    Action.RESUME: {_WAITING: _WORKING},
    Action.RESOLVE: dict.fromkeys(OPEN, Status.RESOLVED),
    Action.CLOSE: {Status.RESOLVED: Status.CLOSED},
    Action.REOPEN: {Status.RESOLVED: _ASSIGNED, Status.CLOSED: _ASSIGNED},
    Action.ESCALATE: {status: status for status in OPEN},
    Action.WITHDRAW: dict.fromkeys(OPEN, Status.WITHDRAWN),
}

STATUS_NAMES = {
    Status.NEW: "待派单",
    Status.ASSIGNED: "已派单",
    Status.IN_PROGRESS: "处理中",
    Status.WAITING: "等待客户",
    Status.RESOLVED: "已解决",
    Status.CLOSED: "已关闭",
    Status.MERGED: "已合并",
    Status.WITHDRAWN: "已撤销",
}
ACTION_NAMES = {
    Action.ASSIGN: "派单",
    Action.RESPOND: "答复",
    Action.PAUSE: "挂起",
    Action.RESUME: "恢复",
    Action.RESOLVE: "解决",
    Action.CLOSE: "关闭",
    Action.REOPEN: "重开",
    Action.ESCALATE: "升级",
    Action.WITHDRAW: "撤销",
}

LADDER = ("clerk", "hall_manager", "county", "region")
HALL_SOURCES = ("counter", "hall_phone", "sms", "activation_denied")
"""Where a contact was first raised at the hall, as opposed to the 10086 hotline."""
WORK_ORDER = "work_order"
ENQUIRY_KIND, COMPLAINT_KIND = "enquiry", "complaint"
OUT_OF = 5


def next_status(action: Action, status: Status) -> Status | None:
    """The status after the action; None when it is not allowed."""
    return TRANSITIONS[action].get(status)


def allowed_actions(status: Status) -> list[Action]:
    return [action for action, moves in TRANSITIONS.items() if status in moves]


def next_level(level: str) -> str | None:
    """One step up the ladder; None at its top."""
    at = LADDER.index(level)
    return LADDER[at + 1] if at + 1 < len(LADDER) else None


def number_of(hall: str, day: str, sequence: int) -> str:
    """A ticket's number as people say it: hall, business day, sequence of that day."""
    return f"{hall}-{day}-{sequence:04d}"


def is_good(score: int, good_from: int) -> bool:
    """Whether a rating is good; one that is not reopens the ticket."""
    return score >= good_from
