# ruff: noqa: RUF001, E501 (letters that look alike are what is tested)
"""Papers as such: strict reading, texts for people, dates, and sentences that repeat nothing."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, timezone
from typing import Annotated, Any, Literal

import pytest
from pydantic import Field

from commonweal.papers.base import (
    ColumnName,
    Day,
    Identifier,
    Line,
    Moment,
    Paper,
    PaperInvalid,
    Sha256,
    Share,
    Text,
    look,
    named_twice,
    strict_stamp,
)

SECRET = "Zebedee-Quark-943"


class Sample(Paper):
    """One field of each kind."""

    line: Line | None = None
    text: Text | None = None
    id: Identifier | None = None
    column: ColumnName | None = None
    hash: Sha256 | None = None
    share: Share | None = None
    day: Day | None = None
    moment: Moment | None = None
    whole: Annotated[int, Field(ge=2, le=9)] | None = None
    yes: bool | None = None
    kind: Literal["a", "b"] | None = None
    many: tuple[Identifier, ...] = ()
    inner: Sample | None = None


def read(**data: Any) -> Sample:
    return Sample.read(data, "The sample")


GOOD = [
    ("line", "Ward 4 \N{EM DASH} Östlich"),
    ("text", "One.\n\tTwo."),
    ("id", "a.b-c_9"),
    ("column", "Blood pressure (mmHg)"),
    ("column", "β-blocker µg"),
    ("hash", "sha256:" + "0" * 64),
    ("share", 0),
    ("share", 1.0),
    ("day", "2024-02-29"),
    ("day", "1900-01-01"),
    ("day", "2199-12-31"),
    ("moment", "2026-01-01T00:00:00.000Z"),
    ("whole", 2),
    ("yes", False),
    ("many", ["a", "b"]),
]
BAD = [
    *[("line", text) for text in ("", " ", "\t", "a\nb", "a\rb", "a\x00", "a\x7f", "a\x85", "a\u2028b")],
    *[("line", f"a{mark}b") for mark in "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"],
    *[("line", f"a{mark}b") for mark in "\u200b\u200c\u200d\u200e\u200f\u2060\ufeff\u00ad\u061c"],
    ("line", "a" * 501),
    ("line", 5),
    ("line", ["a"]),
    ("line", "\udc80"),
    ("text", "a\x1b[31m"),
    ("text", "a" * 20_001),
    *[("id", text) for text in ("", "-a", ".a", "a b", "a/b", "a\n", "ａ", "а", "a" * 65)],
    ("column", "a" * 129),
    *[("hash", text) for text in ("sha256:" + "A" * 64, "sha256:" + "0" * 63, "0" * 64, "md5:0")],
    *[("share", value) for value in (-0.0001, 1.0001, "0.5", True, [])],
    *[("day", text) for text in ("2023-02-29", "1900-02-29", "2026-13-01", "2026-1-1", "20260101")],
    *[("day", text) for text in ("9999-12-31", "1899-12-31", "2200-01-01", "２０２６-01-01")],
    *[("day", value) for value in (20260101, 1.5, True, "2026-01-01T00:00:00.000Z", " 2026-01-01")],
    *[("moment", f"2026-01-01T{rest}") for rest in ("00:00:00Z", "00:00:00.0Z", "24:00:00.000Z")],
    ("moment", "2026-01-01T00:00:00.000+00:00"),
    ("moment", "２０２６-01-01T00:00:00.000Z"),
    ("moment", "9999-12-31T23:59:59.999Z"),
    *[("whole", value) for value in (1, 10, "5", 5.5, True, 10**30)],
    *[("yes", value) for value in ("true", 1, 0, "no")],
    *[("kind", value) for value in ("c", "A", None.__class__, 1)],
    *[("many", value) for value in ("a", {"a": 1}, [1], ["a", ""])],
]  # fmt: skip


@pytest.mark.parametrize(("field", "value"), GOOD)
def test_read_and_written_back(field: str, value: Any) -> None:
    paper = read(**{field: value})
    assert Sample.read(paper.plain(), "The sample") == paper
    assert paper.plain()[field] == value


@pytest.mark.parametrize(("field", "value"), BAD)
def test_refused_by_the_field(field: str, value: Any) -> None:
    with pytest.raises(PaperInvalid) as caught:
        read(**{field: value})
    assert caught.value.sentence.startswith("The sample")
    assert caught.value.sentence.endswith(".")


@pytest.mark.parametrize(
    "data",
    [
        {"line": SECRET + "\n"},
        {"id": SECRET + " "},
        {"kind": SECRET},
        {"day": SECRET},
        {"moment": SECRET},
        {"share": SECRET},
        {"inner": {"kind": SECRET}},
        {"inner": SECRET},
        {f"{SECRET} is a name": 1},
        {"inner": {SECRET: SECRET}},
        {"hash": SECRET},
    ],
)
def test_content_is_never_repeated(data: dict[str, Any]) -> None:
    with pytest.raises(PaperInvalid) as caught:
        Sample.read(data, "The sample")
    shown = f"{caught.value} {caught.value!r} {caught.value.__cause__!r}"
    assert SECRET not in shown
    assert caught.value.__suppress_context__


def test_an_unknown_key_is_named_where_it_is_harmless() -> None:
    with pytest.raises(PaperInvalid, match="field aproved is not a known field"):
        read(aproved=True)
    with pytest.raises(PaperInvalid, match=r"field inner\.inner\.id does not have the right form"):
        read(inner={"inner": {"id": "?"}})


def test_faults_are_counted() -> None:
    with pytest.raises(PaperInvalid, match=r"\(1 more fault\)"):
        read(whole=1, share=2.0)
    with pytest.raises(PaperInvalid, match=r"\(2 more faults\)"):
        read(whole=1, share=2.0, day="x")


@pytest.mark.parametrize("data", [None, [], "x", 5, [{"id": "a"}]])
def test_a_paper_is_a_set_of_fields(data: Any) -> None:
    with pytest.raises(PaperInvalid, match="not a set of named fields"):
        Sample.read(data, "The sample")


def test_what_json_cannot_hold_is_refused() -> None:
    for value in (float("nan"), float("inf"), object(), {(1,): 2}, b"x", date(2026, 1, 1)):
        with pytest.raises(PaperInvalid):
            read(inner={"share": value})


def test_depth_is_limited() -> None:
    nested: dict[str, Any] = {}
    for _ in range(5000):
        nested = {"inner": nested}
    with pytest.raises(PaperInvalid):
        Sample.read(nested, "The sample")


def test_papers_do_not_change() -> None:
    with pytest.raises(Exception, match="frozen"):
        read(id="a").id = "b"  # type: ignore[misc]


def test_moments_are_utc_milliseconds_however_they_are_made() -> None:
    at = datetime(2026, 7, 1, 13, 0, 0, 123_987, tzinfo=timezone(timedelta(hours=1)))
    paper = Sample(moment=at)
    assert paper.moment == datetime(2026, 7, 1, 12, 0, 0, 123_000, tzinfo=UTC)
    assert Sample.read(paper.plain(), "The sample") == paper
    with pytest.raises(ValueError, match="a time is written"):
        Sample(moment=datetime(2026, 7, 1))  # noqa: DTZ001 (that is the fault)


def test_a_stamp_has_one_spelling() -> None:
    assert strict_stamp("2026-01-01T00:00:00.120Z").microsecond == 120_000
    for text in ("2026-01-01T00:00:00.12Z", "2026-1-01T00:00:00.120Z", "", "now"):
        with pytest.raises(ValueError, match="a time is written"):
            strict_stamp(text)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Age", "age"),
        ("age", "\u0430g\u0435"),
        ("age", "ａｇｅ"),
        ("straße", "STRASSE"),
        ("fi", "ﬁ"),
        ("a  b", "a b"),
        ("é", "e\u0301"),
        ("nhs number", "nhs\u00a0number"),
    ],
)
def test_names_that_look_the_same_are_one_name(one: str, other: str) -> None:
    assert look(one) == look(other)
    assert named_twice([one, "between", other]) == other


def test_different_names_stay_different() -> None:
    names = ["age", "age_1", "ages", "sex", "é", "e", "a b", "ab", "β", "b"]
    assert named_twice(names) is None


def test_the_digest_is_of_the_canonical_text() -> None:
    one = read(id="a", share=0.5)
    assert one.canonical() == b'{"id":"a","many":[],"share":0.5}'
    assert one.digest() == read(share=0.5, id="a").digest() != read(id="a").digest()
