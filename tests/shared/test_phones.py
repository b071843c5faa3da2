"""Mobile numbers: what is accepted, what is shown, what is kept."""

import contextlib
import re
import string
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared import ids
from shared.keyring import KeyFile, KeyRing
from shared.phones import InvalidPhone, KeyUnknown, PhoneBook, SealBroken, hide_numbers, mask, normalise

RING = KeyRing.generate()
BOOK = PhoneBook(RING)

numbers = st.from_regex(r"1[3-9][0-9]{9}", fullmatch=True)
prefixes = st.sampled_from(["", "+86", "0086", "86", "+86 ", "+86-"])
full_width = str.maketrans(string.digits + "+-", "０１２３４５６７８９＋－")


@given(numbers, prefixes, st.booleans(), st.lists(st.integers(0, 10), max_size=4))
def test_a_number_is_the_same_however_it_is_written(
    number: str, prefix: str, wide: bool, gaps: list[int]
) -> None:
    written = "".join(f" {digit}" if at in gaps else digit for at, digit in enumerate(number))
    written = f" {prefix}{written}\t"
    assert normalise(written.translate(full_width) if wide else written) == f"+86{number}"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1390000000",
        "139000000012",
        "12900000001",
        "10086",
        "23900000001",
        "+8513900000001",
        "1390000000a",
        "868613900000001",
        "0832-5600001",
        "13900000001.0",
        "１３９",
        "一三九零零零零零零零一",
        "1" * 10_000,
        "١٣٩٠٠٠٠٠٠٠١",
    ],
)
def test_what_is_no_mobile_number_is_refused(text: str) -> None:
    with pytest.raises(InvalidPhone) as refused:
        normalise(text)
    assert refused.value.code == "invalid-phone"


def test_a_refusal_does_not_repeat_the_number() -> None:
    with pytest.raises(InvalidPhone) as refused:
        normalise("139000000011")
    assert "1390" not in f"{refused.value} {refused.value.message} {refused.value.extras}"


@given(st.text())
def test_any_text_is_a_number_or_refused(text: str) -> None:
    with contextlib.suppress(InvalidPhone):
        assert re.fullmatch(r"\+861[3-9][0-9]{9}", normalise(text))


def test_a_mask_shows_three_digits_and_eight_stars() -> None:
    assert mask("+8613900000001") == "139********"


@given(st.text())
def test_a_mask_of_anything_else_shows_nothing(text: str) -> None:
    assert re.fullmatch(r"(1[3-9][0-9]|\*{3})\*{8}", mask(text))


@given(numbers)
def test_a_sealed_number_opens_and_shows_nothing(number: str) -> None:
    sealed = BOOK.seal(number)
    assert BOOK.open(sealed.enc) == f"+86{number}"
    assert re.fullmatch(r"k1\.[A-Za-z0-9_-]+", sealed.enc)
    assert re.fullmatch(r"[0-9a-f]{64}", sealed.index)
    assert sealed.masked == mask(f"+86{number}")
    assert number not in repr(sealed)


def test_two_seals_differ_and_their_index_agrees() -> None:
    first, second = BOOK.seal("13900000001"), BOOK.seal("+86 139-0000-0001")
    assert first.enc != second.enc
    assert first.index == second.index == BOOK.index("1390000 0001")
    assert first.index != BOOK.index("13900000002")


def test_the_index_depends_on_the_ring() -> None:
    assert PhoneBook(KeyRing.generate()).index("13900000001") != BOOK.index("13900000001")


@given(st.text() | st.text(string.ascii_letters + string.digits + "-_=").map(lambda body: f"k1.{body}"))
def test_any_other_text_is_a_broken_seal(text: str) -> None:
    with pytest.raises(SealBroken):
        BOOK.open(text)


@given(st.data())
def test_a_seal_changed_in_one_place_is_broken(data: st.DataObject) -> None:
    enc = BOOK.seal("13900000001").enc
    # The last character of the base64 text carries two bits that decode to nothing.
    at = data.draw(st.integers(3, len(enc) - 2))
    changed = enc[:at] + ("A" if enc[at] != "A" else "B") + enc[at + 1 :]
    with pytest.raises(SealBroken):
        BOOK.open(changed)


def test_after_a_rotation_old_seals_open_and_are_resealed() -> None:
    old = BOOK.seal("13900000001")
    rotated = PhoneBook(RING.with_new_phone_key())
    new = rotated.reseal(old.enc)
    assert new.startswith("k2.")
    assert rotated.open(new) == rotated.open(old.enc) == "+8613900000001"
    assert rotated.reseal(new) == new
    assert rotated.index("13900000001") == old.index


def test_once_the_old_key_is_dropped_its_seals_stay_shut() -> None:
    old = BOOK.seal("13900000001")
    later = PhoneBook(RING.with_new_phone_key().without_phone_key("k1"))
    with pytest.raises(SealBroken):
        later.open(old.enc)


def test_a_seal_cannot_be_passed_off_under_another_key_id() -> None:
    ring = RING.with_new_phone_key()
    twin = KeyRing(
        current_phone_key="k2",
        phone_keys={"k1": ring.phone_keys["k2"], "k2": ring.phone_keys["k2"]},
        index_key=ring.index_key,
        token_keys=ring.token_keys,
        root=ring.root,
    )
    sealed = PhoneBook(twin).seal("13900000001").enc
    with pytest.raises(SealBroken):
        PhoneBook(twin).open(sealed.replace("k2.", "k1."))


@pytest.mark.parametrize(
    "written",
    [
        "13900000001",
        "+8613900000001",
        "0086 139 0000 0001",
        "139-0000-0001",
        "１３９００００００01",
        "8613900000001",
    ],
)
def test_numbers_in_free_text_are_hidden(written: str) -> None:
    assert hide_numbers(f"请回电{written}，谢谢") == "请回电139********，谢谢"


def test_ids_hashes_and_order_numbers_stay_whole() -> None:
    text = (
        f"{ids.uuid7()} 00000000-0000-7000-8000-013912345678 {'13912345678a' * 4} 20261103000123 08325600001"
    )
    assert hide_numbers(text) == text


@given(st.text(), numbers, st.text())
def test_no_number_survives_between_any_other_text(before: str, number: str, after: str) -> None:
    assert number not in hide_numbers(f"{before} {number}，{after}")


def test_a_process_with_the_old_ring_opens_what_the_new_key_sealed(tmp_path: Path) -> None:
    """It reads the file again on a key id that it does not know, without a restart."""
    path = tmp_path / "keyring.json"
    running = PhoneBook(KeyRing.create(path), KeyFile(path))
    rotated = KeyRing.load(path).with_new_phone_key()
    rotated.save(path)
    sealed = PhoneBook(rotated).seal("13900000001")
    assert sealed.enc.startswith("k2.")
    assert running.open(sealed.enc) == "+8613900000001"
    assert running.index("13900000001") == sealed.index
    assert running.seal("13900000001").enc.startswith("k2.")


def test_a_running_process_seals_with_the_new_key_within_seconds(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "keyring.json"
    running = PhoneBook(KeyRing.create(path), KeyFile(path))
    KeyRing.load(path).with_new_phone_key().save(path)
    assert running.seal("13900000001").enc.startswith("k1.")
    monkeypatch.setattr(KeyFile, "LOOKED_AT_EVERY", 0.0)
    assert running.seal("13900000001").enc.startswith("k2.")
    assert running.current_key == "k2"


def test_a_key_that_has_not_arrived_yet_is_told_from_a_broken_seal(tmp_path: Path) -> None:
    path = tmp_path / "keyring.json"
    running = PhoneBook(KeyRing.create(path), KeyFile(path))
    elsewhere = PhoneBook(KeyRing.load(path).with_new_phone_key())
    with pytest.raises(KeyUnknown) as unknown:
        running.open(elsewhere.seal("13900000001").enc)
    assert (unknown.value.code, "密钥" in unknown.value.message) == ("key-unknown", True)
    with pytest.raises(SealBroken) as broken:
        running.open("k2.short")
    assert not isinstance(broken.value, KeyUnknown)


@pytest.mark.parametrize("spoilt", ["", "{}", "another house"])
def test_a_file_that_is_no_ring_of_ours_changes_nothing(tmp_path: Path, spoilt: str) -> None:
    path = tmp_path / "keyring.json"
    running = PhoneBook(KeyRing.create(path), KeyFile(path))
    sealed = running.seal("13900000001").enc
    if spoilt == "another house":
        KeyRing.generate().with_new_phone_key().save(path)
    else:
        path.write_text(spoilt, encoding="utf-8")
    with pytest.raises(SealBroken):
        running.open("k2." + "A" * 60)
    assert running.open(sealed) == "+8613900000001"
