"""What an operator may ask the archive to say again."""

from services.customer.archive import usecases
from shared.resync import Resync
from shared.scheduler import Job

JOBS: list[Job] = []
RESYNCS = [Resync("customers", usecases.say_customers_again)]
