"""Hall names as other people's files write them."""

import pytest

from services.complaints.directory.rules import name_key


@pytest.mark.parametrize(
    "written",
    [
        "资中大十字营业厅",
        " 资中 大十字营业厅",
        "中国移动资中大十字营业厅",
        "资中（大十字）营业厅",
        "内江移动资中大十字营业厅",
    ],
)
def test_a_halls_name_is_known_however_it_is_written(written: str) -> None:
    assert name_key(written) == name_key("资中大十字营业厅")


def test_codes_are_known_in_full_width_too() -> None:
    assert name_key("ＺＺ０１") == name_key("ZZ01")
