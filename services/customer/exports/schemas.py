"""What is asked and answered, and the same document in words for paper."""

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import AfterValidator, BaseModel, ConfigDict, StringConstraints

from services.customer.access_log.schemas import label_of
from services.customer.archive.rules import CodeTables
from services.customer.consent.rules import PURPOSE_LABELS, Purpose
from shared.clock import SHANGHAI
from shared.personal_data import PersonalData
from shared.phones import hide_numbers
from shared.web.navigation import ROLE_NAMES

ELSEWHERE = ("messaging", "complaints")

TITLES = {
    "customer": "档案", "changes": "修改记录", "messages": "计入服务短信次数的短信", "tickets": "咨询和投诉",
    "consents": "同意和撤回", "consent_codes": "短信验证码", "tier_ratings": "客户分类", "script_uses": "使用过的话术",
    "touches": "接触记录", "follow_ups": "回访", "surveys": "满意度调查", "recommendations": "推荐",
    "activations": "业务办理",
    "contracts": "合约", "record_checks": "档案核对",
    "import_lines": "导入记录", "off_net_lists": "离网名单", "access_log": "谁看过这些资料",
}  # fmt: skip
COLUMNS = {
    "id": "编号", "version": "版本", "status": "状态", "hall": "营业厅", "county": "区县", "clerk": "客户经理",
    "phone_masked": "手机号码", "name": "姓名", "brand": "品牌", "age_band": "年龄阶段", "spend_band": "每月消费额度",
    "gender": "性别", "habits": "用机习惯", "habits_note": "用机习惯备注", "preferences": "业务偏好",
    "preferences_note": "业务偏好备注", "tier": "客户类别", "sms_count": "服务短信发送次数",
    "number_stored_name": "存入手机的厅名", "number_stored_number": "存入手机的号码", "number_stored_at": "存入时间",
    "number_stored_by": "存号人", "carried_sms_count": "原档案短信次数",
    "carried_recommendations": "原档案营销推荐情况",
    "carried_services": "原档案服务和投诉信息", "external_source": "外部系统", "external_id": "外部编号",
    "archived_at": "入档时间", "archived_by": "入档人", "recorded_at": "登记时间", "last_contact_at": "最近联系时间",
    "at": "时间", "by": "操作人", "changes": "修改内容", "message_id": "短信编号", "message_class": "短信类别",
    "sent_at": "发送时间", "ticket_id": "工单编号", "kind": "种类", "category": "类别", "score": "满意度",
    "received_at": "受理时间", "purpose": "用途", "decision": "决定", "channel": "方式",
    "wording_version": "告知文本版本",
    "evidence_kind": "凭证种类", "evidence_reference": "凭证编号", "purposes": "用途", "requested_by": "发送人",
    "requested_at": "发送时间", "expires_at": "失效时间", "used_at": "使用时间", "actor": "查看人", "role": "角色",
    "action": "操作", "reason": "原因", "line": "行号", "job_id": "导入编号", "month": "月份", "code": "代码",
    "product": "产品代码", "product_title": "产品", "shown_at": "推荐时间", "reasons": "推荐理由", "outcome": "结果",
    "title": "名称", "number": "编号", "starts_on": "生效日", "ends_on": "到期日", "created_by": "登记人",
    "created_at": "登记时间", "checked_by": "核对人", "fields": "各项是否正确",
    "answered_at": "答复时间", "note": "备注", "due_on": "应回访日", "closed_at": "结束时间", "scores": "评分",
    "amount": "金额", "sold_by": "办理人", "occurred_at": "发生时间",
    "field": "项目", "before": "原为", "after": "改为",
    "detail": "说明", "list": "名单", "left_at": "离网时间", "withdrawn_at": "撤回入档同意时间",
}  # fmt: skip
WORDS = {
    "active": "在用", "left": "已离网", "male": "男", "female": "女", "granted": "同意", "withdrawn": "撤回",
    "enquiry": "咨询", "complaint": "投诉", "system": "系统", "page": "网页", "pos": "营业终端",
    "counter": "到厅当面", "hall_phone": "来电", "sms": "短信",
    "import": "导入",
    "signature": "签字单", "recording": "录音", "sheet": "纸质档案", "created": "新建", "updated": "更新",
    "unchanged": "没有变化",
}  # fmt: skip


class ExportRequest(BaseModel):
    """Why the data are put together."""

    model_config = ConfigDict(extra="forbid")

    reason: Annotated[
        str,
        StringConstraints(strip_whitespace=True, min_length=2, max_length=200),
        AfterValidator(hide_numbers),
    ]


class CustomerData(PersonalData):
    """With where the rest is held: each service answers for its own."""

    elsewhere: list[str]


LEFT_OUT = frozenset({"county"})
"""Said by the hall already, and in a code that nobody outside reads."""

Section = tuple[str, list[str], list[list[str]]]
"""A title, headings, lines; a section without headings is a list of names and values."""


def readable(held: Mapping[str, Any], tables: CodeTables) -> list[Section]:
    """The document as tables in Chinese; what has no Chinese name keeps its own."""
    names = [*(name for name in TITLES if name in held), *(name for name in held if name not in TITLES)]
    return [_section(name, held[name], tables) for name in names if held[name]]


def _section(name: str, rows: Any, tables: CodeTables) -> Section:
    title = TITLES.get(name, name)
    if isinstance(rows, Mapping):
        pairs = [(str(key), value) for key, value in rows.items() if key not in LEFT_OUT]
        return title, [], [[COLUMNS.get(key, key), _words(key, value, tables)] for key, value in pairs]
    columns = [key for key in dict.fromkeys(key for row in rows for key in row) if key not in LEFT_OUT]
    lines = [[_words(key, row.get(key), tables) for key in columns] for row in rows]
    return title, [COLUMNS.get(key, key) for key in columns], lines


def _words(key: str, value: Any, tables: CodeTables) -> str:
    if value is None or value == "":
        return ""
    if key in {"brand", "age_band", "spend_band"}:
        return tables.label(key, value)
    if key in {"habits", "preferences"}:
        return tables.labels(key.removesuffix("s"), value, None)
    if key == "action":
        return label_of(value)
    if key == "role":
        return ROLE_NAMES.get(str(value), str(value))
    if key == "changes":
        value = [{**change, "field": COLUMNS.get(change.get("field"), "")} for change in value]
    return _plain(value)


def _plain(value: Any) -> str:
    match value:
        case datetime():
            return value.astimezone(SHANGHAI).strftime("%Y-%m-%d %H:%M")
        case date() | UUID():
            return str(value)
        case list() | tuple():
            return "、".join(_plain(item) for item in value)
        case dict():
            return "，".join(f"{COLUMNS.get(k, k)} {_plain(v)}" for k, v in value.items())
    text = str(value)
    return PURPOSE_LABELS[Purpose(text)] if text in set(Purpose) else WORDS.get(text, text)
