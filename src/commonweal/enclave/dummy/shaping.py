"""Made-up records in the permitted forms: the type and spelling that a release has.

The rules are those of the builder (`truncate` leaves dots out, halves are rounded upwards, a shift
is whole weeks and cuts times to the hour); a test compares the two form by form.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from commonweal.enclave.dummy.keys import Keys, random_codes
from commonweal.enclave.dummy.plan import CODES, Plan
from commonweal.papers.forms import Form
from commonweal.papers.permit_rules import Wanted

Days = NDArray[Any]
_MILLION = 1_000_000
_EXACT_BELOW = 1e12
_DAYS = "datetime64[D]"


def released_type(form: Form, type_: str) -> str:
    """The type of a variable of type `type_` in a form, as the manifest names it."""
    if form.kind in CODES:
        return "code"
    if form.kind in ("year", "interval"):
        return "integer"
    if form.kind in (
        "month", "age_band", "outward_postcode", "truncate", "redacted_text", "deidentified_image",
    ):  # fmt: skip
        return "text"
    if form.kind == "round":
        step = form.arguments[0]
        whole = type_ == "integer" and step == step.to_integral_value()
        return "integer" if whole else "decimal"
    return type_


@dataclass
class Shaper:
    """Makes released tables out of recorded ones."""

    plan: Plan
    keys: Keys
    rng: np.random.Generator
    patients: int
    _people: Any = field(init=False)
    _weeks: NDArray[np.int64] = field(init=False)

    def __post_init__(self) -> None:
        most = self.plan.permit.shift_weeks
        self._weeks = self.rng.integers(-most, most + 1, self.patients)
        self._people = random_codes(self.rng, self.patients)

    def released(self, name: str, recorded: pa.Table, person: NDArray[np.int64]) -> pa.Table:
        """The released table: the person's code first, then in the permit's order.

        Rows stand in the order of their values, as in a release. `person`: whose each row is.
        """
        table = self.plan.dataset.table(name)
        columns: dict[str, Any] = {}
        if self.plan.about_people(table):
            columns[self.plan.code_column(name)] = self._people.take(pa.array(person))
        for item in self.plan.items_of(name):
            if item.form.kind == "record_code":
                columns[item.variable.name] = self.keys.released(table, item.variable.name)
            elif item.form.kind != "pseudonym":
                columns[item.variable.name] = self._form(item, recorded, person)
        made = pa.table(columns)
        return made.sort_by([(column, "ascending") for column in made.column_names])

    def _form(self, item: Wanted, recorded: pa.Table, person: NDArray[np.int64]) -> Any:
        column = recorded.column(item.variable.name).combine_chunks()
        form, since = item.form, item.permitted.since
        if form.kind == "shift":
            return self._shifted(column, person)
        if form.kind == "interval":
            start = None if since is None else _days(recorded.column(since).combine_chunks())
            return _interval(_days(column), start, person)
        return as_shown(form, column, item.variable.type, self.plan.permit.ages_at)

    def _shifted(self, column: Any, person: NDArray[np.int64]) -> Any:
        weeks = (self._weeks[person] * 7).astype("timedelta64[D]")
        if pa.types.is_date(column.type):
            return pa.array(_days(column) + weeks, column.type)
        hours = column.to_numpy(zero_copy_only=False).astype("datetime64[h]")
        return pa.array((hours + weeks).astype("datetime64[us]"), column.type)


def as_shown(form: Form, column: Any, type_: str, ages_at: Any) -> Any:
    """A column in a form that needs nothing but its values and the day at which ages are taken."""
    kind = form.kind
    if kind == "year":
        return pc.year(column)
    if kind == "month":
        return pc.strftime(column, "%Y-%m")
    if kind == "age_band":
        return _age_bands(form, column, type_, ages_at)
    if kind == "outward_postcode":
        return _by_value(column, _outward)
    if kind == "truncate":
        bare = pc.utf8_trim(pc.replace_substring(column, ".", ""), " ")
        return pc.utf8_rtrim(pc.utf8_slice_codeunits(bare, 0, form.whole(0)), " ")
    if kind == "round":
        return _rounded(column, form.arguments[0])
    if kind in ("redacted_text", "deidentified_image"):
        return column.cast(pa.string())
    return column  # exact, and rollup: what is made up is held by many


def _days(column: Any) -> Days:
    return np.asarray(column.to_numpy(zero_copy_only=False)).astype(_DAYS)


def _interval(later: Days, start: Days | None, person: NDArray[np.int64]) -> Any:
    """Days since `start`, or since the person's first date."""
    if start is None:
        known = ~np.isnat(later)
        firsts = np.full(int(person.max(initial=0)) + 1, np.iinfo(np.int64).max)
        np.minimum.at(firsts, person[known], later[known].astype(np.int64))
        start = firsts[person].astype(_DAYS)
        start = np.where(known, start, np.datetime64("NaT", "D"))
    missing = np.isnat(later) | np.isnat(start)
    return pa.array((later - start).astype(np.int64), pa.int64(), mask=missing)


def _age_bands(form: Form, column: Any, type_: str, ages_at: Any) -> Any:
    if type_ == "integer":
        missing = np.asarray(pc.is_null(column))
        ages = np.asarray(pc.fill_null(column, -1).to_numpy(zero_copy_only=False), np.int64)
    else:
        days = _days(column)
        missing = np.isnat(days)
        years = days.astype("datetime64[Y]").astype(np.int64) + 1970
        months = days.astype("datetime64[M]").astype(np.int64) % 12 + 1
        of_month = (days - days.astype("datetime64[M]")).astype(np.int64) + 1
        had = ages_at.month * 100 + ages_at.day >= months * 100 + of_month
        ages = np.where(had, ages_at.year - years, ages_at.year - years - 1)
    missing |= ages < 0
    ages = np.where(missing, 0, ages)
    width, top = form.whole(0), form.whole(1)
    low = np.minimum(ages // width * width, top)
    labels = [
        f"{top}+" if one >= top else str(one) if width == 1 else f"{one}-{one + width - 1}"
        for one in range(0, top + width, width)
    ]
    return pa.array(labels).take(pa.array(np.minimum(low // width, len(labels) - 1), mask=missing))


def _rounded(column: Any, step: Decimal) -> Any:
    """To the nearest multiple of `step`, halves upwards, in whole millionths."""
    unit = int(step * _MILLION)
    missing = np.asarray(pc.is_null(column))
    if pa.types.is_integer(column.type) and unit % _MILLION == 0:
        whole = unit // _MILLION
        numbers = np.asarray(pc.fill_null(column, 0).to_numpy(zero_copy_only=False), np.int64)
        return pa.array((numbers + whole // 2) // whole * whole, pa.int64(), mask=missing)
    given = np.asarray(pc.fill_null(column, 0).to_numpy(zero_copy_only=False), np.float64)
    small = np.abs(given) < _EXACT_BELOW
    parts = np.rint(np.where(small, given, 0.0) * _MILLION).astype(np.int64)
    exact = (parts * 2 + unit) // (2 * unit) * (2 * unit) / (2 * _MILLION)
    return pa.array(np.where(small, exact, given), pa.float64(), mask=missing)


def _outward(text: str) -> str | None:
    bare = "".join(letter for letter in text.upper() if letter.isascii() and letter.isalnum())
    return bare[:-3] if 5 <= len(bare) <= 7 else None


def _by_value(column: Any, shown: Any) -> Any:
    """A text shown otherwise, worked out once for each different one."""
    coded = column.dictionary_encode()
    values = pa.array([shown(one) for one in coded.dictionary.to_pylist()], pa.string())
    return values.take(coded.indices)
