"""Why customers are handed over; codes that events carry, words that pages show."""

REASONS = {
    "moved": "调岗",
    "left": "离职",
    "leave": "休假",
    "balance": "均衡客户数",
    "customer_wish": "客户要求",
}
