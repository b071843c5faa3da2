"""The story of the main job, played over HTTP only against whichever house is running, and reconciled in the end.

It works at any hour, since the demo's halls send around the clock, and can be played again on the same data.
"""

import asyncio
import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from datetime import datetime

import orjson
import typer

from deploy.demo import sheets
from deploy.demo.loading import Credentials, credentials_of
from deploy.demo.organisation import STORY_CLERK, STORY_HALL
from deploy.demo.telling import Answer, Program, StoryBroken, Telling, until
from services.customer.config import CustomerSettings
from shared import clock
from shared.settings import load

AGREED, DISAGREES = 0, 1
IMPORTED, BAD_ROWS = 520, 20
ORDERS = 12
STATUSES = {
    "new": "待受理", "assigned": "已派单", "in_progress": "处理中", "resolved": "已解决", "closed": "已办结",
    "provisional": "未结账", "closed_period": "已结账", "restated": "已重述",
}  # fmt: skip
CLOCKS = {
    "first_response": "首次响应",
    "next_response": "再次响应",
    "resolution": "解决",
    "legal": "法定答复",
}
ANSWERS = {"accepted": "已接收", "delivered": "已送达", "failed": "失败"}
HANDLER, CALLER_BACK = STORY_CLERK, "ZZ0101"


def main(url: str) -> int:
    """Play the story; 0 when everything agreed, 1 when something did not."""
    credentials = credentials_of(load(CustomerSettings))
    if credentials is None:
        typer.echo(
            "没有找到演示数据：请先用 make run 启动一次，或把 HALL_DATA 指向正在运行的平台的数据目录。",
            err=True,
        )
        return DISAGREES
    try:
        return asyncio.run(_play(url.rstrip("/"), credentials))
    except StoryBroken as broken:
        typer.echo(f"\n故事中断：{broken}", err=True)
        return DISAGREES


async def _play(url: str, credentials: Credentials) -> int:
    telling = Telling()
    async with AsyncExitStack() as stack:
        programs = {
            name: await stack.enter_async_context(Program(url, name, secret))
            for name, secret in credentials.clients.items()
        }
        story = Story(telling, programs["demo-pos"], programs["demo-hall-manager"], programs["demo-office"])
        await story.play(elsewhere=programs["demo-pos-elsewhere"])
    if telling.disagreements:
        typer.echo(f"\n核对未通过：{'、'.join(telling.disagreements)}", err=True)
        return DISAGREES
    typer.echo("\n全部核对一致。")
    return AGREED


@dataclass
class Feed:
    """What has been pulled of a feed, and where to go on."""

    lines: list[Answer] = field(default_factory=list)
    cursor: str | None = None


@dataclass
class Story:
    """Who takes part, and what has happened so far."""

    telling: Telling
    pos: Program
    manager: Program
    office: Program
    run: str = field(default_factory=lambda: f"{clock.now():%m%d%H%M%S}{random.randrange(100):02d}")
    customers: list[str] = field(default_factory=list)
    phones: list[str] = field(default_factory=list)
    tickets: list[str] = field(default_factory=list)
    li_rui: Answer = field(default_factory=dict)
    facts: Feed = field(default_factory=Feed)

    @property
    def month(self) -> str:
        return clock.month_of(clock.now())

    async def play(self, *, elsewhere: Program) -> None:
        await self.refuse_without_consent()
        await self.register(elsewhere)
        await self.import_sheet()
        await self.introduce()
        await self.answer_enquiry()
        await self.settle_complaint()
        await self.take_in_work_orders()
        await self.score()
        await self.reconcile()

    def a_phone(self, number: int) -> str:
        """A number nobody else in this story has; `run` keeps plays apart."""
        return f"13{int(self.run) % 100_000:05d}{number:04d}"

    async def refuse_without_consent(self) -> None:
        self.telling.chapter("没有顾客同意，什么都不存")
        body = self._registration(0, "李锐") | {"consents": {"archive": False}}
        refusal = await self.pos.post("/customer/v1/customers", body, expect=422)
        self.telling.came_back(f"422 {refusal['code']}：{refusal['detail']}")

    async def register(self, elsewhere: Program) -> None:
        self.telling.chapter("POS 在资中大十字营业厅登记李锐（四项同意逐项询问）")
        body = self._registration(0, "李锐")
        self.li_rui = await self.pos.post("/customer/v1/customers", body)
        self.customers.append(self.li_rui["id"])
        self.phones.append(body["phone"])
        shown = self.li_rui
        self.telling.came_back(
            f"201 {shown['name']} {shown['phone_masked']}，等级 {shown['tier']}，编号 {shown['id']}"
        )
        again = await self.pos.post("/customer/v1/customers", body, expect=409)
        self.telling.came_back(f"同一号码再登记：409 {again['code']}，已有 {again['existing_id']}")
        hidden = await elsewhere.get_status(f"/customer/v1/customers/{self.li_rui['id']}")
        self.telling.came_back(f"别的营业厅查他：{hidden}")

    async def import_sheet(self) -> None:
        self.telling.chapter(f"导入顾客管理档案（XLSX，{IMPORTED} 行，其中 {BAD_ROWS} 行有错）")
        rows = [sheets.Row(self.a_phone(n), sheets.name(n)) for n in range(1, IMPORTED + 1)]
        content = sheets.archive(rows, bad=BAD_ROWS)
        started = await self.pos.upload(
            "/customer/v1/imports", "顾客管理档案.xlsx", content, mode="create",
            evidence_kind="signature", evidence_reference=f"纸质档案-{self.run}",
        )  # fmt: skip
        job = await self._finished("/customer/v1/imports", started["id"])
        self.telling.came_back(
            f"共 {job['total']} 行：新建 {job['created']}，拒绝 {job['rejected']}，未变 {job['unchanged']}"
        )
        reasons: Counter[str] = Counter()
        async for row in self.pos.all(f"/customer/v1/imports/{started['id']}/rows"):
            if row["status"] == "rejected":
                reasons[row["detail"]] += 1
            elif row["customer_id"]:
                self.customers.append(row["customer_id"])
        for reason, count in reasons.most_common(4):
            self.telling.came_back(f"拒绝 {count} 行：{reason}")
        self.phones += [row.phone for row in rows[:-BAD_ROWS]]
        self.telling.agrees("新建行数与取回的顾客编号", job["created"], len(self.customers) - 1)

    async def introduce(self) -> None:
        self.telling.chapter("客户登记事件 → 介绍短信（7 天内），经网关发出并收到回执")
        message = await until("李锐的介绍短信已送达", self._delivered_introduction)
        why = await self.pos.get(f"/messaging/v1/messages/{message['id']}/why")
        self.telling.came_back(f"{message['text']}")
        consent, cap, hours = why["consent"], why["cap"], why["quiet_hours"]
        self.telling.came_back(
            f"同意编号 {consent['consent_id']}；{cap['month']} 月上限中的第 {cap['slot']} 条"
        )
        answers = "，".join(ANSWERS.get(a["said"], a["said"]) for a in why["gateway_answers"])
        self.telling.came_back(f"发送时段：{hours['held_until'] or '允许，立即发送'}；网关答复：{answers}")
        card = await until("档案里的服务短信发送次数为 1", lambda: self._card_with(sms_count=1))
        self.telling.came_back(f"李锐的档案：服务短信发送次数 {card['sms_count']}")

    async def answer_enquiry(self) -> None:
        self.telling.chapter("李锐打营业厅电话咨询，当场答复")
        ticket = await self._open("enquiry", "enquiry", "hall_phone", "咨询流量套餐资费")
        for action in ({"action": "respond"}, {"action": "resolve"}, {"action": "close"}):
            ticket = await self._move(ticket, action)
        self.telling.came_back(f"{ticket['number']} {STATUSES[ticket['status']]}")

    async def settle_complaint(self) -> None:
        self.telling.chapter("另一位顾客投诉：建单、计时、处理、结果短信")
        ticket = await self._open(
            "complaint", "unauthorised_activation", "counter", "称未同意开通彩铃", who=1
        )
        for clock_ in ticket["clocks"]:
            self.telling.came_back(f"时限 {CLOCKS[clock_['clock']]}：{_local(clock_['due_at'])}")
        moves: tuple[Answer, ...] = (
            {"action": "assign", "handler": HANDLER},
            {"action": "respond"},
            {"action": "resolve", "cause": "unauthorised_activation", "remedy": "refunded"},
        )
        for action in moves:
            ticket = await self._move(ticket, action)
        self.telling.came_back(f"{ticket['number']} {STATUSES[ticket['status']]}")
        message = await until(
            "结果短信已送达", lambda: self._delivered(self.customers[1], "complaint_result")
        )
        self.telling.came_back(f"结果短信：{message['text']}")
        ticket = await self._move(ticket, {"action": "close"})
        await self.manager.post(
            f"/complaints/v1/tickets/{ticket['id']}/callback",
            {"score": 5, "comment": "满意", "clerk": CALLER_BACK},
        )
        card = await until("档案里有这张工单", self._archive_shows_complaint)
        self.telling.came_back(f"回访满意；顾客档案的服务和投诉信息：{card['services']}")

    async def take_in_work_orders(self) -> None:
        self.telling.chapter("导入 10086 工单文件（CSV），匹配顾客，算出本月分流率")
        phones = [*self.phones[2 : 2 + ORDERS - 3], *(f"1990000{n:04d}" for n in range(3))]
        content = sheets.work_orders(phones, self.run, clock.now())
        started = await self.office.upload("/complaints/v1/work-orders/imports", "10086工单.csv", content)
        job = await self._finished("/complaints/v1/work-orders/imports", started["id"], self.office)
        self.telling.came_back(
            f"共 {job['total']} 行：新建 {job['created']}，更新 {job['updated']}，拒绝 {job['rejected']}"
        )
        await self.office.post("/complaints/v1/diversion/measurements", {"month": self.month})
        found = await self.office.get("/complaints/v1/diversion", month=self.month, hall=STORY_HALL)
        share = f"{found['numerator']} / {found['denominator']}"
        self.telling.came_back(
            f"大十字营业厅 {self.month} 月分流：{share}（先到营业厅且 {found['window_days']} 天内未再打 10086）"
        )
        self.telling.came_back(
            f"未匹配到档案的工单 {found['unmatched_orders']} 张，规则版本 {found['rule_version']}"
        )

    async def score(self) -> None:
        self.telling.chapter("KPI：按加权方案给本月打分，区域办公室取数")
        await self._drained()
        run = await self.office.post("/kpi/v1/runs", {"period": self.month})
        scores = [s async for s in self.office.all("/kpi/v1/scores", period=self.month, level="hall")]
        for score in scores[:3]:
            place = f"第 {score['rank']} 名（共 {score['n']} 个营业厅）"
            self.telling.came_back(
                f"{place} {score['name']}：{score['score']} 分，{STATUSES[score['status']]}"
            )
        ours = next(s for s in scores if s["subject"] == STORY_HALL)
        explained = await self.office.get(f"/kpi/v1/scores/{ours['id']}/explain")
        count = len(explained["indicators"])
        self.telling.came_back(f"大十字营业厅的分数由 {count} 个指标组成，每个都可追到事件")
        csv, feed = await self.office.text(f"/kpi/v1/exports/{run['id']}.csv"), Feed()
        await self._pull("scores", feed)
        self.telling.came_back(f"CSV {len(csv.splitlines())} 行；订阅源 {len(feed.lines)} 行，已到末尾")

    async def reconcile(self) -> None:
        self.telling.chapter("核对")
        facts = await until("所有事件已到 KPI", self._facts_complete)
        mine = set(self.customers)
        told = {f["subject"] for f in facts if f["topic"] == "customer.registered"}
        self.telling.agrees("登记 = 在档", len(mine), len(await self._counts()))
        self.telling.agrees("登记 = KPI 登记事实", len(mine), len(mine & told))
        await self._reconcile_sms()
        listed = {t["id"] async for t in self.office.all("/complaints/v1/tickets", hall=STORY_HALL)}
        opened = await until("列出的工单都已到 KPI", lambda: self._opened_of(listed))
        self.telling.agrees("工单 = KPI 工单事实", len(listed), len(opened))
        proof = await self.office.get("/messaging/v1/proofs/sms-cap", month=self.month)
        self.telling.agrees("超出短信上限的顾客", len(proof["violations"]), 0)
        for invariant in (await self.office.get("/kpi/v1/invariants"))["items"]:
            self.telling.agrees(f"不变量 {invariant['name']}", invariant["count"], 0)

    def _registration(self, number: int, name: str) -> Answer:
        hall = sheets.hall_plate()
        return {
            "phone": self.a_phone(number),
            "name": name,
            "hall": STORY_HALL,
            "clerk": STORY_CLERK,
            "brand": 2,
            "age_band": 2,
            "spend_band": 1,
            "habits": [4],
            "preferences": [4],
            "consents": {"archive": True, "service_sms": True, "holiday_sms": True, "marketing_sms": False},
            "consent_evidence": {"kind": "signature", "reference": f"现场签字-{self.run}"},
            "wording_version": "v1",
            "number_stored": {**hall, "at": clock.now().isoformat()},
        }

    async def _finished(self, path: str, job: str, program: Program | None = None) -> Answer:
        """The job once it has been worked through, with its progress on the way."""

        async def look() -> Answer | None:
            found = await (program or self.pos).get(f"{path}/{job}")
            return found if found["status"] in ("completed", "failed") else None

        return await until(f"{path} 完成", look)

    async def _delivered_introduction(self) -> Answer | None:
        return await self._delivered(self.li_rui["id"], "intro")

    async def _delivered(self, customer: str, template: str) -> Answer | None:
        path = "/messaging/v1/messages"
        found = await self.pos.get(path, customer_id=customer, status="delivered")
        return next((m for m in found["items"] if m["template"] == template), None)

    async def _card_with(self, *, sms_count: int) -> Answer | None:
        card = await self.pos.get(f"/customer/v1/customers/{self.li_rui['id']}")
        return card if card["sms_count"] == sms_count else None

    async def _open(self, kind: str, category: str, source: str, summary: str, who: int = 0) -> Answer:
        """Open a ticket once the complaints service has heard of the customer."""
        body = {
            "kind": kind,
            "category": category,
            "source": source,
            "hall": STORY_HALL,
            "summary": summary,
            "customer_id": self.customers[who],
            "clerk": HANDLER,
        }
        ticket = await until(
            "投诉服务认识这位顾客", lambda: self.pos.post_or_none("/complaints/v1/tickets", body)
        )
        self.tickets.append(ticket["id"])
        self.telling.came_back(
            f"201 工单 {ticket['number']}（{STATUSES[ticket['status']]}，第 {ticket['cycle']} 轮）"
        )
        return ticket

    async def _move(self, ticket: Answer, action: Answer) -> Answer:
        path = f"/complaints/v1/tickets/{ticket['id']}/transitions"
        return await self.pos.post(path, {"clerk": HANDLER, **action}, expect=200)

    async def _archive_shows_complaint(self) -> Answer | None:
        card = await self.pos.get(f"/customer/v1/customers/{self.customers[1]}")
        return card if "已办结" in card["services"] else None

    async def _drained(self) -> None:
        """Wait until KPI has taken every fact of this story, so that the run scores all of it."""
        await until("所有事件已到 KPI", self._facts_complete)

    async def _facts_complete(self) -> list[Answer] | None:
        """All facts, once those of this story's customers and tickets are among them."""
        await self._pull("facts", self.facts)
        told = {(f["topic"], f["subject"]) for f in self.facts.lines}
        expected = {("customer.registered", c) for c in self.customers}
        expected |= {("complaint.opened", t) for t in self.tickets}
        expected |= {("complaint.closed", f"{t}#1") for t in self.tickets}
        return self.facts.lines if expected <= told else None

    async def _opened_of(self, tickets: set[str]) -> set[str] | None:
        """Those tickets once KPI has heard of each; others at the hall may be opening more meanwhile."""
        await self._pull("facts", self.facts)
        told = {f["subject"] for f in self.facts.lines if f["topic"] == "complaint.opened"}
        return tickets & told if tickets <= told else None

    async def _pull(self, name: str, feed: "Feed") -> None:
        """Read a feed on to its present end."""
        while True:
            at = {"cursor": feed.cursor} if feed.cursor else {}
            text = await self.office.text(f"/kpi/v1/feeds/{name}", limit=5000, **at)
            *found, last = [orjson.loads(line) for line in text.splitlines()]
            feed.lines += found
            feed.cursor = last["next_cursor"]
            if last["end_of_stream"]:
                return

    async def _reconcile_sms(self) -> None:
        """What the gateway took, what messaging says of it, and what the archive counted."""
        sent = await until("所有短信都有了结果", self._all_sent)
        by_customer = Counter(m["customer_id"] for m in sent if m["counted"])
        counts = await until("档案计数追上", lambda: self._counts_like(by_customer))
        self.telling.agrees("短信：消息服务发出 = 档案计数", sum(by_customer.values()), sum(counts.values()))
        ids = {m["id"]: m["submissions"] async for m in self._taken_by_gateway()}
        mine = [m["id"] for m in sent]
        self.telling.agrees("短信：发出 = 网关收到", len(mine), sum(m in ids for m in mine))
        self.telling.agrees("短信：网关重复收到", sum(ids.get(m, 0) > 1 for m in mine), 0)

    async def _taken_by_gateway(self) -> AsyncIterator[Answer]:
        """The gateway's own list of what it has taken, page by page."""
        since, ended = 0, False
        while not ended:
            page = await self.office.get("/simulator/v1/messages", since=since, limit=1000)
            since, ended = page["next"], page["end"]
            for message in page["items"]:
                yield message

    async def _all_sent(self) -> list[Answer] | None:
        """The story's messages, once none of them is still on its way."""
        mine = set(self.customers)
        found = [
            m
            async for m in self.pos.all("/messaging/v1/messages", hall=STORY_HALL)
            if m["customer_id"] in mine
        ]
        ended = [m for m in found if m["status"] in ("delivered", "failed")]
        introduced = {m["customer_id"] for m in ended if m["class"] == "intro"}
        return ended if len(ended) == len(found) and introduced >= mine else None

    async def _counts(self) -> dict[str, int]:
        """服务短信发送次数 of each of the story's customers who is in the archive."""
        mine, listed = set(self.customers), self.pos.all("/customer/v1/customers", hall=STORY_HALL)
        return {c["id"]: c["sms_count"] async for c in listed if c["id"] in mine}

    async def _counts_like(self, expected: Counter[str]) -> dict[str, int] | None:
        counts = await self._counts()
        return counts if all(counts[c] == expected[c] for c in self.customers) else None


def _local(moment: str) -> str:
    return f"{datetime.fromisoformat(moment).astimezone(clock.SHANGHAI):%m月%d日 %H:%M}"
