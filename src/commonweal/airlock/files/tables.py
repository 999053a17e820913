"""What the cells of a file show on their face: identifiers, small counts, formulas, rows of people.

These rules need no release. They say what is wrong, and never that anything is right.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass
from typing import Any

from commonweal.airlock.declared import count_findings, counts_people
from commonweal.airlock.files.answers import Column, Sheet
from commonweal.airlock.files.parsers.common import MOST_ROWS
from commonweal.airlock.files.writing import is_formula, plain_text
from commonweal.airlock.profile import RuleProfile, Stop
from commonweal.airlock.rules.findings import Finding
from commonweal.foundation.identifiers import InvalidNHSNumber, NHSNumber

_TEN_DIGITS = re.compile(r"(?<![0-9])[0-9]{3}[ -]?[0-9]{3}[ -]?[0-9]{4}(?![0-9])", re.ASCII)
_LONG_RUN = re.compile(r"[0-9]{11,40}", re.ASCII)
_NOT_DIGITS = re.compile(r"[\u2010-\u2015\u2212\u00a0\u2000-\u200f\u202f.]")
BY_CHANCE = 0.25
"""One ten-digit number in eleven passes the check digit by chance. Where more than this share does,
and more than one, they are no accident."""
_FEW_LONG = 5
_POSTCODE = re.compile(
    r"(?<![A-Za-z0-9])(?:GIR ?0AA|[A-Z]{1,2}[0-9][A-Z0-9]? ?[0-9][ABD-HJLNP-UW-Z]{2})"
    r"(?![A-Za-z0-9])", re.IGNORECASE | re.ASCII
)  # fmt: skip
_DATE = re.compile(
    r"(?<![0-9])(?:(?:19|20)[0-9]{2}[-/.][01]?[0-9][-/.][0-3]?[0-9]"
    r"|[0-3]?[0-9][-/.][01]?[0-9][-/.](?:19|20)[0-9]{2})(?![0-9])", re.ASCII
)  # fmt: skip
_BIRTH = re.compile(r"birth|dob\b|born", re.IGNORECASE)
_RAW = re.compile(r"^b['\"]|(?:\\x[0-9a-fA-F]{2}){4,}|^bytes:")
_KEY_ROWS, _KEY_SHARE = 50, 0.95
_REPEATED_ROWS, _REPEATED_SHARE = 20, 0.2
_DATES_OF_MANY = 20


@dataclass(frozen=True)
class ColumnSummary:
    """What a reviewer reads of a column first. Figures are over its cells; None where none fits.

    type: `number`, `text`, `date` or `empty`. missing: empty cells and those marked as hidden.
    fives, sixes: whether all numbers are divisible by 5, or are 3 more than a multiple of 6 or 0.
    small: whole numbers of 1 to the profile's fewest people less one, where the name is a count's.
    """

    sheet: str
    column: int
    name: str
    type: str
    missing: int
    distinct: int
    least_above_nothing: float | None
    most: float | None
    fives: bool | None
    sixes: bool | None
    small: int | None

    def as_dict(self) -> dict[str, Any]:
        """As JSON values."""
        return asdict(self)


def look_at_cells(sheets: Sequence[Sheet], what: str, profile: RuleProfile) -> Iterator[Finding]:
    """What is wrong with the cells of a file."""
    for number, sheet in enumerate(sheets, start=1):
        place = {"table": what} if len(sheets) == 1 else {"table": what, "sheet": str(number)}
        if sheet.rows > MOST_ROWS:
            yield Finding("rows", "Unknown", "fail", place, float(sheet.rows), MOST_ROWS)
        for column_number, column in enumerate(sheet.columns, start=1):
            where = {**place, "column": str(column_number)}
            cells = [cell for cell in column.values if cell]
            yield from identifier_findings([column.name, *cells], where)
            yield from _hints(column, cells, where)
            yield from _forms([column.name, *cells], where)
            if sheet.form == "table":
                yield from count_findings(column.name, column.values, where, profile)
                yield from _keylike(column, cells, where)
        if sheet.form == "table":
            yield from _repeated(sheet, place)


def identifier_findings(cells: Sequence[str], where: dict[str, str]) -> Iterator[Finding]:
    """Numbers with the form and check digit of NHS numbers, also inside longer numbers.

    A valid one alone may be chance: for a person to see. Two or more fail, unless so many ten-digit
    numbers are there that chance explains them.
    """
    seen: dict[str, bool] = {}
    long_runs: set[str] = set()
    for cell in cells:
        spelt = _NOT_DIGITS.sub("-", cell) if not cell.isascii() else cell
        for hit in _TEN_DIGITS.findall(spelt):
            if hit not in seen:
                seen[hit] = is_number(hit)
        if len(long_runs) <= MOST_ROWS:
            long_runs.update(_LONG_RUN.findall(cell))
    valid = {re.sub("[ -]", "", hit) for hit, good in seen.items() if good}
    if valid:
        many = len(valid) > 1 and len(valid) >= BY_CHANCE * len(seen)
        outcome: Stop = "fail" if many else "review"
        yield Finding("identifier", "Unknown", outcome, where, float(len(valid)))
    elif _numbers_within(long_runs):
        yield Finding("identifier", "Unknown", "fail", where)


def _numbers_within(runs: set[str]) -> bool:
    """Whether at one place of most of these long numbers there is an NHS number."""
    if len(runs) < _FEW_LONG:
        return False
    found: Counter[int] = Counter()
    for run in runs:
        for start in range(len(run) - 9):
            if is_number(run[start : start + 10]):
                # Counted from both ends: what stands before or behind may vary in length.
                found[start] += 1
                found[start - len(run)] += 1
    return max(found.values(), default=0) > len(runs) / 2


def is_number(text: str) -> bool:
    """Whether a text is a valid NHS number."""
    try:
        NHSNumber(text)
    except InvalidNHSNumber:
        return False
    return True


def _hints(column: Column, cells: Sequence[str], where: dict[str, str]) -> Iterator[Finding]:
    postcodes = {hit.upper() for cell in cells for hit in _POSTCODE.findall(cell)}
    dates = {hit for cell in cells for hit in _DATE.findall(cell)}
    births = len(dates) if _BIRTH.search(column.name) or len(dates) > _DATES_OF_MANY else 0
    if postcodes or births:
        yield Finding("hint", "Unknown", "review", where, float(len(postcodes) + births))


def _forms(cells: Sequence[str], where: dict[str, str]) -> Iterator[Finding]:
    """Cells that a spreadsheet would run, and codes in the raw form of bytes."""
    formulas = [cell for cell in cells if is_formula(cell)]
    if formulas:
        said = "A spreadsheet would run cells of this column; they leave as texts."
        place, count = {**where, "part": "formulas"}, float(len(formulas))
        if _calls(formulas):
            yield Finding("active", "Unknown", "fail", place, count, said=said)
        else:
            yield Finding("dropped", "Unknown", "review", place, count, said=said)
    raw = sum(1 for cell in cells if _RAW.search(cell))
    if raw:
        said = "There are bytes written as text, as codes of people are."
        place = {**where, "part": "bytes"}
        yield Finding("hidden", "Unknown", "fail", place, float(raw), said=said)


def _calls(formulas: Sequence[str]) -> bool:
    """Whether a formula is more than a text with a sign before it: `- (none)` and `+ 3 (2 to 4)`
    are texts."""
    return any(
        cell[0] in "=@\t\r" or re.search(r"[A-Za-z_.]+\(|\|.*!|![A-Z$]", cell) is not None
        for cell in formulas
    )


def _keylike(column: Column, cells: Sequence[str], where: dict[str, str]) -> Iterator[Finding]:
    rows = len(column.values)
    if rows < _KEY_ROWS or counts_people(column.name):
        return
    # Figures with decimals differ from row to row in any table of figures.
    whole = [cell for cell in set(cells) if _number(cell) is None or "." not in cell]
    if len(whole) >= _KEY_SHARE * rows:
        yield Finding("keylike", "Unknown", "review", where, float(len(whole)))


def _repeated(sheet: Sheet, place: dict[str, str]) -> Iterator[Finding]:
    rows = Counter(zip(*(column.values for column in sheet.columns), strict=True))
    total = sum(rows.values())
    again = sum(count for row, count in rows.items() if count > 1 and any(row))
    if total >= _REPEATED_ROWS and again > _REPEATED_SHARE * total:
        yield Finding("repeated", "Unknown", "review", place, float(again))


def summaries_of(sheets: Sequence[Sheet], profile: RuleProfile) -> tuple[ColumnSummary, ...]:
    """A summary of every column of every table, for reviewers."""
    return tuple(
        _summary(sheet, place, column, profile)
        for sheet in sheets
        if sheet.form == "table"
        for place, column in enumerate(sheet.columns, start=1)
    )


_HIDDEN_CELLS = frozenset({"", "*", "[redacted]", "[c]", "na", "nan", "null", "none", "-"})


def _summary(sheet: Sheet, place: int, column: Column, profile: RuleProfile) -> ColumnSummary:
    shown = [cell for cell in column.values if (cell or "").strip().lower() not in _HIDDEN_CELLS]
    numbers = [_number(cell or "") for cell in shown]
    found = [number for number in numbers if number is not None]
    dates = sum(1 for cell in shown if cell and _DATE.fullmatch(cell[:10]))
    numeric = bool(found) and len(found) == len(shown)
    kind = "empty" if not shown else "number" if numeric else "text"
    if dates and dates == len(shown):
        kind = "date"
    above = [number for number in found if number > 0]
    whole = numeric and all(number.is_integer() for number in found)
    return ColumnSummary(
        sheet=plain_text(sheet.name),
        column=place,
        name=plain_text(column.name),
        type=kind,
        missing=len(column.values) - len(shown),
        distinct=len(set(shown)),
        least_above_nothing=min(above) if numeric and above else None,
        most=max(found) if numeric else None,
        fives=all(number % 5 == 0 for number in found) if whole else None,
        sixes=all(number == 0 or number % 6 == 3 for number in found) if whole else None,
        small=sum(0 < number < profile.threshold for number in found)
        if whole and counts_people(column.name)
        else None,
    )


def _number(text: str) -> float | None:
    try:
        number = float(text.replace(",", ""))
    except ValueError:
        return None
    return number if abs(number) < float("inf") else None
