"""Hierarchies that come with Commonweal: ages, dates, postcodes, ICD-10 and ethnicity.

They are made for the values that occur in a column, which are also its domain when loss is
measured. Sources: ICD-10 chapters and blocks, WHO, fifth edition (2016); high-level ethnic groups
of the 2011 and 2021 censuses, Office for National Statistics; ethnic category codes, NHS Data
Dictionary; postcode areas, districts and sectors, Royal Mail.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import date

from commonweal.foundation.errors import Fault
from commonweal.vault.risk.anonymise.ethnicity import ethnic_group
from commonweal.vault.risk.anonymise.hierarchy import ALL, Hierarchy
from commonweal.vault.risk.anonymise.request import wrong
from commonweal.vault.risk.icd10 import icd10_levels

_AGE = re.compile(r"([0-9]{1,3})(?:\.0+)?", re.ASCII)
_DAY = re.compile(r"([0-9]{4})-([0-9]{2})-([0-9]{2})(?:[T ].*)?", re.ASCII)
_FULL = re.compile(r"([A-Z]{1,2}|GIR)([0-9][0-9A-Z]?)?([0-9])([A-Z]{2})", re.ASCII)
_OUTWARD = re.compile(r"([A-Z]{1,2})([0-9][0-9A-Z]?)", re.ASCII)
_OLDEST = 130


@dataclass(frozen=True)
class Builtin:
    """A hierarchy by its kind, to be made when the values are known.

    Raises `WrongUsage` CW-ANONYMISE-INPUT for a kind that does not exist.
    """

    kind: str

    def __post_init__(self) -> None:
        if self.kind not in KINDS:
            raise wrong(f"A built-in hierarchy is one of {', '.join(KINDS)}.")

    def make(self, column: str, values: Iterable[str | None]) -> Hierarchy:
        """The hierarchy of these values. Raises `Fault` CW-ANONYMISE-VALUE, which counts values."""
        rows = []
        lost = 0
        for value in sorted(one for one in set(values) if one is not None):
            levels = KINDS[self.kind](value)
            if levels is None:
                lost += 1
            else:
                rows.append((value, *levels, ALL))
        if lost:
            raise Fault(
                "CW-ANONYMISE-VALUE",
                f"{lost:,} different value(s) of {column} do not read as {_SAID[self.kind]}.",
                remedy="Mend them, or give a hierarchy of your own for the column.",
            )
        if not rows:
            raise Fault("CW-ANONYMISE-VALUE", f"Column {column} has no values.")
        return Hierarchy(column, tuple(zip(*rows, strict=True)))


def _age(value: str) -> tuple[str, ...] | None:
    """Years; bands of 5 and 10 up to 90+, of 20 up to 80+."""
    found = _AGE.fullmatch(value.strip())
    if found is None or int(found[1]) > _OLDEST:
        return None
    age = int(found[1])
    return (_band(age, 5, 90), _band(age, 10, 90), _band(age, 20, 80))


def _band(age: int, width: int, top: int) -> str:
    if age >= top:
        return f"{top}+"
    start = age // width * width
    return f"{start}-{start + width - 1}"


def _date(value: str) -> tuple[str, ...] | None:
    """Days; month, quarter, year, ten years."""
    found = _DAY.fullmatch(value.strip())
    if found is None:
        return None
    try:
        day = date(int(found[1]), int(found[2]), int(found[3]))
    except ValueError:
        return None
    year, decade = f"{day.year:04d}", day.year // 10 * 10
    quarter = f"{year}-Q{(day.month + 2) // 3}"
    return (f"{year}-{day.month:02d}", quarter, year, f"{decade:04d}-{decade + 9:04d}")


def _postcode(value: str) -> tuple[str, ...] | None:
    """Postcodes in any spacing; sector, district (outward part), area. Outward parts pass too."""
    plain = "".join(value.split()).upper()
    if plain == "GIR0AA":
        return ("GIR 0", "GIR", "GIR")
    found = _FULL.fullmatch(plain)
    if found is not None and found[2] is not None:
        district = found[1] + found[2]
        return (f"{district} {found[3]}", district, found[1])
    found = _OUTWARD.fullmatch(plain)
    return None if found is None else (plain, plain, found[1])


def _ethnicity(value: str) -> tuple[str, ...] | None:
    group = ethnic_group(value)
    return None if group is None else (group,)


KINDS: dict[str, Callable[[str], tuple[str, ...] | None]] = {
    "age": _age,
    "date": _date,
    "postcode": _postcode,
    "icd10": icd10_levels,
    "ethnicity": _ethnicity,
}
_SAID = {
    "age": "whole years from 0 to 130",
    "date": "dates (2026-03-02)",
    "postcode": "UK postcodes",
    "icd10": "ICD-10 codes",
    "ethnicity": "an ethnic group of the 2011 or 2021 census or an NHS ethnic category code",
}
