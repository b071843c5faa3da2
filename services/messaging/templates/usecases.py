"""Writing, approving and previewing templates."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncSession

from services.messaging.audience import repository as audience
from services.messaging.templates import repository, rules
from services.messaging.templates.errors import ParamsInvalid, TemplateClassFixed, TemplateInvalid
from services.messaging.templates.models import Template
from shared.errors import FieldError
from shared.phones import hide_numbers
from shared.security.tenancy import Area

EXAMPLE_HALL = {"hall": "资中大十字营业厅", "hall_number": "0832-5520000", "busy_from": "25", "busy_to": "5"}


@dataclass(frozen=True, slots=True)
class WriteTemplate:
    """A new template, or the next version of one."""

    code: str
    title: str
    message_class: str
    text: str
    author: str


async def write_template(session: AsyncSession, command: WriteTemplate, *, now: datetime) -> Template:
    """A draft. Raises TemplateInvalid, and TemplateClassFixed when an earlier version had another class."""
    check_text(command.text)
    newest = await repository.newest_or_none(session, command.code)
    if newest is not None:
        _check_successor(newest, command)
    template = Template.draft(
        command.code, newest.version + 1 if newest else 1, title=command.title,
        message_class=command.message_class, text=command.text, author=command.author, now=now,
    )  # fmt: skip
    session.add(template)
    await session.flush()
    return template


async def approve_template(session: AsyncSession, code: str, approver: str, *, now: datetime) -> Template:
    """Take the newest version into use. Raises TemplateNotFound, ApproverIsAuthor."""
    template = await repository.get_newest(session, code)
    template.approve(approver, now=now)
    return template


def check_text(text: str) -> None:
    """Raises TemplateInvalid."""
    try:
        rules.check_words(text)
    except (ValueError, IndexError) as error:
        raise TemplateInvalid(errors=[FieldError("/text", "template-invalid", str(error))]) from error


def _check_successor(newest: Template, command: WriteTemplate) -> None:
    """Templates that the house fills in by itself may not ask for what it does not know to give."""
    if newest.message_class != command.message_class:
        raise TemplateClassFixed(template=newest.code, message_class=newest.message_class)
    added = [name for name in rules.asked_for(command.text) if name not in newest.params]
    if added and rules.is_exempt(newest.message_class):
        detail = f"这个模板由系统自动填写，不能增加参数：{'、'.join(added)}。"
        raise TemplateInvalid(errors=[FieldError("/text", "param-unknown", detail)])


def check_params(template: Template, params: Mapping[str, str]) -> None:
    """Exactly the variables the template asks for. Raises ParamsInvalid."""
    missing = [name for name in template.params if name not in params]
    extra = [name for name in params if name not in template.params]
    errors = [FieldError(f"/params/{n}", "param-missing", f"缺少参数 {n}。") for n in missing]
    errors += [FieldError(f"/params/{n}", "param-unknown", f"模板没有参数 {n}。") for n in extra]
    errors += [
        FieldError(f"/params/{n}", "param-holds-number", "短信内容里不能写手机号码。")
        for n, value in params.items() if hide_numbers(value) != value
    ]  # fmt: skip
    if errors:
        raise ParamsInvalid(errors=errors)


async def words_of_hall(session: AsyncSession, hall: str | None, area: Area) -> Mapping[str, str]:
    """The hall's own words for a preview, or an example's. Raises HallNotFound."""
    return (await audience.get_hall(session, hall, area)).words() if hall else EXAMPLE_HALL


def preview(
    text: str, message_class: str, params: Mapping[str, str], hall: Mapping[str, str]
) -> rules.Preview:
    """The text filled in, with what a caller left out shown as its variable. Raises TemplateInvalid."""
    check_text(text)
    shown = {name: params.get(name, f"{{{name}}}") for name in rules.asked_for(text)}
    composed = rules.compose(text, message_class, hall, shown)
    units = len(composed.encode("utf-16-be")) // 2
    return rules.Preview(text=composed, segments=rules.segments(composed), characters=units)
