"""The first rows of the code tables, the first policy, the common hours of business, and the days off of 2024–2026."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import sqlalchemy as sa
from alembic import op

from shared.columns import JsonB, Timestamp

revision = "2026_11_25_0002"
down_revision = "2026_11_25_0001"
branch_labels = None
depends_on = None

AT = datetime(2026, 1, 1, tzinfo=UTC)

Codes = tuple[tuple[str, str, list[str]], ...]

CATEGORIES: Codes = (
    ("tariff_doubt", "资费争议", ["资费疑问", "话费争议", "扣费争议"]),
    ("unauthorised_activation", "未经同意开通业务", ["未经客户同意开通业务", "擅自开通业务", "不知情开通"]),
    ("network", "网络质量", ["信号问题", "网络覆盖", "上网慢"]),
    ("sms_nuisance", "短信骚扰", ["垃圾短信", "骚扰短信"]),
    ("attitude", "服务态度", ["营业员态度"]),
    ("service_error", "业务办理差错", ["办理差错", "办错业务"]),
    ("promotion", "营销活动争议", ["促销活动争议", "优惠未兑现"]),
    ("enquiry", "业务咨询", ["咨询", "查询"]),
    ("other", "其他", ["其它"]),
)
CAUSES: Codes = (
    ("tariff_doubt", "资费疑问，计费正确", ["资费争议"]),
    ("billing_error", "计费差错", []),
    ("unauthorised_activation", "未经客户同意开通业务", ["未经同意开通业务"]),
    ("network", "网络质量", []),
    ("sms_nuisance", "短信骚扰", []),
    ("attitude", "服务态度", []),
    ("service_error", "业务办理差错", []),
    ("promotion_unclear", "营销活动宣传不清", ["营销活动争议"]),
    ("misunderstanding", "客户误解", []),
    ("enquiry", "客户咨询", ["业务咨询"]),
    ("other", "其他", ["其它"]),
)
REMEDIES: Codes = (
    ("answered", "解答说明", ["已解答", "解释说明"]),
    ("cancelled", "退订业务", ["取消业务", "关闭业务"]),
    ("refunded", "退费", ["退还费用"]),
    ("compensated", "补偿", []),
    ("corrected", "更正差错", []),
    ("passed_on", "转专业部门处理", ["转网络部门"]),
    ("apologised", "致歉", ["道歉"]),
    ("stopped_sms", "停发短信", []),
    ("other", "其他", ["其它"]),
)

HOUR, DAY = 60, 24 * 60
ANY = "*"
LIMITS = (
    # kind, category, source, clock, minutes, warning, basis, pausable
    ("complaint", ANY, ANY, "first_response", 4 * HOUR, 3 * HOUR, "business", False),
    ("complaint", ANY, ANY, "next_response", 8 * HOUR, 6 * HOUR, "business", False),
    ("complaint", ANY, ANY, "resolution", 27 * HOUR, 20 * HOUR, "business", True),
    ("complaint", ANY, ANY, "legal", 15 * DAY, 10 * DAY, "natural", False),
    ("complaint", "unauthorised_activation", ANY, "first_response", 1 * HOUR, 45, "business", False),
    ("complaint", "unauthorised_activation", ANY, "resolution", 18 * HOUR, 13 * HOUR, "business", True),
    ("complaint", ANY, "work_order", "first_response", 2 * HOUR, 90, "business", False),
    ("complaint", ANY, "work_order", "resolution", 18 * HOUR, 13 * HOUR, "business", True),
    ("enquiry", ANY, ANY, "first_response", 2 * HOUR, 90, "business", False),
    ("enquiry", ANY, ANY, "next_response", 4 * HOUR, 3 * HOUR, "business", False),
    ("enquiry", ANY, ANY, "resolution", 9 * HOUR, 7 * HOUR, "business", True),
)
NINE_TO_SIX = [[9 * HOUR, 18 * HOUR]]

# The State Council's notices for these years: first day off, number of days, name; then the weekend days worked.
DAYS_OFF = (
    (date(2024, 1, 1), 1, "元旦"), (date(2024, 2, 10), 8, "春节"), (date(2024, 4, 4), 3, "清明节"),
    (date(2024, 5, 1), 5, "劳动节"), (date(2024, 6, 10), 1, "端午节"), (date(2024, 9, 15), 3, "中秋节"),
    (date(2024, 10, 1), 7, "国庆节"),
    (date(2025, 1, 1), 1, "元旦"), (date(2025, 1, 28), 8, "春节"), (date(2025, 4, 4), 3, "清明节"),
    (date(2025, 5, 1), 5, "劳动节"), (date(2025, 5, 31), 3, "端午节"), (date(2025, 10, 1), 8, "国庆节、中秋节"),
    (date(2026, 1, 1), 3, "元旦"), (date(2026, 2, 15), 9, "春节"), (date(2026, 4, 4), 3, "清明节"),
    (date(2026, 5, 1), 5, "劳动节"), (date(2026, 6, 19), 3, "端午节"), (date(2026, 9, 25), 3, "中秋节"),
    (date(2026, 10, 1), 7, "国庆节"),
)  # fmt: skip
DAYS_WORKED = (
    (date(2024, 2, 4), "春节调休"), (date(2024, 2, 18), "春节调休"), (date(2024, 4, 7), "清明节调休"),
    (date(2024, 4, 28), "劳动节调休"), (date(2024, 5, 11), "劳动节调休"), (date(2024, 9, 14), "中秋节调休"),
    (date(2024, 9, 29), "国庆节调休"), (date(2024, 10, 12), "国庆节调休"),
    (date(2025, 1, 26), "春节调休"), (date(2025, 2, 8), "春节调休"), (date(2025, 4, 27), "劳动节调休"),
    (date(2025, 9, 28), "国庆节调休"), (date(2025, 10, 11), "国庆节调休"),
    (date(2026, 1, 4), "元旦调休"), (date(2026, 2, 14), "春节调休"), (date(2026, 2, 28), "春节调休"),
    (date(2026, 5, 9), "劳动节调休"), (date(2026, 9, 20), "国庆节调休"), (date(2026, 10, 10), "国庆节调休"),
)  # fmt: skip


def upgrade() -> None:
    for table, rows in (("categories", CATEGORIES), ("causes", CAUSES), ("remedies", REMEDIES)):
        _fill_codes(table, rows)
    _fill_policy()
    _fill_calendar()


def downgrade() -> None:
    for table in ("calendar_days", "calendar_versions", "hall_calendars", "policy_limits", "policies"):
        op.execute(sa.delete(sa.table(table)))
    for table in ("categories", "causes", "remedies"):
        op.execute(sa.delete(sa.table(table)))


def _fill_codes(table: str, rows: Codes) -> None:
    columns = [*_columns("code", "name", "position"), sa.column("aliases", JsonB)]
    named = [
        {"code": code, "name": name, "aliases": aliases, "position": position}
        for position, (code, name, aliases) in enumerate(rows, start=1)
    ]
    op.bulk_insert(sa.table(table, *columns), named)


def _fill_policy() -> None:
    policies = sa.table(
        "policies", *_columns("version", "created_by", "note"), sa.column("created_at", Timestamp)
    )
    op.bulk_insert(
        policies, [{"version": 1, "created_at": AT, "created_by": "system", "note": "初始时限规则"}]
    )
    names = ("kind", "category", "source", "clock", "minutes", "warn_minutes", "basis", "pausable")
    limits = sa.table("policy_limits", *_columns("version", "tier", *names))
    fixed = {"version": 1, "tier": ANY}
    op.bulk_insert(limits, [{**fixed, **dict(zip(names, row, strict=True))} for row in LIMITS])


def _fill_calendar() -> None:
    every_day = {str(day): NINE_TO_SIX for day in range(1, 8)}
    hours = (sa.column(name, JsonB) for name in ("hours", "holiday", "makeup"))
    common = {
        "hall": "*", "version": 1, "hours": every_day, "holiday": [], "makeup": NINE_TO_SIX,
        "source": "default", "created_at": AT, "created_by": "system",
    }  # fmt: skip
    op.bulk_insert(
        sa.table("hall_calendars", *_columns("hall", "version", "source", "created_by"), *hours, _made()),
        [common],
    )
    version = {
        "version": 1, "years": [2024, 2025, 2026], "source": "国务院办公厅通知", "created_at": AT,
        "created_by": "system",
    }  # fmt: skip
    years = sa.column("years", JsonB)
    op.bulk_insert(
        sa.table("calendar_versions", *_columns("version", "source", "created_by"), years, _made()), [version]
    )
    days = sa.table("calendar_days", *_columns("version", "is_workday", "name"), sa.column("day", sa.Date))
    op.bulk_insert(days, [*_days_off(), *_days_worked()])


def _days_off() -> list[dict[str, Any]]:
    return [
        {"version": 1, "day": first + timedelta(days=n), "is_workday": False, "name": name}
        for first, count, name in DAYS_OFF
        for n in range(count)
    ]


def _days_worked() -> list[dict[str, Any]]:
    return [{"version": 1, "day": day, "is_workday": True, "name": name} for day, name in DAYS_WORKED]


def _made() -> sa.ColumnClause[Any]:
    return sa.column("created_at", Timestamp)


def _columns(*names: str) -> list[sa.ColumnClause[Any]]:
    return [sa.column(name) for name in names]
