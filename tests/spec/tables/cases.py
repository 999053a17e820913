"""Every operation of `ops`, as small tables in and tables out, beside slow and obvious oracles.

The cases know no engine: `test_ops_spec.py` runs each on every engine and keeps a snapshot of the
SQL that each engine is given.
"""

from __future__ import annotations

import hashlib
import hmac
import math
import re
import unicodedata
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_FLOOR, Decimal
from typing import Any

from commonweal.vault.tables import ops
from tests.spec.tables.spellings import (
    BLANKS,
    KEYS,
    NHS_TEXTS,
    blank,
    checked,
    key_spelt,
    nhs,
    shaped,
)

Rows = list[tuple[Any, ...]]
KEY = b"a key of thirty-two bytes, no more"


@dataclass(frozen=True)
class Case:
    """`build` gets the input tables by name; rows are compared in order if `ordered`."""

    name: str
    covers: tuple[str, ...]
    inputs: Mapping[str, tuple[Mapping[str, str], Rows]]
    build: Callable[[dict[str, ops.Table]], ops.Table]
    expected: Rows
    ordered: bool = False
    keyed: bool = False


def of_values(
    name: str,
    kinds: Sequence[str],
    rows: Sequence[Any],
    build: Callable[..., ops.Value],
    oracle: Callable[..., Any],
    *,
    covers: Sequence[str] = (),
) -> Case:
    """A case of one value a row: columns `a`, `b`... go in, `out` beside the row's number."""
    names = [chr(ord("a") + place) for place in range(len(kinds))]
    tuples = [row if isinstance(row, tuple) else (row,) for row in rows]
    columns = {"i": "integer", **dict(zip(names, kinds, strict=True))}

    def made(tables: dict[str, ops.Table]) -> ops.Table:
        given = tables["given"]
        out = build(*(given[column] for column in names))
        return ops.project(given, {"i": given["i"], "out": out})

    return Case(
        name,
        tuple(covers) or (name.split(".")[0],),
        {"given": (columns, [(i, *row) for i, row in enumerate(tuples)])},
        made,
        [(i, oracle(*row)) for i, row in enumerate(tuples)],
    )


def unless_missing(oracle: Callable[..., Any]) -> Callable[..., Any]:
    """The oracle, with a missing answer where anything given is missing."""
    return lambda *given: None if None in given else oracle(*given)


# --- oracles ---------------------------------------------------------------------------------


def rounded(step: str) -> Callable[[Any], Any]:
    exact = Decimal(step)

    def oracle(value: Any) -> Any:
        if value is None:
            return None
        units = (Decimal(repr(value)) / exact + Decimal("0.5")).to_integral_value(ROUND_FLOOR)
        return type(value)(units * exact)

    return oracle


def age(on: date) -> Callable[[date | None], int | None]:
    def oracle(born: date | None) -> int | None:
        if born is None or born > on:
            return None
        years = 0
        while True:
            try:
                birthday = born.replace(year=born.year + years + 1)
            except ValueError:  # 29 February: on 1 March
                birthday = date(born.year + years + 1, 3, 1)
            if birthday > on:
                return years
            years += 1

    return oracle


def band(width: int, top: int) -> Callable[[int | None], str | None]:
    def oracle(years: int | None) -> str | None:
        if years is None or years < 0:
            return None
        if years >= top:
            return f"{top}+"
        low = 0
        while low + width <= years:
            low += width
        return str(low) if width == 1 else f"{low}-{low + width - 1}"

    return oracle


def outward(text: str | None) -> str | None:
    if text is None:
        return None
    bare = "".join(char for char in text.upper() if char.isascii() and char.isalnum())
    shaped = re.fullmatch(r"([A-Z]{1,2}[0-9][A-Z0-9]?)[0-9][A-Z]{2}", bare)
    return shaped.group(1) if shaped else None


def digest_of(text: str) -> str:
    return hmac.new(KEY, text.encode(), hashlib.sha256).hexdigest()


def _at(text: str) -> datetime:
    """A time without a zone, as tables hold them."""
    return datetime.fromisoformat(text)


# --- inputs ----------------------------------------------------------------------------------

NUMBERS = [
    0.0, 0.1, 0.15, 0.25, 0.35, 0.5, 1.5, 2.5, 2.675, 1.005, 12.345, -0.15, -0.25, -0.5, -1.5,
    -2.5, -2.675, 99.95, 1e6 + 0.5, -1e6 - 0.5, 123456.789, None,
]  # fmt: skip
WHOLE = [0, 1, 2, 3, 4, 5, 7, 8, 12, 13, 97, 98, -1, -2, -3, -4, -5, -7, -8, 10**12 + 3, None]
POSTCODES = [
    "M1 1AE", "M60 1NW", "CR2 6XH", "DN55 1PT", "W1A 1HQ", "EC1A 1BB", "GIR 0AA", "SW1A 1AA",
    "sw1a1aa", " SW1A  1AA ", "sw1a-1aa", "B33 8TH", "BX1 1LT", "XM4 5HQ", "ASCN 1ZZ", "ZZ99 3VZ",
    "M1", "M1 1A", "M1 1AEE", "11 1AE", "MMM1 1AE", "", " ", "unknown",
    "\uff33\uff37\uff11\uff21 1AA", None,
]  # fmt: skip
BORN = [
    date(2000, 2, 29), date(2004, 2, 29), date(1999, 3, 1), date(2000, 2, 28), date(2000, 3, 1),
    date(2025, 2, 28), date(2025, 3, 1), date(2025, 2, 27), date(1900, 1, 1), date(2026, 1, 1),
    date(1960, 12, 31), None,
]  # fmt: skip
NHS_WHOLE = [
    9434765919, 9434765918, 9999999999, 4444444444, 4010232137, 4010232138, 123456789, 5000000000,
    3999999999, 8000000002, 6000000004, 7999999993, 434765919, 0, None,
]  # fmt: skip
TEXTS = ["I21.4", "i21.4", " J45 ", "J 45", "A", "", "ÉCOLE", "straße", "a.b.c", "Łódź-7", None]
DAYS = [date(2026, 3, 2), date(2024, 2, 29), date(1900, 1, 1), date(2099, 12, 31), None]
TIMES = [_at("2026-03-02T23:59:59"), _at("1969-12-31T00:00:01"), None]
DIGESTS = [digest_of(text) for text in ("a", "b", "", "ÉCOLE")] + [None]

LEFT = (
    {"id": "integer", "key": "text"},
    [(1, "a"), (2, "b"), (3, None), (4, "a"), (5, "z")],
)
RIGHT = (
    {"key": "text", "id": "integer", "word": "text"},
    [("a", 10, "ash"), ("b", 20, None), (None, 30, "none"), ("c", 40, "cedar")],
)
SALES = (
    {"g": "text", "n": "integer", "x": "decimal", "ok": "boolean", "d": "date"},
    [
        ("a", 1, 0.5, True, date(2026, 1, 1)),
        ("a", 2, None, False, date(2025, 1, 1)),
        ("a", None, 2.5, None, None),
        ("b", 4, 1.0, True, date(2024, 2, 29)),
        (None, 8, -1.0, None, date(2026, 1, 1)),
        (None, 8, 1.0, True, date(2027, 1, 1)),
    ],
)


def _table(
    name: str, build: Callable[[dict[str, ops.Table]], ops.Table], expected: Rows, **more: Any
) -> Case:
    inputs = more.pop("inputs", {"left": LEFT, "right": RIGHT})
    covers = more.pop("covers", (name.split(".")[0],))
    return Case(name, covers, inputs, build, expected, **more)


TABLES = [
    _table("named", lambda t: t["left"], LEFT[1], covers=("named", "to_sql")),
    _table("select", lambda t: ops.select(t["right"], ["word", "key"]),
           [("ash", "a"), (None, "b"), ("none", None), ("cedar", "c")]),
    _table("rename", lambda t: ops.rename(t["left"], {"number": "id"}), LEFT[1]),
    _table("derive", lambda t: ops.derive(t["left"], {"key": t["left"]["id"]}),
           [(i, i) for i, _ in LEFT[1]]),
    _table("project", lambda t: ops.project(t["left"], {"x": t["left"]["key"]}),
           [(key,) for _, key in LEFT[1]]),
    _table("keep_where.unknown_is_not_true",
           lambda t: ops.keep_where(t["left"], ops.compare(
               t["left"]["key"], "ne", ops.constant("a", "text"))),
           [(2, "b"), (5, "z")]),
    _table("distinct", lambda t: ops.distinct(ops.select(t["left"], ["key"])),
           [("a",), ("b",), (None,), ("z",)]),
    _table("union", lambda t: ops.union(t["left"], t["left"]), LEFT[1] * 2),
    _table("union.one", lambda t: ops.union(t["left"]), LEFT[1]),
    _table("semi_join.missing_has_no_partner",
           lambda t: ops.semi_join(t["left"], t["right"], {"key": "key"}),
           [(1, "a"), (2, "b"), (4, "a")]),
    _table("anti_join.missing_has_no_partner",
           lambda t: ops.anti_join(t["left"], t["right"], {"key": "key"}),
           [(3, None), (5, "z")]),
    _table("inner_join",
           lambda t: ops.inner_join(t["left"], t["right"], {"key": "key"}, {"wood": "word"}),
           [(1, "a", "ash"), (2, "b", None), (4, "a", "ash")]),
    _table("inner_join.takes_over_a_name",
           lambda t: ops.inner_join(t["left"], t["right"], {"key": "key"}, {"id": "id"}),
           [("a", 10), ("b", 20), ("a", 10)]),
    _table("inner_join_same",
           lambda t: ops.inner_join_same(t["left"], t["right"], {"key": "key"}, {"wood": "word"}),
           [(1, "a", "ash"), (2, "b", None), (3, None, "none"), (4, "a", "ash")]),
    _table("left_join",
           lambda t: ops.left_join(t["left"], t["right"], {"key": "key"}, {"wood": "word"}),
           [(1, "a", "ash"), (2, "b", None), (3, None, None), (4, "a", "ash"), (5, "z", None)]),
    _table("cross_one",
           lambda t: ops.cross_one(t["left"], ops.group(
               t["right"], [], {"most": ops.largest(t["right"]["id"])})),
           [(*row, 40) for row in LEFT[1]]),
    _table("ordered.missing_last", lambda t: ops.ordered(t["left"], ["key", "id"]),
           [(1, "a"), (4, "a"), (2, "b"), (5, "z"), (3, None)], ordered=True),
    _table("group.missing_is_a_group",
           lambda t: ops.group(t["sales"], ["g"], {
               "rows": ops.count_rows(t["sales"]),
               "there": ops.count_rows_where_present(t["sales"], "n"),
               "true": ops.count_where(t["sales"], t["sales"]["ok"]),
               "different": ops.count_distinct(t["sales"]["n"]),
               "total": ops.total(t["sales"]["n"]),
               "mean": ops.mean(t["sales"]["x"]),
               "first": ops.smallest(t["sales"]["d"]),
               "last": ops.largest(t["sales"]["d"]),
               "bits": ops.bits_together(t["sales"]["n"])}),
           [("a", 3, 2, 1, 2, 3, 1.5, date(2025, 1, 1), date(2026, 1, 1), 3),
            ("b", 1, 1, 1, 1, 4, 1.0, date(2024, 2, 29), date(2024, 2, 29), 4),
            (None, 2, 2, 1, 1, 16, 0.0, date(2026, 1, 1), date(2027, 1, 1), 8)],
           inputs={"sales": SALES},
           covers=("group", "count_rows", "count_rows_where_present", "count_where",
                   "count_distinct", "total", "mean", "smallest", "largest", "bits_together")),
    _table("group.of_nothing", lambda t: _nothing(t["sales"]), [(0, None, None)],
           inputs={"sales": SALES}, covers=("group",)),
    _table("over_group",
           lambda t: ops.project(t["left"], {
               "id": t["left"]["id"],
               "size": ops.over_group(ops.count_rows(t["left"]), [t["left"]["key"]])}),
           [(1, 2), (2, 1), (3, 1), (4, 2), (5, 1)]),
    _table("earlier_value",
           lambda t: ops.project(t["left"], {
               "id": t["left"]["id"],
               "before": ops.earlier_value(
                   t["left"]["id"], 1, [t["left"]["key"]], [t["left"]["id"]])}),
           [(1, None), (2, None), (3, None), (4, 1), (5, None)]),
    _table("row_number",
           lambda t: ops.derive(t["left"], {"place": ops.row_number()}),
           [(*row, place) for place, row in enumerate(LEFT[1], 1)]),
    Case("place_among", ("place_among",),
         {"words": ({"w": "text"}, [("b",), ("é",), ("a",), ("B",)])},
         lambda t: ops.derive(t["words"], {"place": ops.place_among(t["words"]["w"])}),
         [("b", 3), ("é", 4), ("a", 2), ("B", 1)]),
    _table("columns_and_kinds",
           lambda t: ops.select(t["left"], list(ops.columns(t["left"]))), LEFT[1],
           covers=("columns", "kinds")),
    Case("with_hmac", ("with_hmac", "hmac_hex"), {"left": LEFT},
         lambda t: ops.with_hmac(t["left"], "key", "code", t["key"]),
         [(i, key, None if key is None else digest_of(key)) for i, key in LEFT[1]], keyed=True),
]  # fmt: skip


def _nothing(sales: ops.Table) -> ops.Table:
    none = ops.keep_where(sales, ops.constant(False, "boolean"))
    return ops.group(
        none,
        [],
        {
            "n": ops.count_rows(none),
            "most": ops.largest(none["n"]),
            "mean": ops.mean(none["x"]),
        },
    )


def _flag(word: str) -> Callable[..., ops.Value]:
    return lambda a, b: ops.compare(a, word, b)  # type: ignore[arg-type]


PAIRS = [(1, 2), (2, 2), (3, 2), (None, 2), (2, None), (None, None)]
LOGIC = [(p, q) for p in (True, False, None) for q in (True, False, None)]
COMPARED: dict[str, Callable[[Any, Any], bool]] = {
    "eq": lambda a, b: a == b, "ne": lambda a, b: a != b, "lt": lambda a, b: a < b,
    "le": lambda a, b: a <= b, "gt": lambda a, b: a > b, "ge": lambda a, b: a >= b,
}  # fmt: skip


def three_and(p: bool | None, q: bool | None) -> bool | None:
    if p is False or q is False:
        return False
    return None if p is None or q is None else True


def three_or(p: bool | None, q: bool | None) -> bool | None:
    if p is True or q is True:
        return True
    return None if p is None or q is None else False


VALUES = [
    *[
        of_values(f"compare.{op}", ["integer"] * 2, PAIRS, _flag(op), unless_missing(oracle))
        for op, oracle in COMPARED.items()
    ],
    of_values("constant", ["integer"], [1], lambda _: ops.constant("it's", "text"),
              lambda _: "it's"),
    of_values("missing", ["integer"], [1], lambda _: ops.missing("date"), lambda _: None),
    of_values("is_in", ["text"], ["a", "b", None], lambda a: ops.is_in(a, ["a", "c"]),
              unless_missing(lambda a: a in ("a", "c"))),
    of_values("starts_with", ["text"], ["I21", "i21", "%", None],
              lambda a: ops.starts_with(a, "I"), unless_missing(lambda a: a.startswith("I"))),
    of_values("starts_with.wildcards_are_letters", ["text"], ["I%1", "I21"],
              lambda a: ops.starts_with(a, "I%"), lambda a: a.startswith("I%")),
    of_values("is_missing", ["text"], ["", "a", None], ops.is_missing, lambda a: a is None),
    of_values("both", ["boolean"] * 2, LOGIC, ops.both, three_and),
    of_values("either", ["boolean"] * 2, LOGIC, ops.either, three_or),
    of_values("negate", ["boolean"], [True, False, None], ops.negate,
              unless_missing(lambda a: not a)),
    of_values("choose", ["boolean", "text", "text"],
              [(True, "y", "n"), (False, "y", "n"), (None, "y", "n")], ops.choose,
              lambda a, b, c: b if a else c),
    of_values("first_of", ["text"] * 2, [("a", "b"), (None, "b"), ("a", None), (None, None)],
              ops.first_of, lambda a, b: b if a is None else a),
    of_values("plus", ["integer"] * 2, [(1, 2), (-1, 1), (None, 1)], ops.plus,
              unless_missing(lambda a, b: a + b)),
    of_values("times", ["integer"] * 2, [(3, 2), (-1, 5), (None, 1)], ops.times,
              unless_missing(lambda a, b: a * b)),
    of_values("natural_log", ["decimal"], [1.0, 2.5, 1e-9, None], ops.natural_log,
              unless_missing(math.log)),
    of_values("divide", ["integer"] * 2, [(1, 2), (-7, 2), (None, 1)], ops.divide,
              unless_missing(lambda a, b: a / b)),
    of_values("as_text", ["integer"], [0, -5, 10**15, None], ops.as_text, unless_missing(str)),
    of_values("join_text", ["text"] * 2, [("a", "b"), ("", "b"), (None, "b"), ("a", None)],
              ops.join_text, unless_missing(lambda a, b: a + b)),
    of_values("truncate", ["text"], TEXTS, lambda a: ops.truncate(a, 3),
              unless_missing(lambda a: a.replace(".", "").strip(" ")[:3].rstrip(" "))),
    of_values("text_length", ["text"], TEXTS, ops.text_length, unless_missing(len)),
    of_values("bare_token", ["text"], ["Łódź-7", "o'Neil", "SW1A 1AA", "", " ", None],
              ops.bare_token,
              unless_missing(lambda a: "".join(c for c in a.upper() if c.isalnum()))),
    of_values("key_spelling", ["text"], KEYS, ops.key_spelling, key_spelt),
    of_values("key_spelling.whole", ["integer"], [0, 7, 1003, -5, 10**15, None],
              ops.key_spelling, key_spelt),
    of_values("key_spelling.decimal", ["decimal"], [0.0, 1003.0, 10.5, None],
              ops.key_spelling, key_spelt),
    of_values("is_blank", ["text"], BLANKS, ops.is_blank, blank),
    of_values("is_blank.whole", ["integer"], [0, 1, None], ops.is_blank, lambda a: a is None),
    of_values("matches", ["text"], ["abc", "xbx", "", None], lambda a: ops.matches(a, "^a.c$"),
              unless_missing(lambda a: bool(re.search("^a.c$", a)))),
    of_values("code_spelling", ["text"],
              ["i21.4", "I 21.4", "\uff22\uff12\uff10", "\uff42\uff19", "", None],
              ops.code_spelling,
              unless_missing(lambda a: unicodedata.normalize("NFKC", a).upper())),
    of_values("code_spelling.whole", ["integer"], [86406008, 0, None], ops.code_spelling,
              unless_missing(str)),
    of_values("outward_postcode", ["text"], POSTCODES, ops.outward_postcode, outward),
    of_values("nhs_number.synthetic", ["text"], NHS_TEXTS,
              lambda a: ops.nhs_number(a, synthetic=True), nhs(True)),
    of_values("nhs_number.real", ["text"], NHS_TEXTS,
              lambda a: ops.nhs_number(a, synthetic=False), nhs(False)),
    of_values("nhs_number.whole", ["integer"], [9434765919, 9434765918, 434765919, -1, 0, None],
              lambda a: ops.nhs_number(a, synthetic=True),
              unless_missing(lambda a: nhs(True)(str(a)))),
    of_values("nhs_shaped", ["text"], NHS_TEXTS, ops.nhs_shaped, shaped),
    of_values("nhs_shaped.whole", ["integer"], [9434765919, 434765919, -1, 0, 94347659190, None],
              ops.nhs_shaped, shaped),
    of_values("nhs_shaped.decimal", ["decimal"],
              [9434765919.0, 9434765919.5, 943476591.9, -9434765919.0, 1e17, 0.0, None],
              ops.nhs_shaped, shaped),
    of_values("as_number", ["text"], ["0000000000", "9434765919", "0123456789", None],
              ops.as_number, unless_missing(int)),
    of_values("in_few_bytes.one", ["integer"], [0, 1, -127, 127, None],
              lambda a: ops.in_few_bytes(a, 127), unless_missing(int), covers=("in_few_bytes",)),
    of_values("in_few_bytes.two", ["integer"], [0, 128, -32767, 32767, None],
              lambda a: ops.in_few_bytes(a, 128), unless_missing(int), covers=("in_few_bytes",)),
    of_values("in_few_bytes.eight", ["integer"], [0, 2**31, -(2**62), 2**62, None],
              lambda a: ops.in_few_bytes(a, 2**62), unless_missing(int), covers=("in_few_bytes",)),
    of_values("in_four_bytes", ["integer"], [0, 1, -1, 2**31 - 1, None],
              ops.in_four_bytes, unless_missing(int)),
    of_values("nhs_checked.synthetic", ["integer"], NHS_WHOLE,
              lambda a: ops.nhs_checked(a, synthetic=True), checked(True)),
    of_values("nhs_checked.real", ["integer"], NHS_WHOLE,
              lambda a: ops.nhs_checked(a, synthetic=False), checked(False)),
    *[
        of_values(f"round_half_up.decimal_{step}", ["decimal"], NUMBERS,
                  lambda a, step=step: ops.round_half_up(a, Decimal(step)), rounded(step))
        for step in ("0.01", "0.1", "0.25", "0.5", "1", "5", "100")
    ],
    *[
        of_values(f"round_half_up.integer_{step}", ["integer"], WHOLE,
                  lambda a, step=step: ops.round_half_up(a, Decimal(step)), rounded(step))
        for step in ("1", "2", "5", "10", "1000")
    ],
    of_values("year", ["date"], DAYS, ops.year, unless_missing(lambda a: a.year)),
    of_values("month", ["date"], DAYS, ops.month, unless_missing(lambda a: f"{a:%Y-%m}")),
    of_values("month.of_a_time", ["timestamp"], TIMES, ops.month,
              unless_missing(lambda a: f"{a:%Y-%m}")),
    *[
        of_values(f"age_at.{on:%Y%m%d}", ["date"], BORN, lambda a, on=on: ops.age_at(a, on),
                  age(on))
        for on in (date(2025, 2, 28), date(2024, 2, 29), date(2025, 3, 1), date(2025, 12, 31))
    ],
    *[
        of_values(f"age_band.{width}_{top}", ["integer"],
                  [-1, 0, 1, 4, 5, 9, 10, 17, 18, 64, 65, 84, 85, 89, 90, 91, 120, None],
                  lambda a, width=width, top=top: ops.age_band(a, width, top), band(width, top))
        for width, top in ((1, 90), (5, 90), (10, 80), (5, 85), (20, 60))
    ],
    of_values("days_between", ["date"] * 2,
              [(date(2024, 3, 1), date(2024, 2, 28)), (date(2026, 1, 1), date(2026, 1, 2)),
               (date(2026, 1, 1), date(2026, 1, 1)), (None, date(2026, 1, 1))],
              ops.days_between, unless_missing(lambda a, b: (a - b).days)),
    of_values("days_between.times", ["timestamp"] * 2,
              [(_at("2026-01-02T00:01"), _at("2026-01-01T23:59"))],
              ops.days_between, lambda a, b: (a.date() - b.date()).days),
    of_values("as_date", ["timestamp"], TIMES, ops.as_date, unless_missing(lambda a: a.date())),
    of_values("shift_weeks.date", ["date", "integer"],
              [(day, weeks) for day in DAYS[:3] for weeks in (-8, 0, 8)] + [(None, 1)],
              ops.shift_weeks, unless_missing(lambda a, b: a + timedelta(weeks=b)),
              covers=("shift_weeks",)),
    of_values("shift_weeks.of_one_byte", ["date", "integer"],
              [(date(2024, 2, 29), 26), (date(2024, 2, 29), -26), (None, 26)],
              lambda a, b: ops.shift_weeks(a, ops.in_few_bytes(b, 26)),
              unless_missing(lambda a, b: a + timedelta(weeks=b)), covers=("shift_weeks",)),
    of_values("shift_weeks.time", ["timestamp", "integer"],
              [(at, weeks) for at in TIMES[:2] for weeks in (-8, 8)] + [(None, 1)],
              ops.shift_weeks, unless_missing(lambda a, b: a + timedelta(weeks=b))),
    of_values("to_hour", ["timestamp"],
              [*TIMES, _at("2026-01-01T23:59:59.999999"), _at("1899-12-31T00:59:00")], ops.to_hour,
              unless_missing(lambda a: a.replace(minute=0, second=0, microsecond=0))),
    of_values("bits_set", ["integer"], [0, 1, 2, 3, 255, 2**62, None], ops.bits_set,
              unless_missing(lambda a: a.bit_count())),
    of_values("code_of", ["text"], DIGESTS, ops.code_of,
              unless_missing(lambda a: bytes.fromhex(a)[:16])),
    of_values("bytes_of", ["text"], DIGESTS, ops.bytes_of, unless_missing(bytes.fromhex)),
    of_values("sha256_of", ["code"], [b"", b"\x00", b"abc", None], ops.sha256_of,
              unless_missing(lambda a: hashlib.sha256(a).hexdigest())),
    of_values("join_bytes", ["code"] * 2, [(b"a", b"\x00"), (b"", b""), (None, b"a")],
              ops.join_bytes, unless_missing(lambda a, b: a + b)),
    of_values("number_of", ["text"], DIGESTS, ops.number_of,
              unless_missing(lambda a: int(a[32:39], 16))),
    of_values("number_of.from_the_start", ["text"], DIGESTS,
              lambda a: ops.number_of(a, 15, start=0), unless_missing(lambda a: int(a[:15], 16))),
    of_values("drawn_between", ["text"], DIGESTS, lambda a: ops.drawn_between(a, -8, 8),
              unless_missing(lambda a: int(a[32:39], 16) % 17 - 8)),
]  # fmt: skip

CASES: list[Case] = [*TABLES, *VALUES]
