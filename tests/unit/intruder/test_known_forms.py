"""What an attacker knows, in the forms in which it is shown: small tables in and out."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pyarrow as pa
import pytest

from commonweal.foundation.connection import connect
from commonweal.papers.forms import Form
from commonweal.vault.release.known_forms import FORMS, Reader
from commonweal.vault.tables.duckdb_engine import DuckDBEngine
from tests.release_house import refused

AT = datetime(2026, 3, 1)  # noqa: DTZ001


@pytest.fixture(scope="module")
def reader(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Reader]:
    engine = DuckDBEngine(connect(Path(tmp_path_factory.mktemp("forms"))))
    yield Reader(engine, AT)
    engine.close()


@pytest.mark.parametrize(
    ("form", "known", "released", "made"),
    [
        ("exact", ["F", None, "M"], ["F"], ["F", None, "M"]),
        ("exact", ["7", "8.5"], [7], [7.0, 8.5]),
        ("exact", ["2026-01-31"], [date(2026, 1, 1)], [date(2026, 1, 31)]),
        ("exact", ["2026-01-31 09:30:00"], ["2026-01-01"], [date(2026, 1, 31)]),
        ("rollup(10)", ["J45"], ["J45", None], ["J45"]),
        ("shift", ["2026-01-31"], [date(2026, 2, 7)], [date(2026, 1, 31)]),
        ("year", ["1950-12-31", None], [1950], [1950.0, None]),
        ("year", ["1950-12-31"], ["1950"], [1950.0]),
        ("month", ["1950-02-28"], ["1950-02"], ["1950-02"]),
        ("age_band(5,90)", ["1950-03-02", "1950-03-01", "1920-01-01"], ["75-79"],
         ["75-79", "75-79", "90+"]),
        ("age_band(5,90)", ["74", "75"], ["75-79"], ["70-74", "75-79"]),
        ("outward_postcode", ["ls1 4ab", "nonsense"], ["LS1"], ["LS1", None]),
        ("truncate(3)", ["J45.0"], ["J45"], ["J45"]),
        ("round(5)", ["12", "12.5"], [10], [10.0, 15.0]),
    ],
)  # fmt: skip
def test_known_values_take_the_form_of_shown_ones(
    reader: Reader, form: str, known: list[Any], released: list[Any], made: list[Any]
) -> None:
    shown = reader.released(pa.array(released))
    found = reader.known("d", pa.array(known, pa.string()), Form.parse(form), shown)
    assert found.type == shown.type
    assert found.to_pylist() == made


def test_every_form_that_can_be_compared_is_tried_above() -> None:
    assert {
        "exact", "rollup", "shift", "year", "month", "age_band", "outward_postcode", "truncate",
        "round",
    } == FORMS  # fmt: skip


@pytest.mark.parametrize(
    ("values", "kind"),
    [
        (["1", "20", "3.5"], pa.float64()),
        (["01", "20"], pa.string()),  # 01 is no number as people write them
        (["65-69", "90+"], pa.string()),
        (["2026-01-31", "2025-12-01"], pa.date32()),
        (["2026-01-31", "soon"], pa.string()),
        ([None, None], pa.string()),
    ],
)
def test_texts_of_a_file_are_what_all_of_them_are(
    reader: Reader, values: list[str | None], kind: pa.DataType
) -> None:
    assert reader.released(pa.array(values, pa.string())).type == kind


@pytest.mark.parametrize(
    ("form", "known", "released", "said"),
    [
        ("year", ["1950", "soon"], [1950], "d of what is known: 2 value(s) do not read as dates"),
        ("age_band(5,90)", ["75", "young"], ["75-79"], "2 value(s) do not read as dates"),
        ("round(5)", ["ten"], [10], "1 value(s) do not read as numbers"),
        ("exact", ["1e5"], [7], "1 value(s) do not read as numbers"),
        ("exact", ["2026-02-30"], [date(2026, 1, 1)], "dates that no calendar has"),
    ],
)
def test_what_does_not_read_is_counted_and_never_shown(
    reader: Reader, form: str, known: list[str], released: list[Any], said: str
) -> None:
    shown = reader.released(pa.array(released))
    error = refused(lambda: reader.known("d", pa.array(known), Form.parse(form), shown))
    assert (error.code, error.exit_code) == ("CW-ATTACK-INPUT", 2)
    assert said in error.sentence
    assert not any(value in error.sentence for value in known)


def test_ages_need_their_day() -> None:
    reader = Reader(None, None)  # type: ignore[arg-type]
    error = refused(
        lambda: reader.known(
            "d", pa.array(["1950-01-01"]), Form.parse("age_band(5,90)"), pa.array(["75-79"])
        )
    )
    assert "--at" in error.sentence
