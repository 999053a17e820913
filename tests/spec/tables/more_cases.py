"""Cases in which two engines easily part ways: spellings, order, empty tables, ends of ranges.

Each was thought of where the manuals of DuckDB and Spark differ, and several were seen to differ.
"""

from __future__ import annotations

import hashlib
import hmac
from datetime import date, timedelta
from typing import Any

from commonweal.vault.tables import ops
from tests.spec.tables.cases import KEY, Case, Rows, _at, of_values, unless_missing

ORDERED = ["", " ", "A", "Z", "a", "z", "\x7f", "ß", "é", "\ud7ff", "\uffff", "\U00010000", None]
"""In order: by code point, which is by byte, and neither by alphabet nor by UTF-16."""
WRITTEN = [
    (0.0, "0.0"), (1.0, "1.0"), (-1.5, "-1.5"), (0.1, "0.1"), (0.001, "0.001"),
    (0.0001, "0.0001"), (0.00001, "1e-05"), (1.5e-10, "1.5e-10"), (123456.789, "123456.789"),
    (9999999.5, "9999999.5"), (1e7, "10000000.0"), (12345678.25, "12345678.25"),
    (1e15, "1000000000000000.0"), (1e16, "1e+16"), (1.5e20, "1.5e+20"), (1e100, "1e+100"),
    (0.30000000000000004, "0.30000000000000004"), (2 / 3, "0.6666666666666666"),
    (123456789.12345679, "123456789.12345679"), (9434765919.0, "9434765919.0"), (None, None),
]  # fmt: skip
MOMENTS = [
    _at("2026-01-02T03:04:05"), _at("2026-01-02T03:04:05.1"), _at("2026-01-02T03:04:05.000006"),
    _at("2026-01-01"), _at("1969-12-31T23:59:59.999999"), _at("1900-01-01T00:00:01"), None,
]  # fmt: skip
NO_ROWS: tuple[dict[str, str], Rows] = ({"g": "text", "n": "integer", "x": "decimal"}, [])
SOME = (
    {"g": "text", "n": "integer", "x": "decimal", "c": "code"},
    [
        ("", None, 0.5, b"\x80"), (None, None, None, b"\x7f"), ("a", -1, -0.5, b""),
        ("a", 2**62, 1e300, None), ("", 3, -1e300, b"\x00"),
    ],
)  # fmt: skip


def moment_text(value: Any) -> str:
    """As DuckDB writes a time: a fraction of a second without zeros at its end."""
    text = f"{value:%Y-%m-%d %H:%M:%S}"
    return text + f".{value.microsecond:06}".rstrip("0") if value.microsecond else text


def _ordered(name: str, kind: str, values: list[Any]) -> Case:
    shuffled = [*values[1::2], *values[::2]]
    return Case(
        f"ordered.{name}",
        ("ordered",),
        {"given": ({"a": kind}, [(value,) for value in shuffled])},
        lambda t: ops.ordered(t["given"], ["a"]),
        [(value,) for value in values],
        ordered=True,
    )


ORDERS = [
    _ordered("texts_by_code_point", "text", ORDERED),
    _ordered("decimals", "decimal", [-1e300, -1.0, 0.0, 5e-324, 0.1, 1e300, None]),
    _ordered("bytes_without_a_sign", "code", [b"", b"\x00", b"\x7f", b"\x80", b"\xff", None]),
    _ordered("false_before_true", "boolean", [False, True, None]),
    _ordered("dates", "date", [date(1, 1, 1), date(1582, 10, 10), date(9999, 12, 31), None]),
    _ordered("times", "timestamp", [*sorted(m for m in MOMENTS if m), None]),
    Case(
        "ordered.by_one_then_another", ("ordered",), {"some": SOME},
        lambda t: ops.ordered(ops.select(t["some"], ["g", "x"]), ["g", "x"]),
        [("", -1e300), ("", 0.5), ("a", -0.5), ("a", 1e300), (None, None)], ordered=True,
    ),
]  # fmt: skip

GROUPS = [
    Case(
        "group.of_no_rows", ("group", "count_where", "bits_together"), {"none": NO_ROWS},
        lambda t: ops.group(t["none"], [], {
            "rows": ops.count_rows(t["none"]),
            "there": ops.count_rows_where_present(t["none"], "n"),
            "true": ops.count_where(t["none"], ops.is_missing(t["none"]["n"])),
            "different": ops.count_distinct(t["none"]["g"]),
            "total": ops.total(t["none"]["n"]),
            "bits": ops.bits_together(t["none"]["n"]),
            "least": ops.smallest(t["none"]["g"])}),
        [(0, 0, 0, 0, None, None, None)],
    ),
    Case(
        "group.by_of_no_rows", ("group",), {"none": NO_ROWS},
        lambda t: ops.group(t["none"], ["g"], {"n": ops.count_rows(t["none"])}), [],
    ),
    Case(
        "count_where.unknown_everywhere", ("count_where",), {"some": SOME},
        lambda t: ops.group(t["some"], ["g"], {"n": ops.count_where(
            t["some"], ops.compare(t["some"]["n"], "gt", ops.missing("integer")))}),
        [("", 0), ("a", 0), (None, 0)],
    ),
    Case(
        "group.empty_text_is_a_group_of_its_own", ("group",), {"some": SOME},
        lambda t: ops.group(t["some"], ["g"], {
            "n": ops.count_rows(t["some"]),
            "total": ops.total(t["some"]["n"]),
            "sum": ops.total(t["some"]["x"]),
            "bits": ops.bits_together(t["some"]["n"]),
            "first": ops.smallest(t["some"]["c"])}),
        [("", 2, 3, -1e300, 3, b"\x00"), ("a", 2, 2**62 - 1, 1e300, -1, b""),
         (None, 1, None, None, None, b"\x7f")],
    ),
    Case(
        "distinct.empty_and_missing", ("distinct",), {"some": SOME},
        lambda t: ops.distinct(ops.select(t["some"], ["g"])), [("",), ("a",), (None,)],
    ),
    Case(
        "over_group.measures", ("over_group",), {"some": SOME},
        lambda t: ops.project(t["some"], {
            "c": t["some"]["c"],
            "most": ops.over_group(ops.largest(t["some"]["n"]), [t["some"]["g"]]),
            "total": ops.over_group(ops.total(t["some"]["x"]), [t["some"]["g"]])}),
        [(b"\x80", 3, -1e300), (b"\x7f", None, None), (b"", 2**62, 1e300), (None, 2**62, 1e300),
         (b"\x00", 3, -1e300)],
    ),
    Case(
        "earlier_value.missing_comes_last", ("earlier_value",), {"some": SOME},
        lambda t: ops.project(t["some"], {
            "c": t["some"]["c"],
            "before": ops.earlier_value(
                t["some"]["c"], 1, [t["some"]["g"]], [t["some"]["n"]])}),
        [(b"\x00", None), (b"\x80", b"\x00"), (b"", None), (None, b""), (b"\x7f", None)],
    ),
    Case(
        "row_number.of_the_same_rows", ("row_number",),
        {"given": ({"a": "text"}, [("x",), ("x",), (None,), (None,), ("y",)])},
        lambda t: ops.select(ops.derive(t["given"], {"n": ops.row_number()}), ["n"]),
        [(1,), (2,), (3,), (4,), (5,)],
    ),
    Case(
        "union.of_no_rows", ("union",), {"none": NO_ROWS},
        lambda t: ops.union(t["none"], t["none"]), [],
    ),
    Case(
        "inner_join_same.bytes_and_texts", ("inner_join_same",), {"some": SOME},
        lambda t: ops.select(ops.inner_join_same(
            t["some"], ops.rename(t["some"], {"again": "g", "d": "c"}),
            {"g": "again", "c": "d"}, {"found": "d"}), ["g", "found"]),
        [("", b"\x80"), (None, b"\x7f"), ("a", b""), ("a", None), ("", b"\x00")],
    ),
]  # fmt: skip

VALUES = [
    of_values("as_text.decimal", ["decimal"], [number for number, _ in WRITTEN], ops.as_text,
              lambda a: dict(WRITTEN)[a]),
    of_values("as_text.boolean", ["boolean"], [True, False, None], ops.as_text,
              unless_missing(lambda a: str(a).lower())),
    of_values("as_text.date", ["date"], [date(1, 1, 1), date(2026, 3, 2), None], ops.as_text,
              unless_missing(lambda a: a.isoformat())),
    of_values("as_text.time", ["timestamp"], MOMENTS, ops.as_text, unless_missing(moment_text)),
    of_values("constant.decimal", ["integer"], [1], lambda _: ops.constant(0.1, "decimal"),
              lambda _: 0.1),
    of_values("constant.integer", ["integer"], [1], lambda _: ops.constant(-(2**40), "integer"),
              lambda _: -(2**40)),
    of_values("constant.boolean", ["integer"], [1], lambda _: ops.constant(False, "boolean"),
              lambda _: False),
    of_values("constant.date", ["integer"], [1], lambda _: ops.constant(date(1, 2, 3), "date"),
              lambda _: date(1, 2, 3)),
    of_values("constant.time", ["integer"], [1],
              lambda _: ops.constant(_at("2026-01-02T03:04:05.000006"), "timestamp"),
              lambda _: _at("2026-01-02T03:04:05.000006")),
    of_values("constant.odd_text", ["integer"], [1],
              lambda _: ops.constant("a\\n%_'\"`\n\u2028${x}", "text"),
              lambda _: "a\\n%_'\"`\n\u2028${x}"),
    of_values("missing.code", ["integer"], [1], lambda _: ops.missing("code"), lambda _: None),
    of_values("compare.texts_by_code_point", ["text"] * 2,
              [("Z", "a"), ("é", "z"), ("\uffff", "\U00010000"), ("", " "), ("a", "a ")],
              lambda a, b: ops.compare(a, "lt", b), lambda a, b: a < b),
    of_values("compare.times_to_the_microsecond", ["timestamp"], MOMENTS,
              lambda a: ops.compare(a, "ge", ops.constant(MOMENTS[4], "timestamp")),
              unless_missing(lambda a: a >= MOMENTS[4])),
    of_values("is_in.integers", ["integer"], [1, 2, 2**40, None],
              lambda a: ops.is_in(a, [1, 2**40]), unless_missing(lambda a: a in (1, 2**40))),
    of_values("is_in.dates", ["date"], [date(2024, 2, 29), date(2024, 3, 1), None],
              lambda a: ops.is_in(a, [date(2024, 2, 29)]),
              unless_missing(lambda a: a == date(2024, 2, 29))),
    of_values("first_of.three", ["text"] * 3, [(None, "", "c"), (None, None, "c"), (None,) * 3],
              ops.first_of, lambda *given: next((one for one in given if one is not None), None)),
    of_values("divide.by_nothing", ["integer"] * 2, [(1, 0), (0, 0), (-1, 0), (6, 3)], ops.divide,
              lambda a, b: None if b == 0 else a / b),
    of_values("truncate.white_space", ["text"],
              ["\tI21\n", " \x0bI21\x0c ", "\u00a0I21", "I21 4", "..", "I\U0001f60021", None],
              lambda a: ops.truncate(a, 4),
              unless_missing(
                  lambda a: a.replace(".", "").strip(" \t\n\r\x0b\x0c")[:4]
                  .rstrip(" \t\n\r\x0b\x0c"))),
    of_values("text_length.code_points", ["text"], ["\U0001f600", "e\u0301", "\x00a", None],
              ops.text_length, unless_missing(len)),
    of_values("bare_token.one_capital_for_one_letter", ["text"],
              ["Weiß", "ﬁre", "ǰ", "ŉ1", "ᾳ-1", "\u1fd3", "ÿ", "\u0131", "\u017f", "\u01c6"],
              ops.bare_token,
              lambda a: {"Weiß": "WEIẞ", "ﬁre": "ﬁRE", "ǰ": "ǰ", "ŉ1": "ŉ1", "ᾳ-1": "ᾼ1",
                         "\u1fd3": "\u1fd3", "ÿ": "Ÿ",
                         "\u0131": "I", "\u017f": "S", "\u01c6": "\u01c4"}[a]),
    of_values("outward_postcode.odd_letters", ["text"], ["M1 1AEß", "ﬁM1 1AE", "m1 1a\u0131"],
              ops.outward_postcode, lambda a: "M1"),
    of_values("matches.ends_are_ends", ["text"], ["ab", "ab\n", "ab\r", "xab", None],
              lambda a: ops.matches(a, "^ab$"), unless_missing(lambda a: a == "ab")),
    of_values("matches.a_dot_is_no_line_feed", ["text"],
              ["a\nb", "a\rb", "a\u2028b", "a\x85b", "a\U0001f600b", "ab"],
              lambda a: ops.matches(a, "^a.b$"), lambda a: len(a) == 3 and a[1] != "\n"),
    of_values("matches.letters_of_new_scripts", ["text"],
              ["\u0870", "\u08b5", "\U00031350", "\U00011f50", "\u0301", "-", "\u2e5d"],
              lambda a: ops.matches(a, r"[\p{L}\p{N}]"), lambda a: a not in "\u0301-\u2e5d"),
    of_values("starts_with.letters_of_two_bytes", ["text"], ["É1", "E\u03011", "é1", None],
              lambda a: ops.starts_with(a, "É"), unless_missing(lambda a: a.startswith("É"))),
    of_values("shift_weeks.microseconds", ["timestamp"], MOMENTS,
              lambda a: ops.shift_weeks(a, ops.constant(-5, "integer")),
              unless_missing(lambda a: a - timedelta(weeks=5))),
    of_values("month.far_away", ["date"], [date(1, 1, 1), date(9999, 12, 31)], ops.month,
              lambda a: f"{a.year}-{a.month:02}"),
    of_values("bits_set.negative", ["integer"], [-1, -(2**63), 2**63 - 1], ops.bits_set,
              lambda a: (a & (2**64 - 1)).bit_count()),
    of_values("join_bytes.three", ["code"] * 3, [(b"", b"\x00\xff", b"z"), (b"a", None, b"b")],
              ops.join_bytes, unless_missing(lambda a, b, c: a + b + c)),
    Case(
        "with_hmac.odd_texts", ("with_hmac",),
        {"given": ({"a": "text"},
                   [("",), ("é",), ("e\u0301",), ("\U0001f600",), ("\x00",), (" ",)])},
        lambda t: ops.with_hmac(t["given"], "a", "code", t["key"]),
        [(a, hmac.new(KEY, a.encode(), hashlib.sha256).hexdigest())
         for a in ("", "é", "e\u0301", "\U0001f600", "\x00", " ")], keyed=True,
    ),
]  # fmt: skip

MORE: list[Case] = [*ORDERS, *GROUPS, *VALUES]
