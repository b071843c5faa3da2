"""Errors carry a stable code, a Chinese sentence and the members the answer shows."""

import pytest

from shared import errors
from shared.errors import Conflict, FieldError, HallError, Invalid, TooManyRequests


class CustomerExists(Conflict):
    code = "customer-exists"
    detail = "这个号码已经入档，编号 {existing_id}。"


def test_an_error_fills_its_sentence_from_its_members() -> None:
    error = CustomerExists(existing_id="c1")
    assert (error.code, error.message) == ("customer-exists", "这个号码已经入档，编号 c1。")
    assert error.extras == {"existing_id": "c1"}


def test_wrong_fields_are_kept_apart_from_the_members() -> None:
    wrong = FieldError("/phone", "invalid-phone", "号码不对。")
    error = Invalid(errors=[wrong], row=3)
    assert error.errors == (wrong,)
    assert error.extras == {"row": 3}


def test_an_error_logged_as_text_shows_its_code_only() -> None:
    assert str(CustomerExists(existing_id="13912345678")) == "customer-exists"


def test_waiting_time_is_part_of_the_sentence() -> None:
    assert "30 秒" in TooManyRequests(retry_after=30).message


@pytest.mark.parametrize(
    "kind", [k for k in vars(errors).values() if isinstance(k, type) and issubclass(k, HallError)]
)
def test_every_kind_speaks_chinese_and_has_an_english_code(kind: type[HallError]) -> None:
    assert kind.code.isascii()
    assert not kind.title.isascii()
    assert not kind.detail.isascii()
