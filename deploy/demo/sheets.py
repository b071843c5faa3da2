"""The files of the story: an archive sheet in the regime's form, some rows bad, and a 10086 work-order extract."""

import csv
import io
import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from openpyxl import Workbook

from deploy.demo import organisation
from deploy.demo.organisation import STORY_CLERK, STORY_HALL
from shared import clock

COLUMNS = (
    "客户经理姓名(营业员工号)", "手机号码", "客户姓名", "品牌", "年龄阶段", "性别", "消费额度区间", "用机习惯",
    "业务偏好", "服务短信发送次数", "营销推荐情况", "服务和投诉信息", "入档时间",
    "同意入档", "同意服务短信", "同意节日问候", "同意营销短信",
)  # fmt: skip
ORDER_COLUMNS = (
    "工单号", "来源", "受理时间", "客户号码", "投诉分类", "投诉内容", "派往营业厅", "要求办结时间", "状态", "更新时间",
)  # fmt: skip
CATEGORIES = ("资费争议", "未经同意开通业务", "网络质量")
MOMENT = "%Y-%m-%d %H:%M:%S"


@dataclass(frozen=True, slots=True)
class Row:
    """One customer of the sheet."""

    phone: str
    name: str


def name(number: int) -> str:
    return next(organisation.person_names(random.Random(number)))


def hall_plate() -> dict[str, str]:
    """Name and number of the story's hall as they must stand in the customer's phone."""
    hall = next(h for h in organisation.halls() if h["code"] == STORY_HALL)
    return {"name": hall["registered_name"], "number": hall["number"]}


def archive(rows: Sequence[Row], *, bad: int) -> bytes:
    """The sheet; its last `bad` rows are wrong in turn: no consent, a bad number, an unknown brand, a double."""
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["内江移动渠道商家顾客管理档案"])
    day = clock.business_date(clock.now())
    header = [
        "区县：资中",
        None,
        None,
        "营业厅名称：大十字营业厅",
        None,
        None,
        None,
        f"更新时间：{day:%Y.%-m.%-d}",
    ]
    sheet.append(header)
    sheet.append(COLUMNS)
    for number, row in enumerate(rows):
        sheet.append(
            _cells(row, f"{day:%Y.%-m.%-d}", rows[0].phone, number % 4 if number >= len(rows) - bad else None)
        )
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def _cells(row: Row, day: str, double: str, fault: int | None) -> list[str | int | None]:
    phone = {1: "1390832", 3: double}.get(fault if fault is not None else -1, row.phone)
    brand = 9 if fault == 2 else 2
    agreed = "否" if fault == 0 else "是"
    clerk = f"张强({STORY_CLERK})"
    return [
        clerk,
        phone,
        row.name,
        brand,
        3,
        "女",
        2,
        "2,4",
        "2",
        0,
        None,
        None,
        day,
        agreed,
        "是",
        "是",
        "否",
    ]


def work_orders(phones: Sequence[str], run: str, now: datetime) -> bytes:
    """The extract as 10086 sends it: CSV with a byte-order mark."""
    text = io.StringIO()
    writer = csv.writer(text)
    writer.writerow(ORDER_COLUMNS)
    for number, phone in enumerate(phones):
        at = (now - timedelta(minutes=30 + number)).astimezone(clock.SHANGHAI)
        due = at + timedelta(days=2)
        writer.writerow(
            [
                f"{at:%Y%m%d}{run}{number:03d}",
                "10086",
                at.strftime(MOMENT),
                phone,
                CATEGORIES[number % len(CATEGORIES)],
                "客户来电反映",
                "资中大十字营业厅",
                due.strftime(MOMENT),
                "处理中",
                at.strftime(MOMENT),
            ]
        )
    return text.getvalue().encode("utf-8-sig")
