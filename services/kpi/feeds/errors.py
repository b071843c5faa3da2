"""What can go wrong with feeds and exports."""

from shared.errors import Invalid


class FeedLimitTooHigh(Invalid):
    code = "limit-too-high"
    title = "一次拉取过多"
    detail = "一次最多拉取 {most} 行，请减小 limit 并用返回的 next_cursor 继续。"
