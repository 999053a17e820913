"""Tables that somebody else made: what the file itself shows, and always a person's review.

Nothing here says that a figure is safe: who is behind it cannot be counted again. It says what is
wrong with it on its face, so that a person need not look for that: small counts, counts that are
not rounded as the profile asks, NHS numbers, too many rows.
"""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence

from commonweal.airlock.profile import RuleProfile, Stop
from commonweal.airlock.rules.findings import Finding
from commonweal.foundation.errors import Fault
from commonweal.foundation.identifiers import InvalidNHSNumber, NHSNumber

MOST_ROWS = 5_000
MOST_BYTES = 16 << 20
_COUNT_WORDS = frozenset(
    {"n", "no", "count", "counts", "freq", "frequency", "number", "people", "persons", "patients",
     "cases", "total", "obs", "size", "admissions", "events"}
)  # fmt: skip
_WHOLE = re.compile(r"\s*([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})(?:\.0{1,6})?\s*", re.ASCII)
_TEN_DIGITS = re.compile(r"(?<![0-9])[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}(?![0-9])", re.ASCII)


def read_table(content: bytes, what: str) -> tuple[list[str], list[list[str]]]:
    """Header and rows of a CSV file. Raises `Fault` CW-OUTPUT-FILE, saying the line."""
    try:
        text = content.decode("utf-8-sig")
        rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
    except (UnicodeDecodeError, csv.Error):
        raise Fault("CW-OUTPUT-FILE", f"{what} cannot be read as a CSV table in UTF-8.") from None
    rows = [row for row in rows if row]
    if not rows or "\x00" in text:
        raise Fault("CW-OUTPUT-FILE", f"{what} holds no table.")
    for place, row in enumerate(rows, start=1):
        if len(row) != len(rows[0]):
            raise Fault(
                "CW-OUTPUT-FILE", f"{what}: row {place} has another length than the header."
            )
    return rows[0], rows[1:]


def judge_declared(content: bytes, what: str, profile: RuleProfile) -> list[Finding]:
    """What is wrong with a CSV table on its face, and that a person has to look at it.

    Raises `Fault` CW-OUTPUT-FILE.
    """
    header, rows = read_table(content, what)
    found = [Finding("declared", "Unknown", "review", {"table": what})]
    if len(rows) > MOST_ROWS:
        found.append(
            Finding("rows", "Unknown", "fail", {"table": what}, float(len(rows)), MOST_ROWS)
        )
    for place, name in enumerate(header):
        cells = [row[place] for row in rows]
        where = {"table": what, "column": str(place + 1)}
        found.extend(_identifiers([name, *cells], where))
        found.extend(count_findings(name, cells, where, profile))
    return found


def counts_people(name: str) -> bool:
    """Whether a column's name says that it holds counts."""
    words = re.split(r"[^a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower())
    return not _COUNT_WORDS.isdisjoint(words)


def _identifiers(cells: list[str], where: dict[str, str]) -> Iterator[Finding]:
    # One ten-digit number in eleven passes the check digit by chance: a few are no accident.
    seen = {hit for cell in cells for hit in _TEN_DIGITS.findall(cell) if _is_number(hit)}
    if seen:
        outcome: Stop = "fail" if len(seen) > 1 else "review"
        yield Finding("identifier", "Unknown", outcome, where)


def _is_number(text: str) -> bool:
    try:
        NHSNumber(text)
    except InvalidNHSNumber:
        return False
    return True


def count_findings(
    name: str, cells: Sequence[str | None], where: dict[str, str], profile: RuleProfile
) -> Iterator[Finding]:
    """What is wrong with the numbers of a column whose name says that it counts people."""
    if not counts_people(name):
        return
    matches = [_WHOLE.fullmatch(cell or "") for cell in cells]
    counts = [
        (row, int(match[1].replace(",", "")))
        for row, match in enumerate(matches, start=1)
        if match is not None
    ]
    for row, count in counts:
        place = {**where, "row": str(row)}
        if 0 < count < profile.threshold:
            yield Finding(
                "threshold", "Frequencies", "fail", place, float(count), profile.threshold
            )
        elif count == 0 and profile.zeros != "pass":
            yield Finding("zero", "Frequencies", profile.zeros, place, 0.0)
    if profile.exact_counts != "pass" and not _rounded([count for _, count in counts]):
        yield Finding("exact", "Frequencies", profile.exact_counts, where)


def _rounded(counts: list[int]) -> bool:
    """Whether all counts could be rounded: multiples of 5, or middles of steps of 6."""
    fives = all(count % 5 == 0 for count in counts)
    return fives or all(count == 0 or count % 6 == 3 for count in counts)
