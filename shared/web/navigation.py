"""The pages in the header, by role; one list for all services, since they look like one house."""

from dataclasses import dataclass

from shared.security.tenancy import Caller

ROLE_NAMES = {
    "pos": "营业终端",
    "clerk": "客户经理",
    "hall_manager": "营业厅经理",
    "county_manager": "区县经理",
    "regional_office": "市场部",
    "gateway": "短信网关",
    "auditor": "审计员",
    "admin": "管理员",
}


@dataclass(frozen=True, slots=True)
class Place:
    """One entry of the header; `key` is its access key."""

    href: str
    label: str
    key: str
    roles: frozenset[str]
    under: str = ""
    """All pages below this address belong to the entry; none means below its own."""


_PLACES = (
    Place("/customer/workbench", "工作台", "1", frozenset({"clerk", "hall_manager"})),
    Place("/customer/follow-ups", "回访", "5", frozenset({"clerk", "hall_manager", "county_manager"})),
    Place(
        "/customer/halls",
        "营业厅",
        "6",
        frozenset({"hall_manager", "county_manager", "regional_office", "admin"}),
    ),
    Place(
        "/kpi/board",
        "考核",
        "2",
        frozenset({"clerk", "hall_manager", "county_manager", "regional_office", "auditor", "admin"}),
    ),
    Place(
        "/customer/scripts",
        "话术",
        "3",
        frozenset({"clerk", "hall_manager", "county_manager", "regional_office", "admin"}),
    ),
    Place(
        "/customer/surveys",
        "满意度",
        "4",
        frozenset({"clerk", "hall_manager", "county_manager", "regional_office", "admin"}),
    ),
    Place(
        "/customer/recommendations/statistics",
        "推荐效果",
        "7",
        frozenset({"hall_manager", "county_manager", "regional_office", "auditor", "admin"}),
    ),
    Place(
        "/customer/work-reports",
        "工作报告",
        "b",
        frozenset({"clerk", "hall_manager", "county_manager", "regional_office", "admin"}),
    ),
    Place(
        "/customer/cleaning",
        "离网清理",
        "8",
        frozenset({"hall_manager", "county_manager", "regional_office", "admin"}),
    ),
    Place("/customer/admin", "管理", "m", frozenset({"county_manager", "regional_office", "admin"})),
    Place("/messaging/numbers", "短信", "d", frozenset({"clerk"}), under="/messaging/"),
    Place(
        "/messaging/campaigns",
        "短信",
        "d",
        frozenset({"hall_manager", "county_manager", "regional_office", "auditor", "admin"}),
        under="/messaging/",
    ),
    Place(
        "/customer/access-log",
        "查阅记录",
        "9",
        frozenset({"county_manager", "regional_office", "auditor", "admin"}),
    ),
)


def places_for(caller: Caller | None) -> list[Place]:
    """Where this caller may go from any page."""
    return [place for place in _PLACES if caller is not None and caller.role in place.roles]
