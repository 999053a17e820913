"""Counts in tables that somebody else made: what they show on their face.

Nothing here says that a figure is safe: who is behind it cannot be counted again. It says what is
wrong with it, so that a person need not look for that: small counts, and counts that are not
rounded as the profile asks. The cells come from a parser in the sandbox (`files`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.rules.findings import Finding

MOST_BYTES = 16 << 20
_COUNT_WORDS = frozenset(
    {"n", "no", "count", "counts", "freq", "frequency", "number", "people", "persons", "patients",
     "cases", "total", "obs", "size", "admissions", "events"}
)  # fmt: skip
_WHOLE = re.compile(r"\s*([0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,15})(?:\.0{1,6})?\s*", re.ASCII)


def counts_people(name: str) -> bool:
    """Whether a column's name says that it holds counts."""
    words = re.split(r"[^a-z]+", re.sub(r"([a-z])([A-Z])", r"\1 \2", name).lower())
    return not _COUNT_WORDS.isdisjoint(words)


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
