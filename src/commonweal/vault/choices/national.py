"""The national list: the numbers that the national data opt-out service allows.

The file has the form in which "Check for national data opt-outs" answers: one NHS number and a
comma a line, LF line ends, only numbers without an opt-out. The list therefore says who may be
in, never who opted out, and lives in memory only while a release is made. A list that is missing,
old, cut short or of another form is refused: who is not on it could not be told from who was
never asked.

Read in blocks with NumPy: a line has exactly twelve bytes, so a block is a matrix, and lists of
60 million numbers take seconds.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, BinaryIO

import numpy as np
import numpy.typing as npt

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.clock import Clock
from commonweal.foundation.errors import CommonwealError, Unavailable, WrongUsage
from commonweal.foundation.files import read_bytes, translated
from commonweal.foundation.identifiers import ISSUED, SYNTHETIC, WEIGHTS

LIST_FILE = "national_allowed.dat"
RECORD_FILE = "national_allowed.json"
DEFAULT_MAX_AGE_DAYS = 7
HARD_MAX_AGE_DAYS = 21
"""An opt-out must take effect within 21 days of being set: no policy can allow more."""

_LINE = 12
_BLOCK_LINES = 1 << 18
_RECORD_KEYS = {"checked_at", "requested", "returned"}
_TIME = re.compile(
    r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{1,6})?(Z|[+-][0-9]{2}:[0-9]{2})",
    re.ASCII,
)
_SERVICE_ERROR = b"invalid nhs number"

Numbers = npt.NDArray[np.int64]
Bytes = npt.NDArray[np.uint8]


@dataclass(frozen=True)
class NationalList:
    """A list that may be relied on. `numbers`: allowed NHS numbers, ascending, each once.

    `requested`: how many numbers were sent to the service; `returned`: how many came back.
    """

    checked_at: datetime
    requested: int
    returned: int
    sha256: str
    numbers: Numbers = field(repr=False, compare=False)


def read_national(
    folder: Path, *, clock: Clock, max_age_days: int, not_before: datetime | None
) -> NationalList:
    """Read and check the national list in `folder`.

    Raises `Unavailable`, with the code that says what is wrong with the list, for any list that
    cannot be relied on, and `WrongUsage` CW-CHOICES-AGE-LIMIT for a limit that is not 1 to 21 days.
    """
    checked_at, requested, returned = check_record(
        folder, clock=clock, max_age_days=max_age_days, not_before=not_before
    )
    numbers, sha256 = _read_list(folder / LIST_FILE, returned)
    return NationalList(checked_at, requested, returned, sha256, numbers)


def read_checked_at(
    folder: Path, *, clock: Clock, max_age_days: int, not_before: datetime | None
) -> datetime:
    """When the list in `folder` was checked, by its record; the list itself is not read.

    Raises as `check_record`.
    """
    return check_record(folder, clock=clock, max_age_days=max_age_days, not_before=not_before)[0]


def check_record(
    folder: Path, *, clock: Clock, max_age_days: int, not_before: datetime | None
) -> tuple[datetime, int, int]:
    """What the record beside the list says: when it was checked, how many were asked and came back.

    The list itself is not opened. Raises as `read_national` for a list that is missing, or too old.
    """
    if not 1 <= max_age_days <= HARD_MAX_AGE_DAYS:
        raise WrongUsage(
            "CW-CHOICES-AGE-LIMIT",
            f"The limit for the age of the national list must be 1 to {HARD_MAX_AGE_DAYS} days.",
        )
    for name in (RECORD_FILE, LIST_FILE):
        if not (folder / name).is_file():
            raise Unavailable(
                "CW-CHOICES-LIST-MISSING",
                f"The choices folder has no {name}, and this permit needs the national list.",
                remedy="Check the people against the national opt-out and put the answer there.",
            )
    checked_at, requested, returned = _read_record(folder / RECORD_FILE)
    _check_age(checked_at, clock.now(), max_age_days, not_before)
    return checked_at, requested, returned


# --- the record beside the list --------------------------------------------------------------


def _read_record(path: Path) -> tuple[datetime, int, int]:
    try:
        found = parse_json(read_bytes(path, "The record", limit=1 << 16), path.name)
    except CommonwealError:
        raise _bad_record("is not a readable JSON document") from None
    if not isinstance(found, dict) or set(found) != _RECORD_KEYS:
        raise _bad_record("must hold checked_at, requested and returned, and nothing else")
    requested, returned = found["requested"], found["returned"]
    for value in (requested, returned):
        if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= 10**10:
            raise _bad_record("must hold requested and returned as whole numbers")
    if returned > requested:
        raise _bad_record("says that more numbers were returned than requested")
    return _read_time(found["checked_at"]), requested, returned


def _read_time(value: Any) -> datetime:
    if isinstance(value, str) and _TIME.fullmatch(value):
        try:
            return datetime.fromisoformat(value).astimezone(UTC)
        except (ValueError, OverflowError):
            pass
    raise _bad_record("must hold checked_at as a time with its zone, such as 2026-03-02T09:00:00Z")


def _bad_record(reason: str) -> Unavailable:
    return Unavailable("CW-CHOICES-LIST-RECORD", f"{RECORD_FILE} {reason}.")


def _check_age(
    checked_at: datetime, now: datetime, max_age_days: int, not_before: datetime | None
) -> None:
    if checked_at > now:
        raise Unavailable(
            "CW-CHOICES-LIST-FUTURE", "The national list is dated in the future; check the clock."
        )
    if not_before is not None and checked_at < not_before:
        raise Unavailable(
            "CW-CHOICES-LIST-BEFORE-RESTORE",
            "The national list is older than the time from which choices must be fresh, "
            "such as the restore of a backup.",
            remedy="Check the people against the national opt-out again.",
        )
    age = now - checked_at
    if age > timedelta(days=max_age_days):
        raise Unavailable(
            "CW-CHOICES-LIST-STALE",
            f"The national list is {age.days} days old; the limit is {max_age_days} days.",
            remedy="Check the people against the national opt-out again.",
        )


# --- the list --------------------------------------------------------------------------------


def _read_list(path: Path, returned: int) -> tuple[Numbers, str]:
    whole = hashlib.sha256()
    with translated(path.name), path.open("rb") as stream:
        size = stream.seek(0, 2)
        _check_ends(stream, size)
        lines = -(-size // _LINE)
        # A list that is longer or shorter than its record need not be held to be refused.
        numbers = np.empty(min(lines, returned), dtype=np.int64)
        read = 0
        for block, first in _blocks(stream, whole):
            here = _parse(block, first)
            keep = min(len(here), len(numbers) - read)
            numbers[read : read + keep] = here[:keep]
            read = first - 1 + len(here)
    if read != returned:
        raise Unavailable(
            "CW-CHOICES-LIST-TRUNCATED",
            f"{LIST_FILE} has {read:,} lines, but {returned:,} numbers were returned.",
        )
    numbers.sort()
    doubled = int(np.count_nonzero(numbers[1:] == numbers[:-1]))
    if doubled:
        raise _bad_list(f"names {doubled:,} numbers more than once")
    return numbers, "sha256:" + whole.hexdigest()


def _check_ends(stream: BinaryIO, size: int) -> None:
    stream.seek(0)
    start = stream.read(4096)
    if _SERVICE_ERROR in start.lower():
        raise Unavailable(
            "CW-CHOICES-LIST-SERVICE-ERROR",
            "The opt-out service gave no list: it says that the file sent to it holds invalid "
            "NHS numbers.",
            remedy="Send valid numbers only, and use the answer to that.",
        )
    if size:
        stream.seek(-1, 2)
        if stream.read(1) != b"\n":
            raise Unavailable(
                "CW-CHOICES-LIST-TRUNCATED",
                f"The last line of {LIST_FILE} is not ended: the list was cut short.",
            )
    stream.seek(0)


def _blocks(stream: BinaryIO, whole: Any) -> Iterator[tuple[bytes, int]]:
    """Blocks of the file, each with the number of its first line if all lines are right."""
    first = 1
    while block := stream.read(_LINE * _BLOCK_LINES):
        whole.update(block)
        yield block, first
        first += _BLOCK_LINES


def _parse(block: bytes, first: int) -> Numbers:
    full = len(block) // _LINE
    rows = np.frombuffer(block, dtype=np.uint8, count=full * _LINE).reshape(full, _LINE)
    digits = rows[:, :10] - np.uint8(ord("0"))  # wraps round: anything else is above 9
    shaped = (digits <= 9).all(axis=1) & (rows[:, 10] == ord(",")) & (rows[:, 11] == ord("\n"))
    if not shaped.all() or len(block) % _LINE:
        good = int(np.argmin(shaped)) if not shaped.all() else full
        raise _misshapen(block[good * _LINE : (good + 8) * _LINE], first + good)
    numbers, valid = _valid(digits)
    if not valid.all():
        raise _bad_list(
            f"holds invalid NHS numbers, the first on line {first + int(np.argmin(valid)):,}"
        )
    return numbers


def _valid(digits: Bytes) -> tuple[Numbers, npt.NDArray[np.bool_]]:
    """The numbers of a matrix of digits and which are NHS numbers (`foundation.identifiers`)."""
    numbers = np.zeros(len(digits), dtype=np.int64)
    summed = np.zeros(len(digits), dtype=np.int32)
    for place in range(10):
        numbers = numbers * 10 + digits[:, place]
        if place < len(WEIGHTS):
            summed += digits[:, place].astype(np.int32) * WEIGHTS[place]
    expected = (11 - summed % 11) % 11
    used = np.zeros(len(digits), dtype=np.bool_)
    for low, high in (*ISSUED, SYNTHETIC):
        used |= (numbers >= low) & (numbers <= high)
    # The remainder ten has no digit, so it never equals the last one.
    return numbers, used & (expected == digits[:, 9]) & (numbers % 1_111_111_111 != 0)


def _misshapen(rest: bytes, line: int) -> Unavailable:
    text = rest.split(b"\n", 1)[0]
    if text.endswith(b"\r"):
        return _bad_list(f"has Windows line ends (line {line:,}); the service ends lines with LF")
    if not text.endswith(b","):
        return _bad_list(f"has no comma at the end of line {line:,}")
    return _bad_list(f"has something other than ten digits and a comma on line {line:,}")


def _bad_list(reason: str) -> Unavailable:
    return Unavailable("CW-CHOICES-LIST-INVALID", f"{LIST_FILE} {reason}.")
