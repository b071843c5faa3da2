"""What is done with sheets: take one in, work through it, give back what was refused, forget it."""

from services.customer.imports.usecases.reports import FetchRejected, fetch_rejected, forget_old_imports
from services.customer.imports.usecases.taking_in import (
    OpenImport,
    Sheet,
    open_import,
    queue_import,
    receive_lines,
)
from services.customer.imports.usecases.working import work_on_imports

__all__ = [
    "FetchRejected",
    "OpenImport",
    "Sheet",
    "fetch_rejected",
    "forget_old_imports",
    "open_import",
    "queue_import",
    "receive_lines",
    "work_on_imports",
]
