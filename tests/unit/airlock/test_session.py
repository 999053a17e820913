"""A session: read once, counted by person whatever the codes look like, and within its memory."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.airlock.opened import OpenRelease, OpenTable
from commonweal.airlock.recompute.reading import _numbered
from commonweal.airlock.session import MOST_LAID, Session
from commonweal.foundation.errors import CommonwealError, Failure, Fault
from tests.airlock_house import PERSON, col, open_release, released, request, where

STAYS = {"ward": "text", "nights": "integer", "cost": "decimal"}
PEOPLE = {"sex": "text"}
COUNT = {"by": [{"column": col("ward")}], "measures": [{"measure": "people"}]}
ROWS = [
    {PERSON: f"p{n % 7}", "ward": "AB"[n % 2], "nights": n, "cost": n / 4} for n in range(40)
]  # fmt: skip
PERSONS = [{PERSON: f"p{n}", "sex": "FM"[n % 2]} for n in range(6)]


@pytest.fixture
def release(tmp_path: Path) -> OpenRelease:
    return open_release(tmp_path, {"stays": (STAYS, ROWS), "people": (PEOPLE, PERSONS)})


def test_each_column_is_read_once_for_all_requests(
    release: OpenRelease, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    real = pq.ParquetFile.read

    def watched(self: Any, columns: list[str], **how: Any) -> Any:
        read.extend(columns)
        return real(self, columns, **how)

    monkeypatch.setattr(pq.ParquetFile, "read", watched)
    with Session.over(release) as session:
        session.recompute(request(**COUNT))
        assert sorted(read) == [PERSON, "ward"]
        session.recompute(request(**COUNT | {"margins": True}))
        session.recompute(request(**COUNT | {"where": where("sex", "eq", "F", "people")}))
        session.recompute(
            request(
                by=[{"column": col("sex", "people")}],
                measures=[{"measure": "mean", "column": col("cost")}],
            )
        )
    assert sorted(read) == ["cost", PERSON, PERSON, "sex", "ward"]


def test_a_request_is_laid_out_once_and_old_ones_go(release: OpenRelease) -> None:
    with Session.over(release) as session:
        first = session.laid(request(**COUNT))
        assert session.laid(request(**COUNT)) is first
        for nights in range(MOST_LAID):
            session.laid(request(**COUNT | {"where": where("nights", "ge", nights)}))
        assert session.laid(request(**COUNT)) is not first


def test_a_column_that_had_to_go_is_read_again(release: OpenRelease) -> None:
    asked = request(
        by=[{"column": col("ward")}], measures=[{"measure": "mean", "column": col("cost")}]
    )
    with Session.over(release) as session:
        wanted = session.recompute(asked)
    with Session(release, memory=40 * 240 + 1) as small:
        for _ in range(2):
            found = small.recompute(asked)
            assert np.array_equal(found.series[0].figures, wanted.series[0].figures)


def test_a_table_that_needs_more_memory_is_refused_with_the_amount(release: OpenRelease) -> None:
    with pytest.raises(Failure) as refused, Session(release, memory=1000) as session:
        session.recompute(request(**COUNT))
    assert refused.value.code == "CW-ENGINE-MEMORY"
    assert "1 GB" in refused.value.sentence


def test_the_memory_setting_is_kept(release: OpenRelease, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COMMONWEAL_MEMORY", "1KB")
    with pytest.raises(Failure), Session.over(release) as session:
        session.recompute(request(**COUNT))
    monkeypatch.setenv("COMMONWEAL_MEMORY", "1 MiB")
    with Session.over(release) as session:
        session.recompute(request(**COUNT))
    monkeypatch.setenv("COMMONWEAL_MEMORY", "much")
    with pytest.raises(CommonwealError):
        Session.over(release)


# --- numbering people ---------------------------------------------------------------------------

halves = st.sampled_from([b"\x00" * 8, b"\x00" * 7 + b"\x01", b"\xff" * 8])
codes = st.one_of(
    st.lists(st.tuples(halves, halves).map(b"".join), max_size=12),  # halves that are alike
    st.lists(st.binary(min_size=16, max_size=16), max_size=12),
    st.lists(st.binary(max_size=20), max_size=12),
)


@settings(max_examples=200, deadline=None)
@given(some=codes, cut=st.integers(0, 12), text=st.booleans())
def test_people_are_numbered_in_the_order_of_their_codes(
    some: list[bytes], cut: int, text: bool
) -> None:
    kind = pa.string() if text else pa.binary()
    values: list[Any] = [one.hex() for one in some] if text else some
    column = pa.chunked_array([pa.array(values[:cut], kind), pa.array(values[cut:], kind)])
    order, person, kept = _numbered(column, "stays")
    ordered = values if order is None else [values[place] for place in order]
    distinct = sorted(set(values))
    assert [distinct[number] for number in person] == ordered == sorted(values)
    spelled = [one.decode() if text else one for one in kept.to_pylist()]
    assert spelled == distinct


# --- files that are not what the manifest says ----------------------------------------------------


def broken(folder: Path, table: pa.Table) -> OpenRelease:
    path = folder / "broken.parquet"
    pq.write_table(table, path)
    described = {name: released(name, kind) for name, kind in STAYS.items()}
    return OpenRelease("r", {"stays": OpenTable("stays", (path,), described, PERSON)})


GOOD = {PERSON: ["a"], "ward": ["A"], "nights": [1], "cost": [1.0]}


@pytest.mark.parametrize(
    "changed",
    [
        {"nights": ["x"]},
        {"cost": ["much"]},
        {"ward": [1]},
        {"ward": None},
        {PERSON: None},
        {PERSON: pa.array([None], pa.string())},
        {PERSON: [[1]]},
        {PERSON: pa.array([None], pa.binary())},
    ],
)  # fmt: skip
def test_another_type_than_the_manifest_says_stops_everything(
    tmp_path: Path, changed: dict[str, Any]
) -> None:
    columns = {name: value for name, value in (GOOD | changed).items() if value is not None}
    release = broken(tmp_path, pa.table(columns))
    both = [{"measure": "sum", "column": col("cost")}, {"measure": "max", "column": col("nights")}]
    asked = request(by=[{"column": col("ward")}], measures=both)
    with pytest.raises(Fault) as refused, Session.over(release) as session:
        session.recompute(asked)
    assert refused.value.code == "CW-OUTPUT-RELEASE"


def test_a_file_that_is_no_table_stops_everything(tmp_path: Path) -> None:
    release = broken(tmp_path, pa.table(GOOD))
    (tmp_path / "broken.parquet").write_bytes(b"PAR1 not at all")
    with pytest.raises(Fault) as refused, Session.over(release) as session:
        session.recompute(request(**COUNT))
    assert refused.value.code == "CW-OUTPUT-RELEASE"


def test_names_with_dots_are_names(tmp_path: Path) -> None:
    kinds = {"ward": "text", "ward.old": "text"}
    rows = [{PERSON: f"p{n}", "ward": "A", "ward.old": "B"} for n in range(3)]
    release = open_release(tmp_path, {"stays": (kinds, rows)})
    with Session.over(release) as session:
        for name, label in (("ward", "A"), ("ward.old", "B")):
            asked = request(by=[{"column": col(name)}], measures=[{"measure": "people"}])
            assert session.recompute(asked).axes[0].labels == (label,)


def test_sums_come_out_the_same_whatever_the_order_of_rows(tmp_path: Path) -> None:
    rng = np.random.default_rng(5)
    rows = [
        {PERSON: f"p{n % 50}", "ward": "A", "cost": float(cost)}
        for n, cost in enumerate(
            np.concatenate((rng.normal(0, 1e9, 400), rng.normal(0, 1e-6, 400)))
        )
    ]
    found = set()
    for place in range(3):
        folder = tmp_path / str(place)
        folder.mkdir()
        shuffled = [rows[one] for one in rng.permutation(len(rows))]
        release = open_release(folder, {"stays": (STAYS, shuffled)})
        with Session.over(release) as session:
            asked = request(measures=[{"measure": "sum", "column": col("cost"), "decimals": 6}])
            found.add(float(session.recompute(asked).series[0].figures))
    assert len(found) == 1
