"""A small organisation: two counties, three halls, five members of staff."""

from datetime import date
from typing import Any

from services.customer.directory import rules
from services.customer.directory.usecases import LoadDirectory

SINCE = date(2026, 1, 1)


def a_hall(code: str, county: str, name: str, **facts: Any) -> dict[str, Any]:
    usual = {
        "code": code,
        "county": county,
        "name": name,
        "registered_name": f"中国移动{name}",
        "number": "0832-5520000",
        "effective_from": SINCE,
    }
    return {**usual, **facts}


def a_clerk(staff_no: str, name: str, role: str = "clerk", **facts: Any) -> dict[str, Any]:
    hall = staff_no[:4] if role in {"clerk", "hall_manager"} else None
    return {"staff_no": staff_no, "name": name, "hall": hall, "role": role, "effective_from": SINCE, **facts}


ORGANISATION = LoadDirectory(
    counties=[{"code": "zizhong", "name": "资中"}, {"code": "weiyuan", "name": "威远"}],
    halls=[
        a_hall("ZZ01", "zizhong", "资中大十字营业厅"),
        a_hall("ZZ02", "zizhong", "资中城南营业厅", opening=rules.ALWAYS),
        a_hall("WY01", "weiyuan", "威远中心营业厅"),
    ],
    clerks=[
        a_clerk("ZZ0101", "张强"),
        a_clerk("ZZ0100", "王敏", "hall_manager"),
        a_clerk("ZZ0201", "刘洋"),
        a_clerk("WY0101", "陈静"),
        a_clerk("ZZ0001", "赵刚", "county_manager", county="zizhong"),
    ],
)
