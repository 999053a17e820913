"""What an attacker knows, as text, in the form in which a release shows it.

Attackers know the forms: they are told with the data. So a birth date becomes an age group before
it is compared with one.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from commonweal.papers.forms import Form
from commonweal.vault.release.shaping import as_shown
from commonweal.vault.risk.intruder.encoding import kind_of, plain
from commonweal.vault.risk.intruder.reading import unfit
from commonweal.vault.tables import ops
from commonweal.vault.tables.engine import Engine

_NUMBER = r"^-?(?:0|[1-9][0-9]{0,17})(?:\.[0-9]{1,9})?$"
_DAY = r"^[0-9]{4}-[0-9]{2}-[0-9]{2}(?:$|[ T])"
_WHOLE = re.compile(_NUMBER.replace(r"(?:\.[0-9]{1,9})?", ""))
_AS_IT_IS = frozenset({"exact", "rollup", "shift"})
_OF_DATES = frozenset({"year", "month", "shift"})
_OF_TEXTS = frozenset({"outward_postcode", "truncate"})
FORMS = _AS_IT_IS | _OF_DATES | _OF_TEXTS | {"age_band", "round"}
"""The forms in which something that is known can be compared."""


@dataclass(frozen=True)
class Reader:
    """Reads what is known of one kind of release. `ages_at`: the day at which ages are taken."""

    engine: Engine
    ages_at: datetime | None

    def released(self, column: pa.Array) -> pa.Array:
        """Shown values in one of three types; texts that all read so become numbers or days."""
        values = plain(column)
        if kind_of(values) != "text" or not len(values.drop_null()):
            return values
        if _all_match(values, _NUMBER):
            return values.cast(pa.float64())
        return _days(values, "The file to be attacked") if _all_match(values, _DAY) else values

    def known(self, name: str, column: pa.Array, form: Form, released: pa.Array) -> pa.Array:
        """What is known, in the form and type of what is shown (`released`).

        Raises `WrongUsage` CW-ATTACK-INPUT, naming the column and how many values do not fit.
        """
        texts = plain(column)
        if kind_of(texts) != "text":
            raise ValueError("what is known is read as text")
        if form.kind in _AS_IT_IS:
            return self._like(name, texts, "date" if form.kind == "shift" else kind_of(released))
        shown = plain(self._formed(name, texts, form))
        if shown.type != released.type:
            shown = self._like(name, shown.cast(pa.string()), kind_of(released))
        return shown

    def _formed(self, name: str, texts: pa.Array, form: Form) -> pa.Array:
        kind = self._kind(texts, form)
        if form.kind == "age_band" and kind == "date" and self.ages_at is None:
            raise unfit(f"For the form of {name} say with --at on which day ages are taken.")
        value = {"date": "date", "number": "decimal", "text": "text"}[kind]
        read = self._like(name, texts, kind)
        if form.kind == "age_band" and kind == "number":
            read, value = read.cast(pa.int64(), safe=False), "integer"
        rows = pa.array(np.arange(len(read)))
        table = self.engine.load(
            "cw__known", pa.table({"row": rows, "value": read}),
            {"row": "integer", "value": value},
        )  # fmt: skip
        try:
            at = self.ages_at or datetime(2000, 1, 1)  # noqa: DTZ001 (tables hold no time zones)
            made = as_shown(form, table["value"], value, at)
            found = self.engine.arrow(ops.project(table, {"row": table["row"], "shown": made}))
        finally:
            self.engine.forget("cw__known")
        return found.sort_by("row")["shown"].combine_chunks()

    def _kind(self, texts: pa.Array, form: Form) -> str:
        if form.kind in _OF_DATES:
            return "date"
        if form.kind == "age_band":
            return "number" if _all_match(texts, _WHOLE.pattern) else "date"
        return "text" if form.kind in _OF_TEXTS else "number"

    def _like(self, name: str, texts: pa.Array, kind: str) -> pa.Array:
        if kind == "text":
            return texts
        if kind == "date":
            return _days(texts, f"Column {name} of what is known")
        _require(texts, _NUMBER, f"Column {name} of what is known", "numbers")
        return texts.cast(pa.float64())


def _all_match(texts: pa.Array, pattern: str) -> bool:
    return bool(pc.all(pc.match_substring_regex(texts.drop_null(), pattern)).as_py())


def _require(texts: pa.Array, pattern: str, where: str, what: str) -> None:
    fits = pc.match_substring_regex(texts, pattern)
    wrong = int(pc.sum(pc.invert(fits)).as_py() or 0)
    if wrong:
        raise unfit(f"{where}: {wrong:,} value(s) do not read as {what}.")


def _days(texts: pa.Array, where: str) -> pa.Array:
    _require(texts, _DAY, where, "dates, written YYYY-MM-DD")
    try:
        return pc.utf8_slice_codeunits(texts, 0, 10).cast(pa.date32())
    except pa.ArrowInvalid:
        raise unfit(f"{where}: there are dates that no calendar has.") from None
