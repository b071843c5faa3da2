"""The demo's prefecture: five districts, twelve halls, forty clerks, two thousand customers. Always the same ones.

Halls send SMS around the clock, so that the story can be played at any hour.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import product
from typing import Any

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from shared.settings import load


class Size(BaseSettings):
    """`HALL_DEMO_CUSTOMERS` and `HALL_DEMO_DAYS`: a small demo is there in a moment."""

    model_config = SettingsConfigDict(env_prefix="HALL_DEMO_", env_file=".env", extra="ignore", frozen=True)

    customers: int = Field(2000, ge=1, le=10_000, description="演示客户数")
    days: int = Field(90, ge=1, le=365, description="演示数据的天数")


SIZE = load(Size)
CUSTOMERS, DAYS = SIZE.customers, SIZE.days
COUNTIES = {
    "shizhong": "市中区",
    "dongxing": "东兴区",
    "zizhong": "资中",
    "weiyuan": "威远",
    "longchang": "隆昌",
}
HALLS = {
    "SZ01": ("shizhong", "公园街营业厅"),
    "SZ02": ("shizhong", "桂湖街营业厅"),
    "SZ03": ("shizhong", "玉溪路营业厅"),
    "DX01": ("dongxing", "兴隆路营业厅"),
    "DX02": ("dongxing", "西林大道营业厅"),
    "ZZ01": ("zizhong", "大十字营业厅"),
    "ZZ02": ("zizhong", "水南镇营业厅"),
    "ZZ03": ("zizhong", "重龙镇营业厅"),
    "WY01": ("weiyuan", "严陵镇营业厅"),
    "WY02": ("weiyuan", "连界镇营业厅"),
    "LC01": ("longchang", "金鹅镇营业厅"),
    "LC02": ("longchang", "康复路营业厅"),
}
STORY_HALL, STORY_CLERK = "ZZ01", "ZZ0102"
CLERKS = 40
FOUNDED = date(2020, 1, 1)

SURNAMES = "王李张刘陈杨赵黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈曾彭吕"
GIVEN = "伟芳娜敏静丽强磊军洋勇艳杰娟涛明超秀霞平刚桂英华玉兰红建国志文慧鹏飞雪梅琳晨宇欣怡佳浩然子涵梓萱"


def counties() -> list[dict[str, str]]:
    return [{"code": code, "name": name} for code, name in COUNTIES.items()]


def halls() -> list[dict[str, Any]]:
    """Registered names carry the county, as the signature of their SMS does."""
    return [
        {
            "code": code,
            "county": county,
            "name": name,
            "registered_name": f"{COUNTIES[county]}{name}",
            "number": f"0832-55{number:02d}000",
            "sms_from": time(0),
            "sms_until": time(0),
            "effective_from": FOUNDED,
        }
        for number, (code, (county, name)) in enumerate(HALLS.items(), start=10)
    ]


def clerks() -> list[dict[str, Any]]:
    """Each hall's first number is its manager's; the rest of the forty are spread over the halls in turn."""
    names = person_names(random.Random("clerks"))
    places = [(code, number) for number, code in product(range(1, 5), HALLS)][:CLERKS]
    rows = [
        {
            "staff_no": f"{hall}{number:02d}",
            "name": "张强" if f"{hall}{number:02d}" == STORY_CLERK else next(names),
            "hall": hall,
            "role": "hall_manager" if number == 1 else "clerk",
            "effective_from": FOUNDED,
        }
        for hall, number in places
    ]
    return sorted(rows, key=lambda row: str(row["staff_no"]))


@dataclass(frozen=True, slots=True)
class Person:
    """One customer of the demo, before anything is done with them."""

    number: int
    phone: str
    name: str
    hall: str
    clerk: str
    archived_at: datetime
    brand: int
    age_band: int
    spend_band: int
    gender: str
    habits: tuple[int, ...]
    preferences: tuple[int, ...]
    holiday_sms: bool
    marketing_sms: bool
    stored: bool


def people(now: datetime) -> Iterator[Person]:
    """All of them, in the order in which they were archived during the last months."""
    chance = random.Random("customers")
    names = person_names(chance)
    staff = [row for row in clerks() if row["role"] == "clerk"]
    begin = now - timedelta(days=DAYS)
    for number in range(CUSTOMERS):
        clerk = chance.choice(staff)
        day = begin + timedelta(days=DAYS - 1) * number / CUSTOMERS
        yield Person(
            number=number,
            phone=f"1390832{number:04d}",
            name=next(names),
            hall=clerk["hall"],
            clerk=clerk["staff_no"],
            archived_at=day,
            brand=chance.choices((1, 2, 3), (2, 3, 5))[0],
            age_band=chance.choices((1, 2, 3, 4), (1, 4, 4, 3))[0],
            spend_band=chance.choices((1, 2, 3, 4), (5, 3, 2, 1))[0],
            gender=chance.choice(("male", "female")),
            habits=tuple(sorted(chance.sample((1, 2, 3, 4), chance.randint(1, 2)))),
            preferences=tuple(sorted(chance.sample((1, 2, 3, 4), chance.randint(1, 2)))),
            holiday_sms=chance.random() < 0.8,
            marketing_sms=chance.random() < 0.4,
            stored=chance.random() < 0.85,
        )


def person_names(chance: random.Random) -> Iterator[str]:
    """Chinese names without end."""
    while True:
        yield chance.choice(SURNAMES) + "".join(chance.sample(GIVEN, chance.randint(1, 2)))
