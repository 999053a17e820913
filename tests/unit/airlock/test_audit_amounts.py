"""Amounts in the history: read only where they fit, and an output without them is still read."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from commonweal.airlock.audit.history import read_history
from commonweal.airlock.audit.running import audit, read_proposals
from commonweal.foundation.canonical import canonical
from commonweal.foundation.errors import CommonwealError, Fault
from tests.audit_house import Asked, House, by

SIDES = (by("sex", "f", "m"),)


@pytest.fixture
def house(tmp_path: Path) -> House:
    house = House(tmp_path)
    house.people = {n: {"sex": "fm"[n % 2], "cost": n % 4} for n in range(60)}
    return house


def changed(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """The manifest after a change, as somebody would write it who can write here."""
    path = folder / "manifest.json"
    plain = json.loads(path.read_bytes())
    change(plain)
    path.write_bytes(canonical(plain))


def rewritten(folder: Path, change: Callable[[dict[str, list[Any]]], Any]) -> None:
    """The amounts after a change, with their new hash in the manifest."""
    (path,) = (folder / "amounts").iterdir()
    table = pq.read_table(path)
    columns = table.to_pydict()
    change(columns)
    pq.write_table(pa.table(columns, table.schema), path)
    sha256 = "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
    file = {"sha256": sha256, "rows": len(columns["person"])}
    changed(folder, lambda plain: plain["tables"][0]["amounts"][0]["file"].update(file))


def test_amounts_of_nothing_are_not_kept(house: House) -> None:
    folder = house.history / house.leave(Asked("t", SIDES, adds="cost"))
    (path,) = (folder / "amounts").iterdir()
    kept = pq.read_table(path).to_pydict()
    assert len(kept["person"]) == 45
    assert 0.0 not in kept["amount"]
    (output,) = read_history(house.history).load()
    (amounts,) = output.tables[0].amounts
    assert amounts.amount.sum() == sum(one["cost"] for one in house.people.values())


def test_counts_alone_keep_none(house: House) -> None:
    folder = house.history / house.leave(Asked("t", SIDES))
    assert not (folder / "amounts").exists()
    assert "amounts" not in json.loads((folder / "manifest.json").read_bytes())["tables"][0]


def test_an_output_of_the_version_before_is_read_and_said(house: House) -> None:
    folder = house.history / house.leave(Asked("t", SIDES))
    changed(folder, lambda plain: plain.update(history=1))
    proposed = house.propose(Asked("new", SIDES, adds="cost"), output="new")
    history = read_history(house.history)
    result = audit(history, read_proposals([proposed], history))
    assert any("were not kept" in note for note in result.notes)
    assert not any("were not kept" in one for one in result.not_examined)


WRONG: dict[str, Callable[[dict[str, list[Any]]], Any]] = {
    "nobody's": lambda c: c["person"].__setitem__(-1, 60),
    "below nobody": lambda c: c["person"].__setitem__(0, -1),
    "no place of the table": lambda c: c["spot"].__setitem__(3, 2),
    "below every place": lambda c: c["spot"].__setitem__(3, -1),
    "twice": lambda c: [c[name].insert(1, c[name][0]) for name in c],
    "out of order": lambda c: [c[name].reverse() for name in c],
    "no number": lambda c: c["amount"].__setitem__(2, float("nan")),
    "no end": lambda c: c["amount"].__setitem__(2, float("inf")),
}


@pytest.mark.parametrize("change", WRONG.values(), ids=WRONG.keys())
def test_amounts_that_do_not_fit_are_refused(
    house: House, change: Callable[[dict[str, list[Any]]], Any]
) -> None:
    folder = house.history / house.leave(Asked("t", SIDES, adds="cost"))
    rewritten(folder, change)
    with pytest.raises(Fault, match="CW-AUDIT-HISTORY"):
        [*read_history(house.history).load()]


MANIFESTS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "of the version without": lambda m: m.update(history=1),
    "of another kind": lambda m: m["tables"][0]["amounts"][0].update(measure="max"),
    "in another folder": lambda m: m["tables"][0]["amounts"][0]["file"].update(
        path="cells/00009.parquet"
    ),
    "a cell that is not there": lambda m: m["tables"][0]["amounts"][0].update(hidden=[3]),
    "in no column": lambda m: m["tables"][0]["amounts"][0].update(column=0),
    "one file twice": lambda m: m["tables"][0]["amounts"].append(m["tables"][0]["amounts"][0]),
    "not named": lambda m: m["tables"][0].pop("amounts"),
}


@pytest.mark.parametrize("change", MANIFESTS.values(), ids=MANIFESTS.keys())
def test_manifests_that_say_otherwise_are_refused(
    house: House, change: Callable[[dict[str, Any]], Any]
) -> None:
    changed(house.history / house.leave(Asked("t", SIDES, adds="cost")), change)
    with pytest.raises(CommonwealError, match="CW-AUDIT-HISTORY"):
        [*read_history(house.history).load()]


def test_a_byte_that_was_changed_is_found(house: House) -> None:
    folder = house.history / house.leave(Asked("t", SIDES, adds="cost"))
    (path,) = (folder / "amounts").iterdir()
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))
    with pytest.raises(Fault, match="was changed"):
        [*read_history(house.history).load()]
