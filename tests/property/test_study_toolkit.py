"""Random calls of the toolkit: each is refused in words or writes a request that its paper takes.

And the preview is what the airlock makes of the request on the same release: one researcher must
not see other figures in the job than those that leave, but for the rounding.
"""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from commonweal.airlock.recompute.recompute import half_up
from commonweal.enclave.study import StudyError, bands, col, measure
from commonweal.foundation.errors import Refused
from commonweal.papers.output_request import OutputRequest
from tests.airlock_house import PERSON, recompute
from tests.study_house import KINDS, Tables, Worked, worked

CALM = [HealthCheck.too_slow, HealthCheck.data_too_large]
DAY = dt.date(2024, 1, 1)
NAMES = [(table, name) for table, kinds in KINDS.items() for name in kinds]
ODD = [("stays", PERSON), ("stays", "weight"), ("tests", "age"), ("stays", "")]

text = st.sampled_from(["F", "M", "x", ""])
moment = st.integers(0, 9).map(lambda n: dt.datetime(2024, 1, 1, n))  # noqa: DTZ001
VALUES: dict[str, st.SearchStrategy[Any]] = {
    "text": text,
    "integer": st.integers(-3, 9),
    "decimal": st.sampled_from([0.0, -1.5, 0.1, 2.675, 1e6, float("nan"), float("inf")]),
    "boolean": st.booleans(),
    "date": st.integers(0, 5).map(lambda n: DAY + dt.timedelta(days=n)),
    "timestamp": moment,
}
anything = st.one_of(
    text, st.integers(-3, 9), st.booleans(), st.just(DAY), moment, st.none(),
    st.sampled_from([0.1, 2.675, float("nan"), 2**60, "a\nb", b"x", np.int64(4), np.float64(0.5)]),
)  # fmt: skip


@st.composite
def releases(draw: st.DrawFn) -> Tables:
    def rows(table: str, people: list[int]) -> list[dict[str, Any]]:
        return [
            {PERSON: f"p{who}"}
            | {
                name: draw(st.one_of(st.none(), VALUES[kind]))
                for name, kind in KINDS[table].items()
            }
            for who in people
        ]

    stays = rows("stays", draw(st.lists(st.integers(0, 6), min_size=1, max_size=14)))
    people = rows("people", draw(st.lists(st.integers(0, 7), unique=True, min_size=1)))
    if draw(st.booleans()):  # so that some groups are common enough to be named anyway
        stays += [{**stays[0], PERSON: f"q{n}", "age": None} for n in range(11)]
    return {"stays": (KINDS["stays"], stays), "people": (KINDS["people"], people)}


columns = st.one_of(*[st.sampled_from(NAMES)] * 12, st.sampled_from(ODD))


@st.composite
def filters(draw: st.DrawFn, depth: int = 2) -> Callable[[], Any]:
    """Made when it is called: a comparison may be refused by itself."""
    kind = draw(st.sampled_from(["one", "one", "and", "or", "not"] if depth else ["one"]))
    if kind == "not":
        inner = draw(filters(depth - 1))
        return lambda: ~inner()
    if kind != "one":
        first, second = draw(filters(depth - 1)), draw(filters(depth - 1))
        return lambda: first() & second() if kind == "and" else first() | second()
    table, name = draw(columns)
    fitting = VALUES.get(KINDS.get(table, {}).get(name, ""), anything)
    value = draw(st.one_of(*[fitting] * 9, anything))
    listed = draw(st.lists(fitting, max_size=3))
    made: Callable[[], Any] = draw(
        st.sampled_from(
            [
                lambda: col(table, name) == value,
                lambda: col(table, name) != value,
                lambda: col(table, name) < value,
                lambda: col(table, name) >= value,
                lambda: col(table, name).isin(listed),
                lambda: col(table, name).is_missing(),
                lambda: col(table, name).is_present(),
            ]
        )
    )
    return made


@st.composite
def groups(draw: st.DrawFn) -> Callable[[], Any]:
    table, name = draw(columns)
    edges = draw(st.lists(st.one_of(st.integers(-2, 8), st.just(0.5)), max_size=3, unique=True))
    if draw(st.booleans()):
        return lambda: bands(col(table, name), sorted(edges))
    return lambda: name if table == "stays" and edges else col(table, name)


@st.composite
def measures(draw: st.DrawFn) -> Callable[[], Any]:
    numbers = [one for one in NAMES if KINDS[one[0]][one[1]] in ("integer", "decimal")]
    table, name = draw(st.one_of(*[st.sampled_from(numbers)] * 8, columns))
    places = draw(st.one_of(st.integers(0, 6), st.just(9)))
    q = draw(st.sampled_from([0.01, 0.25, 0.5, 0.99, 1.0]))
    where = draw(st.one_of(st.just(lambda: None), filters(1)))
    parts: list[Callable[[], Any]] = [
        lambda: measure.people(where()),
        lambda: measure.rows(),
        lambda: measure.sum(col(table, name), where()),
        measure.people,
    ]
    top, bottom = draw(st.sampled_from(parts)), draw(st.sampled_from(parts))
    per = draw(st.sampled_from([1, 100, 1000, 7]))
    single: list[Callable[[], Any]] = [
        measure.people,
        measure.rows,
        *(
            (lambda made=made: made(col(table, name), decimals=places))
            for made in (measure.sum, measure.mean, measure.sd, measure.minimum, measure.maximum)
        ),
        lambda: measure.quantile(col(table, name), q, places),
        lambda: measure.ratio(top(), bottom(), per, places),
        lambda: measure.people(where()),
    ]
    return draw(st.sampled_from(single))


calls = st.fixed_dictionaries(
    {
        "by": st.lists(groups(), max_size=3),
        "measures": st.lists(measures(), min_size=1, max_size=3),
        "where": st.one_of(st.just(lambda: None), filters()),
        "totals": st.booleans(),
        "of": st.sampled_from(["stays", "stays", "stays", "people", None]),
        "name": st.sampled_from(["t", "t.json", "a b", "T-1.x"]),
        "title": st.sampled_from([None, "A table", "a\nb"]),
        "rounding": st.sampled_from(["exact", "exact", "nearest_5", "up"]),
    }
)


def run(house: Worked, call: dict[str, Any]) -> Any:
    return house.study.table(
        call["name"],
        by=[one() for one in call["by"]],
        measures=[one() for one in call["measures"]],
        where=call["where"](),
        totals=call["totals"], of=call["of"], title=call["title"], rounding=call["rounding"],
    )  # fmt: skip


def same(shown: list[Any], figures: np.ndarray, decimals: int) -> None:
    found = np.array([float(value) for value in shown])
    published = figures.reshape(-1)
    assert np.array_equal(np.isnan(found), np.isnan(published))
    scale = 10.0**decimals
    apart = np.abs(half_up(found, decimals) - published) * scale
    # Two sums of one figure may lie on the two sides of a half: then, and only then, they differ.
    at_half = np.abs(np.abs(found * scale) % 1 - 0.5) < 1e-6 * (1 + np.abs(found * scale) * 1e-6)
    assert (
        np.nan_to_num(np.where(at_half, 0.0, apart))
        < 1e-3 + np.nan_to_num(np.abs(published)) * 1e-9
    ).all()


def agree(house: Worked, folder: Path, call: dict[str, Any]) -> bool:
    """Whether the call was taken; if so, all that must hold of it holds."""
    try:
        preview = run(house, call)
    except StudyError:
        assert not list(house.outputs.glob("*")) if house.outputs.exists() else True
        return False
    name = call["name"].removesuffix(".json")
    request = OutputRequest.read(house.written(name), name)
    table = recompute(request, house.release, folder)
    labels = [[axis.label(place) for place in range(axis.places)] for axis in table.axes]
    cells = [dict(zip([axis.name for axis in table.axes], where, strict=True)) for where in
             ([labels[side][place[side]] for side in range(len(labels))]
              for place in np.ndindex(*table.shape))]  # fmt: skip
    names = list(preview.columns)[: len(table.axes)]
    assert [{name: row[name] for name in names} for row in preview.rows()] == cells
    if call["rounding"] == "exact":
        for shown, series in zip(
            list(preview.columns.values())[len(names) :], table.series, strict=True
        ):
            same(shown, series.figures, series.decimals)
    return True


@settings(max_examples=40, deadline=None, suppress_health_check=CALM)
@given(tables=releases(), call=calls)
def test_a_call_is_refused_in_words_or_shows_what_the_airlock_makes(
    tables: Tables, call: dict[str, Any]
) -> None:
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        agree(worked(place, tables), place, call)


good = st.fixed_dictionaries(
    {
        "by": st.lists(
            st.sampled_from(
                [
                    lambda: "sex", lambda: "died", lambda: "day", lambda: col("people", "area"),
                    lambda: bands("age", [0, 2.5, 5]), lambda: bands(col("people", "visits"), [3]),
                ]
            ),
            max_size=2, unique=True,
        ),
        "measures": st.lists(
            st.sampled_from(
                [
                    measure.people, measure.rows, lambda: measure.mean("cost"),
                    lambda: measure.sd("age"), lambda: measure.quantile("cost", 0.3),
                    lambda: measure.sum(col("people", "visits")), lambda: measure.maximum("age"),
                    lambda: measure.ratio(
                        measure.people(col("stays", "died") == True),  # noqa: E712
                        measure.people(), 100,
                    ),
                    lambda: measure.ratio(measure.sum("cost", col("stays", "age") > 1),
                                          measure.rows()),
                ]
            ),
            min_size=1, max_size=3, unique=True,
        ),
        "where": st.one_of(st.just(lambda: None), st.sampled_from([
            lambda: col("stays", "age") >= 2, lambda: ~col("stays", "sex").isin(["F", "x"]),
            lambda: (col("stays", "sex") == "F") & (col("people", "visits") < 5),
            lambda: col("stays", "day").is_missing() | (col("stays", "day") > DAY),
        ])),
        "totals": st.booleans(), "of": st.just("stays"), "name": st.just("t"),
        "title": st.none(), "rounding": st.just("exact"),
    }
)  # fmt: skip


@settings(max_examples=20, deadline=None, suppress_health_check=CALM)
@given(tables=releases(), call=good)
def test_calls_that_fit_are_taken_and_agree(tables: Tables, call: dict[str, Any]) -> None:
    assume(call["by"] or not call["totals"])
    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder)
        assert agree(worked(place, tables), place, call)


def test_refusals_of_the_airlock_are_the_toolkits_too(tmp_path: Path) -> None:
    """A column of a table with several rows a person: both say no, the toolkit before it writes."""
    rows = [{PERSON: f"p{n % 3}", "sex": "F", "age": n} for n in range(6)]
    people = [{PERSON: f"p{n}", "area": "N"} for n in range(3)]
    house = worked(tmp_path, {"stays": (KINDS["stays"], rows), "people": (KINDS["people"], people)})
    asked = {"request": 1, "name": "t", "title": "T", "table": "people",
             "by": [{"column": {"table": "stays", "name": "sex"}}],
             "measures": [{"measure": "people"}]}  # fmt: skip
    try:
        recompute(OutputRequest.read(asked, "t"), house.release, tmp_path)
    except Refused as refused:
        assert refused.code == "CW-OUTPUT-MANY-ROWS"  # noqa: PT017
    else:
        raise AssertionError("the airlock took it")
    try:
        house.study.count("t", by=col("stays", "sex"), of="people")
    except StudyError:
        assert not house.outputs.exists()
    else:
        raise AssertionError("the toolkit took it")
