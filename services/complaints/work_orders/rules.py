"""What a 10086 order's words mean here."""

OPEN, SETTLED, WITHDRAWN = "open", "settled", "withdrawn"

_STATUS = {
    "处理中": OPEN, "待处理": OPEN, "已派单": OPEN, "已受理": OPEN, "未办结": OPEN,
    "已办结": SETTLED, "办结": SETTLED, "已完成": SETTLED, "已归档": SETTLED, "已关闭": SETTLED,
    "已撤销": WITHDRAWN, "撤销": WITHDRAWN, "作废": WITHDRAWN,
}  # fmt: skip


def status_of(text: str) -> str:
    """The status that the file's word means; a word we do not know leaves the order open."""
    return _STATUS.get(text.strip(), OPEN)
