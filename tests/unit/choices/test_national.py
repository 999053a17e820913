"""The national list: every way in which it cannot be relied on."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.foundation.errors import Unavailable, WrongUsage
from commonweal.vault.choices import national
from commonweal.vault.choices.folder import read_choices
from tests import factories
from tests.unit.choices.helpers import NO_JOURNAL, digits_of, nhs_numbers, write_folder

NUMBERS = nhs_numbers(30)
NOW = factories.NOW


def read(folder: Path, **changes: Any) -> Any:
    wanted: dict[str, Any] = {"needs_national": True, "clock": factories.clock(), **changes}
    return read_choices(folder, **NO_JOURNAL, **wanted)


def refused(folder: Path, code: str, **changes: Any) -> Unavailable:
    with pytest.raises(Unavailable) as caught:
        read(folder, **changes)
    assert caught.value.code == code
    assert caught.value.exit_code == 5
    assert not any(number in str(caught.value) for number in NUMBERS)
    return caught.value


def put(folder: Path, content: bytes, returned: int | None = None) -> Path:
    """A folder in order but for the bytes of its list."""
    lines = content.count(b"\n") if returned is None else returned
    write_folder(folder, requested=max(lines, 30), returned=lines)
    (folder / "national_allowed.dat").write_bytes(content)
    return folder


def lines(*numbers: str) -> bytes:
    return "".join(f"{number},\n" for number in numbers).encode()


def test_a_list_in_order(tmp_path: Path) -> None:
    shuffled = [NUMBERS[7], NUMBERS[0], NUMBERS[3]]
    found = read(write_folder(tmp_path, allowed=shuffled, requested=9))
    assert found.national.numbers.tolist() == sorted(int(number) for number in shuffled)
    assert (found.requested, found.returned) == (9, 3)
    assert found.checked_at == datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    assert found.asserted_by.startswith("account ")


def test_the_list_is_not_shown(tmp_path: Path) -> None:
    found = read(
        write_folder(
            tmp_path,
            allowed=NUMBERS,
            objections=[f"{NUMBERS[0]},local_objection,,2026-01-01,,letter"],
        )
    )
    assert not any(number in repr(found) for number in NUMBERS)


def test_the_list_is_not_opened_where_it_is_not_needed(tmp_path: Path) -> None:
    write_folder(tmp_path)
    (tmp_path / "national_allowed.json").write_text("broken")
    found = read(tmp_path, needs_national=False)
    assert found.national is None
    assert (found.checked_at, found.requested, found.returned) == (None, None, None)


def test_digest_is_of_both_files(tmp_path: Path) -> None:
    row = f"{NUMBERS[0]},local_objection,,2026-01-01,,letter"
    digests = {
        read(write_folder(tmp_path / name, allowed=allowed, objections=rows)).digest
        for name, allowed, rows in (
            ("a", NUMBERS, []), ("b", NUMBERS[1:], []), ("c", NUMBERS, [row]), ("d", NUMBERS, [])
        )
    }  # fmt: skip
    assert len(digests) == 3


def test_no_folder(tmp_path: Path) -> None:
    refused(tmp_path / "nowhere", "CW-CHOICES-FOLDER-MISSING")


@pytest.mark.parametrize("name", ["national_allowed.dat", "national_allowed.json"])
def test_no_list(tmp_path: Path, name: str) -> None:
    write_folder(tmp_path, allowed=NUMBERS)
    (tmp_path / name).unlink()
    assert name in refused(tmp_path, "CW-CHOICES-LIST-MISSING").sentence


# --- its age ---------------------------------------------------------------------------------


@pytest.mark.parametrize("days", [1, 7, 21])
def test_age_to_the_millisecond(tmp_path: Path, days: int) -> None:
    write_folder(tmp_path, allowed=NUMBERS)
    checked = datetime(2026, 3, 1, 9, 0, tzinfo=UTC)
    oldest = checked + timedelta(days=days)
    read(tmp_path, clock=factories.clock(oldest), max_age_days=days)
    late = factories.clock(oldest + timedelta(milliseconds=1))
    error = refused(tmp_path, "CW-CHOICES-LIST-STALE", clock=late, max_age_days=days)
    assert f"{days} days" in error.sentence


def test_seven_days_by_default(tmp_path: Path) -> None:
    write_folder(tmp_path, allowed=NUMBERS)
    refused(tmp_path, "CW-CHOICES-LIST-STALE", clock=factories.clock(NOW + timedelta(days=7)))


@pytest.mark.parametrize("days", [0, -1, 22, 1000])
def test_no_policy_can_allow_more_than_21_days(tmp_path: Path, days: int) -> None:
    write_folder(tmp_path, allowed=NUMBERS)
    with pytest.raises(WrongUsage) as caught:
        read(tmp_path, max_age_days=days)
    assert caught.value.code == "CW-CHOICES-AGE-LIMIT"


def test_from_the_future(tmp_path: Path) -> None:
    write_folder(tmp_path, allowed=NUMBERS, checked_at="2026-03-02T09:00:00.001Z")
    refused(tmp_path, "CW-CHOICES-LIST-FUTURE")


def test_older_than_a_restore(tmp_path: Path) -> None:
    write_folder(tmp_path, allowed=NUMBERS)
    restored = datetime(2026, 3, 1, 9, 0, 1, tzinfo=UTC)
    refused(tmp_path, "CW-CHOICES-LIST-BEFORE-RESTORE", not_before=restored)
    read(tmp_path, not_before=restored - timedelta(seconds=1))


def test_other_time_zones_are_understood(tmp_path: Path) -> None:
    write_folder(tmp_path, allowed=NUMBERS, checked_at="2026-03-02T10:00:00+01:00")
    assert read(tmp_path).checked_at == NOW


# --- its record ------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "change",
    [
        lambda record: record.pop("checked_at"),
        lambda record: record.pop("requested"),
        lambda record: record.pop("returned"),
        lambda record: record.update(opted_out=2),
        lambda record: record.update(requested=29),  # fewer than returned
        lambda record: record.update(requested="30"),
        lambda record: record.update(requested=30.0),
        lambda record: record.update(returned=True),
        lambda record: record.update(returned=-1),
        lambda record: record.update(returned=None),
        lambda record: record.update(requested=10**40),
        lambda record: record.update(checked_at="2026-03-01"),
        lambda record: record.update(checked_at="2026-03-01T09:00:00"),
        lambda record: record.update(checked_at="2026-02-30T09:00:00Z"),
        lambda record: record.update(checked_at="0001-01-01T00:00:00+23:59"),
        lambda record: record.update(checked_at="now"),
        lambda record: record.update(checked_at=1767225600),
        lambda record: record.update(checked_at=None),
    ],
)
def test_a_wrong_record(tmp_path: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    write_folder(tmp_path, allowed=NUMBERS)
    path = tmp_path / "national_allowed.json"
    record = json.loads(path.read_text())
    change(record)
    path.write_text(json.dumps(record))
    refused(tmp_path, "CW-CHOICES-LIST-RECORD")


@pytest.mark.parametrize(
    "content",
    [b"", b"[]", b"null", b'"x"', b"{", b"\xff", b'{"checked_at":1,"checked_at":2}', b"[" * 99999],
)
def test_a_record_that_is_not_one(tmp_path: Path, content: bytes) -> None:
    write_folder(tmp_path, allowed=NUMBERS)
    (tmp_path / "national_allowed.json").write_bytes(content)
    refused(tmp_path, "CW-CHOICES-LIST-RECORD")


# --- its lines -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (lines(*NUMBERS[:3]).replace(b"\n", b"\r\n"), "Windows"),
        (lines(*NUMBERS[:3]).replace(b",", b""), "no comma at the end of line 1"),
        (lines(*NUMBERS[:3]) + NUMBERS[4].encode() + b"\n", "no comma at the end of line 4"),
        (b"nhs_number,\n" + lines(*NUMBERS[:3]), "line 1"),
        (lines(*NUMBERS[:3]) + b"\n", "line 4"),
        (lines(*NUMBERS[:3], "123 456 7890"), "line 4"),
        (lines(*NUMBERS[:2], "94347659", NUMBERS[3]), "line 3"),
        (lines(*NUMBERS[:2], "94347659191", NUMBERS[3]), "line 3"),
        (lines(*NUMBERS[:2], "94347659A9", NUMBERS[3]), "line 3"),
        (lines(*NUMBERS[:2], "\uff11\uff12\uff13", NUMBERS[3]), "line 3"),
        (lines(*NUMBERS[:2]) + b"0123456789\x00,\n", "line 3"),
        (lines(*NUMBERS[:2], "0123456789"), "invalid NHS numbers, the first on line 3"),
        (lines(*NUMBERS[:2], "9999999999"), "line 3"),
        (lines(*NUMBERS[:2], "0000000000"), "line 3"),
        (lines("9434765918"), "line 1"),
        (lines(NUMBERS[0], NUMBERS[1], NUMBERS[0]), "1 numbers more than once"),
    ],
)
def test_lines_that_are_wrong(tmp_path: Path, content: bytes, said: str) -> None:
    assert said in refused(put(tmp_path, content), "CW-CHOICES-LIST-INVALID").sentence


@pytest.mark.parametrize("cut", [1, 2, 5, 11])
def test_cut_short_within_a_line(tmp_path: Path, cut: int) -> None:
    put(tmp_path, lines(*NUMBERS)[:-cut], returned=30)
    refused(tmp_path, "CW-CHOICES-LIST-TRUNCATED")


@pytest.mark.parametrize("kept", [0, 1, 29])
def test_cut_short_between_lines(tmp_path: Path, kept: int) -> None:
    put(tmp_path, lines(*NUMBERS[:kept]), returned=30)
    assert f"{kept:,} lines" in refused(tmp_path, "CW-CHOICES-LIST-TRUNCATED").sentence


def test_longer_than_recorded(tmp_path: Path) -> None:
    put(tmp_path, lines(*NUMBERS), returned=29)
    refused(tmp_path, "CW-CHOICES-LIST-TRUNCATED")


@pytest.mark.parametrize(
    "reply",
    [
        b"The file contains invalid NHS numbers",
        b"ERROR: file contains invalid NHS Numbers.\n",
        b"Your file CONTAINS INVALID NHS NUMBERS\r\n",
    ],
)
def test_the_error_reply_of_the_service(tmp_path: Path, reply: bytes) -> None:
    put(tmp_path, reply, returned=1)
    error = refused(tmp_path, "CW-CHOICES-LIST-SERVICE-ERROR")
    assert error.remedy is not None


def test_faults_beyond_the_first_block(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(national, "_BLOCK_LINES", 4)
    assert len(read(put(tmp_path, lines(*NUMBERS))).national.numbers) == 30
    put(tmp_path, lines(*NUMBERS[:9], "9434765918", *NUMBERS[10:]))
    assert "line 10" in refused(tmp_path, "CW-CHOICES-LIST-INVALID").sentence
    put(tmp_path, lines(*NUMBERS[:13]) + b"oops\n" + lines(*NUMBERS[14:]))
    assert "line 14" in refused(tmp_path, "CW-CHOICES-LIST-INVALID").sentence


def test_a_record_that_promises_billions_takes_no_memory(tmp_path: Path) -> None:
    write_folder(tmp_path, allowed=NUMBERS, requested=10**10, returned=10**10)
    refused(tmp_path, "CW-CHOICES-LIST-TRUNCATED")


# --- beside the oracle ------------------------------------------------------------------------


@given(st.lists(st.integers(0, 9_999_999_999), min_size=1, max_size=50))
def test_validity_is_that_of_nhs_numbers(drawn: list[int]) -> None:
    texts = [f"{number:010d}" for number in drawn]
    digits = np.array([[int(char) for char in text] for text in texts], dtype=np.uint8)
    numbers, valid = national._valid(digits)
    assert numbers.tolist() == drawn
    assert valid.tolist() == [digits_of(text) is not None for text in texts]


@given(st.integers(0, 999_999_999), st.integers(0, 9))
def test_validity_near_valid_numbers(first_nine: int, last: int) -> None:
    # One in eleven at random: most drawn whole numbers fail the check digit.
    text = f"{first_nine:09d}{last}"
    digits = np.array([[int(char) for char in text]], dtype=np.uint8)
    assert national._valid(digits)[1].tolist() == [digits_of(text) is not None]


@given(content=st.binary(max_size=80), returned=st.integers(0, 4))
def test_any_bytes_give_a_list_or_our_refusal(
    tmp_path_factory: pytest.TempPathFactory, content: bytes, returned: int
) -> None:
    folder = put(tmp_path_factory.mktemp("fuzz"), content, returned)
    try:
        found = read(folder)
    except Unavailable:
        return
    assert content == lines(*(str(number) for number in found.national.numbers)) or returned > 1
