"""The words in which states, reasons and decisions are told. All hours are Shanghai's."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from services.messaging.messages.rules import SAID_NAMES, STATUS_NAMES, reason_name
from services.messaging.templates.rules import CLASS_NAMES
from shared import clock

TONES = {"delivered": "good", "accepted": "good", "failed": "bad", "unknown": "warn", "suppressed": "warn"}
SOURCE_NAMES = {"submit": "提交时", "receipt": "状态报告", "query": "查询", "lease": "系统判定"}
CAUSES = {
    "customer.registered": "客户入档后七日内自我介绍", "request": "人工发起", "ticket": "客户的咨询或投诉",
    "activation": "客户办理业务", "opt-out": "客户退订", "campaign": "群发任务", "plan": "短信计划",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Line:
    """One part of the explanation: what it is about, in one sentence or two."""

    kind: str
    title: str
    text: str


def cause_line(cause: str, requested_by: str, created_at: datetime) -> Line:
    told = CAUSES.get(cause.partition(":")[0], cause)
    by = "系统" if requested_by in ("system", "") or requested_by.startswith("job:") else requested_by
    return Line("cause", "起因", f"{told}；由{by}于 {local(created_at)} 提出。")


def template_line(code: str, version: int, title: str | None, approver: str | None) -> Line:
    if not version:
        return Line("template", "模板", f"模板 {code}，尚未写成短信。")
    approved = f"，{approver} 审批" if approver and approver != "system" else ""
    return Line("template", "模板", f"《{title or code}》第 {version} 版{approved}。")


def consent_line(message_class: str, consent: Mapping[str, Any] | None, *, exempt: bool) -> Line:
    if exempt:
        return Line(
            "consent", "客户同意", f"{CLASS_NAMES[message_class]}类短信是对客户所办事项的答复，不另征同意。"
        )
    if consent is None:
        return Line("consent", "客户同意", "没有找到客户对这类短信的同意或撤回记录。")
    word = "同意" if consent["granted"] else "撤回同意"
    wording = f"，告知文本 {consent['wording_version']}" if consent.get("wording_version") else ""
    at = local(datetime.fromisoformat(consent["at"]))
    return Line("consent", "客户同意", f"客户于 {at} {word}{wording}；台账编号 {consent['consent_id']}。")


def cap_line(cap: Mapping[str, Any] | None, *, released: str | None) -> Line:
    """Which slot of which pool, or why none."""
    if not cap or not cap.get("pool"):
        return Line("cap", "每月名额", "这类短信不占每月名额。")
    shared = "、".join(CLASS_NAMES.get(name, name) for name in cap.get("shared_with", ()))
    pool = f"每月最多 {cap['cap']} 条，{shared}共用" if shared else f"名额池 {cap['pool']}"
    if refused := cap.get("refused"):
        held = "，余下的名额留给更重要的类别" if cap.get("held_back") else ""
        again = local(datetime.fromisoformat(cap["next_free_at"]), "%Y-%m-%d")
        return Line("cap", "每月名额", f"{reason_name(refused)}{held}（{pool}）；{again} 起可再发。")
    if not cap.get("slot"):
        return Line("cap", "每月名额", f"没有占用名额（{pool}）。")
    back = "；没有发出，名额已退回" if released else ""
    return Line("cap", "每月名额", f"占用 {cap['month']} 的第 {cap['slot']} 个名额（{pool}）{back}。")


def hours_line(hours: Mapping[str, Any] | None) -> Line:
    if not hours:
        return Line("quiet_hours", "允许时段", "尚未判断。")
    spans = "、".join(f"{_time(a)}–{_time(b)}" for a, b in hours["allowed_minutes"])
    if not hours.get("held_until"):
        return Line("quiet_hours", "允许时段", f"允许 {spans} 发送，当时在允许时段内。")
    until = local(datetime.fromisoformat(hours["held_until"]))
    return Line("quiet_hours", "允许时段", f"允许 {spans} 发送，当时在时段之外，推迟到 {until} 之后。")


def answer_line(answer: Any) -> Line:
    part = f"第 {answer.segment}/{answer.segments} 段，" if answer.segment else ""
    code = f"，代码 {answer.code}" if answer.code else ""
    source = SOURCE_NAMES.get(answer.source, answer.source)
    said = SAID_NAMES.get(answer.said, answer.said)
    text = f"{local(answer.at)} {answer.gateway} {source}：{part}{said}{code}。"
    return Line("gateway", f"第 {answer.attempt} 次提交", text)


def outcome_line(status: str, reason: str | None, deadline: datetime | None) -> Line:
    why = f"：{reason_name(reason)}" if reason else ""
    until = f"；期限 {local(deadline)}" if deadline else ""
    return Line("outcome", "结果", f"{STATUS_NAMES[status]}{why}{until}。")


def local(at: datetime, form: str = "%Y-%m-%d %H:%M") -> str:
    return at.astimezone(clock.SHANGHAI).strftime(form)


def _time(minute: int) -> str:
    return f"{minute // 60:02d}:{minute % 60:02d}"
