"""From exact figures to those that may be shown, so that no difference tells of one person.

Three rules, applied to every count (`docs/explanation/catalogue-figures.md` gives the argument):

1. *Held*: a later version shows what the one before showed until at least ten people differ, and
   how many more than ten is secret for each count. So two versions never differ by one person.
2. *Rounded down after a secret step*: a secret 0 to 9 is added before a count is cut to tens. It is
   the same for a count in every version, so asking again averages nothing away, and nobody knows
   where the border between two figures lies. Under ten people nothing is shown.
3. *No small rest*: where the codes of a variable leave 1 to 9 people over, the smallest code is
   hidden as well.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

import pyarrow as pa

from commonweal.papers.figures import BANDS, MOST_CODES, STEP_PERCENT, Band, Shown
from commonweal.papers.forms import Form, shows_less
from commonweal.vault.keys import Secret
from commonweal.vault.keys.codes import codes_of, numbers_from

STEP = 10
ENOUGH = 200
"""A percentage, a percentile or a band is shown from this many people on: then one step of a
percentage, and each end of a range, is at least ten people."""
_LOW, _HIGH = 3.322, 6.644
"""Bits at which one in ten and one in a hundred of the others share a value."""


def cell(*names: str) -> str:
    """The name of a count: table, variable, what is counted, code. No two have the same."""
    return json.dumps(names, ensure_ascii=False, separators=(",", ":"))


@dataclass(frozen=True)
class Margins:
    """The secrets of counts, drawn from a key of the custodian's."""

    key: Secret

    def of(self, cells: Iterable[str]) -> dict[str, tuple[int, int]]:
        """For each count (what is added before it is cut, how many people must differ)."""
        names = list(cells)
        drawn = numbers_from(codes_of(self.key, pa.chunked_array([pa.array(names, pa.string())])))
        return {
            name: (int(one % STEP), STEP + int(one // STEP % STEP))
            for name, one in zip(names, drawn.tolist(), strict=True)
        }


def catalogue_margins(audit: Secret) -> Margins:
    """The secrets of the catalogue's counts, from the custodian's audit key."""
    return Margins(audit.subkey("catalogue-figures"))


@dataclass(frozen=True)
class Counts:
    """What was shown before (`before`: held counts by cell; None for a first version)."""

    margins: Margins
    before: Mapping[str, int] | None

    def hold(self, exact: Mapping[str, int], new: bool = False) -> dict[str, int]:
        """The counts that figures are made of. `new`: of what the version before did not have."""
        if self.before is None or new:
            return dict(exact)
        secret = self.margins.of(exact)
        held = {}
        for name, count in exact.items():
            was = self.before.get(name, 0)
            held[name] = count if abs(count - was) >= secret[name][1] else was
        return held

    def shown(self, held: Mapping[str, int]) -> dict[str, int | None]:
        """Each count as it is shown: cut to tens, None under ten."""
        secret = self.margins.of(held)
        return {
            name: None if count < STEP else (count + secret[name][0]) // STEP * STEP
            for name, count in held.items()
        }

    def knows(self, name: str) -> bool:
        """Whether the version before had this count."""
        return self.before is not None and name in self.before


def percent(whole: int, people: int) -> int | None:
    """`whole` of `people` as a percentage to the nearest 5; None for few people."""
    if people < ENOUGH:
        return None
    steps = (200 * min(whole, people) + STEP_PERCENT * people) // (2 * STEP_PERCENT * people)
    return steps * STEP_PERCENT


def rounded_out(low: float, high: float, *, years: bool) -> tuple[float, float]:
    """A range to two significant digits, outwards; years stay."""
    if years:
        return int(low), int(high)
    return _to_two(low, "ROUND_FLOOR"), _to_two(high, "ROUND_CEILING")


def _to_two(number: float, way: str) -> float:
    exact = Decimal(repr(number))
    if not exact:
        return 0
    step = Decimal(1).scaleb(exact.adjusted() - 1)
    cut = (
        exact.quantize(step, rounding=way)
        if step < 1
        else (exact / step).to_integral_value(rounding=way) * step
    )
    return int(cut) if cut == cut.to_integral_value() else float(cut)


def listed(held: Mapping[str, int]) -> list[str]:
    """The codes that enough people hold, the most common first, as many as are listed."""
    enough = [code for code, count in held.items() if count >= STEP]
    return sorted(enough, key=lambda code: (-held[code], code))[:MOST_CODES]


def without_small_rest(codes: list[str], rests: Iterable[int]) -> list[str]:
    """The codes without the smallest, where 1 to 9 people are left over."""
    small = any(0 < rest < STEP for rest in rests)
    return codes[:-1] if small else codes


def band_of(bits: float) -> Band:
    """The band of a cost in bits."""
    if bits < _LOW:
        return "low"
    return "medium" if bits < _HIGH else "high"


def coarser_never_dearer(forms: Mapping[str, Shown]) -> dict[str, Shown]:
    """Each form at least at the band of every form that shows less, whatever was measured.

    Groups whose borders do not meet could otherwise be shared by fewer than finer ones.
    """
    places = {text: BANDS.index(shown.band) for text, shown in forms.items()}
    below = [
        (text, other)
        for text in forms
        for other in forms
        if shows_less(Form.parse(other), Form.parse(text))
    ]
    for _ in forms:  # a chain of forms is no longer than there are forms
        for text, other in below:
            places[text] = max(places[text], places[other])
    return {
        text: Shown(band=BANDS[places[text]], measured=shown.measured)
        for text, shown in forms.items()
    }
