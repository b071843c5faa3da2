"""What an operator may ask the directory to say again."""

from services.customer.directory import usecases
from shared.resync import Resync
from shared.scheduler import Job

JOBS: list[Job] = []
RESYNCS = [Resync("directory", usecases.resync_directory)]
