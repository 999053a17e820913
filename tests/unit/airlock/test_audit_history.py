"""The history of outputs is believed only where every byte is as its manifest says."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commonweal.airlock.audit.history import History, load_output, read_history, set_hash
from commonweal.airlock.audit.people import ascending, ids_of, places_in
from commonweal.foundation.canonical import canonical
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.foundation.files import sha256_file
from tests.audit_house import Asked, House, by, exactly, hiding, random_people, values

SEXES = by("sex", "f", "m")
AGES = by("age", "young", "old")
FIRST = Asked("t1", (AGES, SEXES))


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    rng = np.random.default_rng(5)
    house.people = random_people(rng, 60, {"sex": ["f", "m"], "age": ["young", "old"]})
    return house


def load_all(history: History) -> list[Any]:
    return list(history.load())


def test_what_was_written_is_read(house: House) -> None:
    house.leave(FIRST)
    (output,) = load_all(read_history(house.history))
    (table,) = output.tables
    assert len(output.people) == 60
    counted = {tuple(at): n for at, n in zip(table.cells.at.tolist(), table.sizes, strict=True)}
    for place, count in counted.items():
        wanted = [
            person
            for person in house.people.values()
            if all(
                at == -1 or person[d[0].variable] == d[at].values[0]
                for at, d in zip(place, FIRST.dimensions, strict=True)
            )
        ]
        assert count == len(wanted)
    assert counted[(-1, -1)] == 60
    assert table.definition(table.cells.at.tolist().index([0, -1])).conditions == (
        values("age", "young"),
    )


def test_a_person_in_several_cells_counts_once_in_each(house: House) -> None:
    both = tuple(values("clinic", one, "both") for one in ("a", "b"))
    for number, person in enumerate(house.people.values()):
        person["clinic"] = ["a", "b", "both"][number % 3]
    house.leave(Asked("t", (both,)))
    (output,) = load_all(read_history(house.history))
    sizes = dict(zip(output.tables[0].cells.at[:, 0].tolist(), output.tables[0].sizes, strict=True))
    assert sizes == {-1: 60, 0: 40, 1: 40}


def test_outputs_come_newest_first_and_each_manifest_is_pinned(house: House) -> None:
    names = [house.leave(FIRST) for _ in range(3)]
    history = read_history(house.history)
    assert [one.name for one in load_all(history)] == names[::-1]
    assert [pin.output for pin in history.pins()] == sorted(names)
    for pin in history.pins():
        assert pin.manifest == sha256_file(house.history / pin.output / "manifest.json")
    before = set_hash(history.pins())
    house.leave(FIRST)
    assert set_hash(read_history(house.history).pins()) != before


def test_an_empty_history_is_one(tmp_path: Path) -> None:
    (tmp_path / "history").mkdir()
    assert read_history(tmp_path / "history").pins() == ()


def test_a_history_that_is_not_there_is_a_fault(tmp_path: Path) -> None:
    with pytest.raises(Fault, match="CW-FILE-MISSING"):
        read_history(tmp_path / "history")


def test_an_output_whose_making_was_cut_off_never_left(house: House) -> None:
    house.leave(FIRST)
    (house.history / ".staging-x").mkdir()
    assert len(read_history(house.history).pins()) == 1


def test_the_ledgers_set_is_held_against_the_folder(house: House) -> None:
    house.leave(FIRST, output="one")
    told = {pin.output: pin.manifest for pin in read_history(house.history).pins()}
    assert read_history(house.history, told).pins()
    for other in ({}, {**told, "two": told["one"]}, {"one": "sha256:" + "0" * 64}):
        with pytest.raises(Fault, match="CW-AUDIT-HISTORY"):
            read_history(house.history, other)


# --- what must be refused ---------------------------------------------------------------------


def flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


FILES = ["values/00000.parquet", "cells/00000.parquet", "cells/people.parquet"]
DAMAGE: dict[str, Callable[[Path], object]] = {
    **{f"a changed {name}": (lambda n: lambda f: flip(f / n))(name) for name in FILES},
    **{f"no {name}": (lambda n: lambda f: (f / n).unlink())(name) for name in FILES},
    "no manifest": lambda f: (f / "manifest.json").unlink(),
    "a manifest that is cut": lambda f: (f / "manifest.json").write_bytes(
        (f / "manifest.json").read_bytes()[:-2]
    ),
    "a file that nobody named": lambda f: (f / "cells" / "more.parquet").write_bytes(b"x"),
    "a link in place of a file": lambda f: (
        (f / FILES[1]).rename(f.parent.parent / "elsewhere"),
        (f / FILES[1]).symlink_to(f.parent.parent / "elsewhere"),
    ),
    "another name": lambda f: f.rename(f.with_name("other")),
    "a file among the outputs": lambda f: (f.parent / "stray").write_bytes(b""),
    "a link among the outputs": lambda f: (f.parent / "again").symlink_to(f),
}


@pytest.mark.parametrize("damage", DAMAGE.values(), ids=DAMAGE.keys())
def test_damage_is_refused(house: House, damage: Callable[[Path], object]) -> None:
    name = house.leave(FIRST)
    damage(house.history / name)
    with pytest.raises(CommonwealError) as caught:
        load_all(read_history(house.history))
    assert caught.value.code in {"CW-AUDIT-HISTORY", "CW-FILE-MISSING", "CW-JSON-INVALID"}


def remade(folder: Path, path: str, change: Callable[[pa.Table], pa.Table]) -> None:
    """Change the rows of a file, and make the manifest agree: a forger who knows the format."""
    place = folder / path
    rows = change(pq.read_table(place))
    pq.write_table(rows, place)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    text = json.dumps(manifest)
    named = [manifest["people"], *(t[k] for t in manifest["tables"] for k in ("values", "cells"))]
    (old,) = [one["sha256"] for one in named if one["path"] == path]
    text = text.replace(old, sha256_file(place))
    plain = json.loads(text)
    for one in [plain["people"], *(t[k] for t in plain["tables"] for k in ("values", "cells"))]:
        if one["path"] == path:
            one["rows"] = len(rows)
    (folder / "manifest.json").write_bytes(canonical(plain))


def set_to(name: str, place: int, value: object) -> Callable[[pa.Table], pa.Table]:
    def change(rows: pa.Table) -> pa.Table:
        held = rows[name].to_pylist()
        held[place] = value
        number = rows.schema.get_field_index(name)
        return rows.set_column(number, rows.schema.field(name), pa.array(held, rows[name].type))

    return change


PEOPLE, CELLS, VALUES = FILES[2], FILES[1], FILES[0]
FORGED: dict[str, tuple[str, Callable[[pa.Table], pa.Table]]] = {
    "an id that is short": (PEOPLE, set_to("audit_id", 3, b"short")),
    "an id that is missing": (PEOPLE, set_to("audit_id", 3, None)),
    "ids out of order": (PEOPLE, set_to("audit_id", 0, b"\xff" * 16)),
    "a person who is not there": (CELLS, set_to("person", 59, 60)),
    "a person below the first": (CELLS, set_to("person", 0, -1)),
    "a person twice": (CELLS, set_to("person", 1, 0)),
    "a part that is not there": (CELLS, set_to("part", 0, 9)),
    "a part below the first": (CELLS, set_to("part", 0, -1)),
    "a person without a part": (CELLS, set_to("part", 0, None)),
    "somebody left out": (CELLS, lambda rows: rows.slice(1)),
    "another column": (CELLS, lambda rows: rows.append_column("x", rows["part"])),
    "other kinds": (
        CELLS,
        lambda rows: rows.cast(pa.schema([("person", pa.int64()), ("part", pa.int32())])),
    ),
    "a figure that is not true": (
        VALUES,
        lambda rows: set_to("low", 0, 61)(set_to("high", 0, None)(rows)),
    ),
    "a figure below nothing": (VALUES, set_to("low", 0, -1)),
    "a highest below the lowest": (VALUES, set_to("high", 1, 0)),
    "a category that is not there": (VALUES, set_to("at", 0, [5, 0])),
    "too few categories": (VALUES, set_to("at", 0, [0])),
    "a missing category": (VALUES, set_to("at", 0, [None, 0])),
    "a foreign part": (VALUES, set_to("parts", 0, [99])),
    "a part twice": (VALUES, set_to("parts", 0, [1, 1])),
    "a cell with no parts": (VALUES, set_to("parts", 0, [])),
}  # fmt: skip


@pytest.mark.parametrize(("path", "change"), FORGED.values(), ids=FORGED.keys())
def test_rows_that_cannot_be_are_refused(
    house: House, path: str, change: Callable[[pa.Table], pa.Table]
) -> None:
    name = house.leave(FIRST)
    remade(house.history / name, path, change)
    with pytest.raises(Fault, match="CW-AUDIT-HISTORY"):
        load_all(read_history(house.history))


MANIFESTS: dict[str, Callable[[dict[str, Any]], object]] = {
    "another version": lambda m: m.update(history=3),
    "an unknown field": lambda m: m.update(more=1),
    "another kind": lambda m: m.update(kind="publication"),
    "no people": lambda m: m.pop("people"),
    "no tables": lambda m: m.update(tables=[]),
    "a table twice": lambda m: m["tables"].append(m["tables"][0]),
    "a path that climbs": lambda m: m["tables"][0]["values"].update(path="values/../x.parquet"),
    "figures among the people": lambda m: m["tables"][0]["values"].update(
        path="cells/00000.parquet"
    ),
    "other numbers of rows": lambda m: m["tables"][0]["cells"].update(rows=1),
    "fewer parts": lambda m: m["tables"][0].update(parts=1),
    "a dimension about another variable": lambda m: m["tables"][0]["dimensions"][0].update(
        variable="x"
    ),
    "two dimensions of one variable": lambda m: m["tables"][0]["dimensions"].append(
        m["tables"][0]["dimensions"][0]
    ),
    "a category twice": lambda m: m["tables"][0]["dimensions"][0].update(
        categories=m["tables"][0]["dimensions"][0]["categories"][:1] * 2
    ),
}


@pytest.mark.parametrize("change", MANIFESTS.values(), ids=MANIFESTS.keys())
def test_manifests_that_cannot_be_are_refused(
    house: House, change: Callable[[dict[str, Any]], object]
) -> None:
    place = house.history / house.leave(FIRST) / "manifest.json"
    plain = json.loads(place.read_bytes())
    change(plain)
    place.write_bytes(canonical(plain))
    with pytest.raises(Fault, match="CW-AUDIT-HISTORY"):
        load_all(read_history(house.history))


def test_a_hidden_figure_is_true_between_its_ends(house: House) -> None:
    house.people = dict(list(house.people.items())[:12])
    house.leave(Asked("t", (AGES, SEXES), says=hiding))
    (output,) = load_all(read_history(house.history))
    cells = output.tables[0].cells
    assert {(0, 9)} <= set(zip(cells.low.tolist(), cells.high.tolist(), strict=True))


# --- ids --------------------------------------------------------------------------------------


def test_ids_that_end_in_nothing_are_themselves() -> None:
    raw = sorted(
        [bytes(16), bytes(15) + b"\x01", b"\x01" + bytes(15), b"\x01" + bytes(14) + b"\x02"]
    )
    ids = ids_of(pa.chunked_array([pa.array(raw, pa.binary())]))
    assert ids is not None
    assert ascending(ids)
    assert places_in(ids, ids).tolist() == [0, 1, 2, 3]
    some = ids_of(pa.chunked_array([pa.array(raw[1:3], pa.binary())]))
    assert some is not None
    assert places_in(ids, some).tolist() == [1, 2]
    assert places_in(some, ids).tolist() == [-1, 0, 1, -1]
    assert places_in(ids[:0], ids).tolist() == [-1] * 4


def test_ids_written_are_ids_read(tmp_path: Path) -> None:
    from datetime import UTC, datetime

    from commonweal.airlock.audit.writing import write_output
    from tests.audit_house import counted

    raw = [bytes(16), b"\x07" + bytes(15), b"ab" + bytes(14)]
    table = counted({n: {"sex": "f"} for n in range(3)}, Asked("t", (by("sex", "f", "m"),)))
    table = type(table)(**{**table.__dict__, "ids": np.array(raw, "S16")})
    write_output(tmp_path, "o", "o", datetime(2026, 1, 1, tzinfo=UTC), [table])
    stored = pq.read_table(tmp_path / "o" / "cells" / "people.parquet")["audit_id"].to_pylist()
    assert stored == sorted(raw)
    assert exactly(3) == (3, 3)
    assert load_output(read_history(tmp_path).places[0]).people is not None
