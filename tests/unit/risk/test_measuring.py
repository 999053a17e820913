"""`measure` on Arrow tables and files: the keys of INTERFACES, and what is refused."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commonweal.foundation.errors import CommonwealError, Fault, WrongUsage
from commonweal.vault.risk import measure
from tests.unit.risk import oracle

ROWS = [
    {"who": f"p{n % 40}", "age": 30 + n % 5, "sex": "FM"[n % 2], "ill": f"J{n % 7}", "w": n % 3 / 2}
    for n in range(300)
] + [{"who": "q", "age": None, "sex": None, "ill": None, "w": None}]
SECRET = "Zebedee-Quill"


def table() -> pa.Table:
    return pa.Table.from_pylist(ROWS)


def write_csv(path: Path, rows: list[dict[str, Any]] = ROWS, delimiter: str = ",") -> Path:
    with path.open("w", newline="", encoding="utf-8") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


@pytest.mark.parametrize("person", [None, "who"])
def test_an_arrow_table_gives_the_figures_of_the_oracle(person: str | None) -> None:
    found = measure(table(), ["age", "sex"], ["ill"], person=person)
    expected = oracle.figures(ROWS, ["age", "sex"], ["ill"], person)
    assert found["l"]["ill"].pop("recursive") == {}
    assert {name: found[name] for name in expected} == approximately(expected)


def approximately(found: Any) -> Any:
    if isinstance(found, dict):
        return {key: approximately(value) for key, value in found.items()}
    return pytest.approx(found, rel=1e-12) if isinstance(found, float) else found


def test_files_and_tables_give_the_same(tmp_path: Path) -> None:
    expected = measure(table(), ["age", "sex"], ["ill"], person="who")
    pq.write_table(table(), tmp_path / "one.parquet")
    parts = tmp_path / "parts"
    parts.mkdir()
    for number in range(2):
        part = table().slice(number * 150, 150 + number)
        pq.write_table(part, parts / f"part-{number}.parquet")
    paths = [
        tmp_path / "one.parquet",
        parts,
        write_csv(tmp_path / "two.csv"),
        write_csv(tmp_path / "three.csv", delimiter=";"),
        str(write_csv(tmp_path / "four.tsv", delimiter="\t")),
    ]
    for path in paths:
        assert measure(path, ["age", "sex"], ["ill"], person="who") == approximately(expected)


def test_codes_dictionaries_and_not_a_number() -> None:
    made = pa.table(
        {
            "code": pa.array([b"\x00\x01", b"\x00\x01", b"\xff", b"\xfe"]),
            "kind": pa.array(["a", "a", "b", None]).dictionary_encode(),
            "value": pa.array([float("nan"), None, 1.0, 1.0]),
        }
    )
    found = measure(made, ["value"], ["kind"], person="code")
    assert (found["patients"], found["classes"], found["k"]) == (3, 2, 1)
    assert found["l"]["kind"]["distinct"] == 1


def test_class_values_are_never_told(tmp_path: Path) -> None:
    rows = [{"name": SECRET, "ill": SECRET, "who": SECRET}, {"name": "x", "ill": "y", "who": "z"}]
    found = measure(pa.Table.from_pylist(rows), ["name"], ["ill"], person="who")
    assert SECRET not in repr(found)


@pytest.mark.parametrize(
    ("arguments", "code"),
    [
        ({"quasi": []}, "CW-RISK-COLUMNS"),
        ({"quasi": "age"}, "CW-RISK-COLUMNS"),
        ({"quasi": ["nothing"]}, "CW-RISK-COLUMNS"),
        ({"quasi": ["age", "age"]}, "CW-RISK-COLUMNS"),
        ({"quasi": ["age"], "sensitive": ["age"]}, "CW-RISK-COLUMNS"),
        ({"quasi": ["age"], "sensitive": "ill"}, "CW-RISK-COLUMNS"),
        ({"quasi": ["age"], "person": "nothing"}, "CW-RISK-COLUMNS"),
        ({"quasi": ["age"], "population": table().select(["sex"])}, "CW-RISK-COLUMNS"),
        ({"quasi": ["age"], "at_risk_above": 0.0}, "CW-RISK-INPUT"),
        ({"quasi": ["age"], "at_risk_above": 1.0}, "CW-RISK-INPUT"),
    ],
)
def test_wrong_calls_are_refused(arguments: dict[str, Any], code: str) -> None:
    with pytest.raises(WrongUsage) as refused:
        measure(table(), **arguments)
    assert refused.value.code == code


def test_columns_without_classes_are_refused() -> None:
    made = pa.table({"list": [[1], [2]], "age": [1, 2]})
    with pytest.raises(WrongUsage) as refused:
        measure(made, ["list"])
    assert refused.value.code == "CW-RISK-COLUMNS"
    assert measure(made, ["age"])["k"] == 1


def test_doubled_column_names_are_refused() -> None:
    made = pa.table([pa.array([1]), pa.array([2])], names=["age", "Age"])
    with pytest.raises(Fault) as refused:
        measure(made, ["age"])
    assert refused.value.code == "CW-SOURCE-NAMES"


def test_rows_without_a_person_are_refused() -> None:
    with pytest.raises(Fault) as refused:
        measure(pa.table({"who": ["a", None], "age": [1, 2]}), ["age"], person="who")
    assert refused.value.code == "CW-RISK-PERSON-MISSING"


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("empty.csv", b""),
        ("empty.parquet", b""),
        ("cut.parquet", b"PAR1\x00\x00"),
        ("latin.csv", "age,name\n1,Zo\xeb\n".encode("latin-1")),
        ("ragged.csv", f"age,name\n1,a\n2,b,{SECRET}\n".encode()),
        ("open.csv", f'age,name\n1,"{SECRET}\n'.encode()),
        ("other.txt", b"age\n1\n"),
    ],
)
def test_bad_files_give_one_of_our_errors_with_the_file_and_no_value(
    tmp_path: Path, name: str, content: bytes
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(CommonwealError) as refused:
        measure(path, ["age"])
    assert name in refused.value.sentence
    assert SECRET not in refused.value.sentence
    assert refused.value.__cause__ is None


def test_a_damaged_page_of_parquet_is_a_fault_of_the_file(tmp_path: Path) -> None:
    path = tmp_path / "stays.parquet"
    pq.write_table(table(), path, compression="zstd")
    content = bytearray(path.read_bytes())
    content[40:400] = b"\x00" * 360
    path.write_bytes(bytes(content))
    with pytest.raises(CommonwealError) as refused:
        measure(path, ["age", "sex"], ["ill"], person="who")
    assert "stays.parquet" in refused.value.sentence


def test_an_absent_file_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(Fault) as refused:
        measure(tmp_path / "nothing.csv", ["age"])
    assert refused.value.code == "CW-FILE-MISSING"


def test_a_table_without_rows_has_no_risk(tmp_path: Path) -> None:
    path = tmp_path / "none.csv"
    path.write_text("age,sex\n")
    found = measure(path, ["age"], ["sex"])
    assert (found["rows"], found["k"], found["prosecutor"]["max"]) == (0, 0, 0.0)


def test_nothing_is_left_in_the_work_folder(tmp_path: Path) -> None:
    work = tmp_path / "work"
    work.mkdir()
    measure(table(), ["age"], person="who", work_folder=work)
    with pytest.raises(WrongUsage):
        measure(table(), ["nothing"], work_folder=work)
    assert list(work.iterdir()) == []
