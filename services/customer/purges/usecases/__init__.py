"""What is done when people go: note that they left, clean monthly, erase on request."""

from services.customer.purges.usecases.cleaning import (
    StartPurge,
    cancel_purge,
    forget_old_lists,
    prepare_cleaning,
    start_purge,
    work_on_purges,
)
from services.customer.purges.usecases.erasing import (
    EraseCustomer,
    erase,
    erase_customer,
    erase_who_withdrew,
)
from services.customer.purges.usecases.leaving import (
    FetchRejected,
    List,
    MarkLeft,
    OpenList,
    fetch_rejected,
    mark_left,
    open_list,
    queue_list,
    receive_lines,
    work_on_lists,
)

__all__ = [
    "EraseCustomer",
    "FetchRejected",
    "List",
    "MarkLeft",
    "OpenList",
    "StartPurge",
    "cancel_purge",
    "erase",
    "erase_customer",
    "erase_who_withdrew",
    "fetch_rejected",
    "forget_old_lists",
    "mark_left",
    "open_list",
    "prepare_cleaning",
    "queue_list",
    "receive_lines",
    "start_purge",
    "work_on_lists",
    "work_on_purges",
]
