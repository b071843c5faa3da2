"""What can go wrong with checking a record."""

from shared.errors import Conflict


class ChecksOwnRecord(Conflict):
    """Nobody checks the records of their own customers."""

    code = "checks-own-record"
    title = "不能核对自己的客户"
    detail = "档案须由客户经理以外的人核对。"
