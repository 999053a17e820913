"""Where cubes lie: `history/<release>` in the home, as release 0 for the audit (S22).

`figures.jws` is the signed cube. Beside it, sealed under the custodian's audit key: what each
figure told and since when, who is in which category, and everybody's audit id. The ledger's entry
commits to both. What the service answers from is a copy in `feasibility/`.
"""

from __future__ import annotations

import io
import secrets
import shutil
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault, Unavailable
from commonweal.foundation.files import (
    STAGING_PREFIX,
    make_private_folder,
    read_bytes,
    translated,
    write_atomic,
)
from commonweal.ledger.details import Details, commitment, verify_commitment
from commonweal.ledger.entry import Event
from commonweal.ledger.reading import entries_of
from commonweal.papers.cube import FrozenCube
from commonweal.vault.cube.perturbing import Held
from commonweal.vault.custody import Custody
from commonweal.vault.figures.history import FIGURES, HISTORY, folder_of, read_sealed
from commonweal.vault.release.closing import MANAGER

PREFIX = "cube-"
EVENT = "feasibility.frozen"
KIND = "feasibility_cube"
FOLDER = "feasibility"
VALUES = "values/held.parquet"
_ROOM = 48
_KINDS = {
    "cell": "text",
    "people": "integer",
    "value": "integer",
    "since": "text",
    "spread": "integer",
}


@dataclass(frozen=True)
class Frozen:
    """A `feasibility.frozen` entry of the ledger."""

    release: str
    dataset: str
    permit: str
    cube: str
    intent: int


def release_name(dataset: str, month: str) -> str:
    """The name of a month's cube: there is one for a dataset and month.

    A name has room for 48 letters of a dataset's id. Of a longer one its hash stands for the rest,
    so that two datasets that begin alike do not get one name.
    """
    if len(dataset) > _ROOM:
        dataset = f"{dataset[: _ROOM - 17]}-{sha256(dataset.encode()).hexdigest()[:16]}"
    return f"{PREFIX}{dataset}.{month}"


def is_frozen(custody: Custody, dataset: str, month: str) -> bool:
    """True if the ledger has a cube of `dataset` for `month`, whatever its name begins with."""
    mine = (one.release for one in frozen(custody) if one.dataset == dataset)
    return any(release.endswith(f".{month}") for release in mine)


def frozen(custody: Custody) -> list[Frozen]:
    """What the ledger says was frozen, oldest first."""
    with custody.ledger.reading() as connection:
        plain = entries_of(connection, EVENT)
    return [
        Frozen(one["release"], one["dataset"], one["permit"], one["cube"], number)
        for number, one in plain
    ]


def clear_unfinished(custody: Custody) -> None:
    """Remove cubes that the ledger never heard of: their making was cut off."""
    known = {one.release for one in frozen(custody)}
    folder = custody.home.path / HISTORY
    with translated("the history"):
        found = sorted(folder.iterdir()) if folder.is_dir() else []
    for path in found:
        ours = path.name.startswith((PREFIX, f"{STAGING_PREFIX}{PREFIX}"))
        if ours and path.name not in known:
            shutil.rmtree(path, ignore_errors=True)


def held_rows(held: Mapping[str, Held]) -> tuple[pa.Table, dict[str, str]]:
    """What figures told, as a table and the kinds of its columns."""
    names = sorted(held)
    rows = pa.table(
        {
            "cell": pa.array(names, pa.string()),
            "people": pa.array([held[one].people for one in names], pa.int64()),
            "value": pa.array([held[one].value for one in names], pa.int64()),
            "since": pa.array([held[one].since for one in names], pa.string()),
            "spread": pa.array([held[one].spread for one in names], pa.int64()),
        }
    )
    return rows, _KINDS


def read_held(custody: Custody, release: str) -> dict[str, Held]:
    """What figures told in a cube. Raises `Fault` CW-FIGURES-BROKEN, CW-SEAL-BROKEN."""
    rows = pq.read_table(io.BytesIO(read_sealed(custody, release, VALUES))).to_pylist()
    return {
        one["cell"]: Held(one["people"], one["value"], one["since"], one["spread"]) for one in rows
    }


def tell(custody: Custody, cube: FrozenCube, signed: str, manifest: bytes) -> int:
    """Write the entry; refused where the permit is not active any more. Gives the intent."""
    salts = secrets.token_bytes(32), secrets.token_bytes(32)
    info = custody.keyring.get("details")
    content = {
        "cube_salt": salts[0].hex(),
        "manifest_salt": salts[1].hex(),
        "manifest": parse_json(manifest, "The manifest"),
    }
    details = Details(content, info.id, custody.keyring.secret("details").use())
    fields = {
        "permit": cube.permit_id,
        "release": cube.release,
        "dataset": cube.declaration.dataset,
        "cube": commitment(salts[0], signed.encode()),
        "inner": commitment(salts[1], manifest),
    }
    return custody.ledger.append(Event(EVENT, MANAGER, fields), details)


def place_of(custody: Custody, dataset: str) -> Path:
    """Where the newest cube of a dataset is answered from."""
    return custody.home.path / FOLDER / f"{dataset}.jws"


def publish_frozen(custody: Custody) -> None:
    """Put the newest cube of each dataset where it is answered from. May be done again.

    Raises `Fault` CW-CUBE-INVALID for a cube that is not the one that the ledger holds.
    """
    for one in {one.dataset: one for one in frozen(custody)}.values():
        content = read_bytes(folder_of(custody, one.release) / FIGURES, "The cube")
        _check_told(custody, one, content)
        target = place_of(custody, one.dataset)
        make_private_folder(target.parent)
        if not target.is_file() or target.read_bytes() != content:
            write_atomic(target, content)


def newest_cube(custody: Custody, dataset: str) -> FrozenCube:
    """The cube that questions about `dataset` are answered from.

    Raises `Unavailable` CW-CUBE-MISSING where none was frozen or the newest is too old, `Fault`
    CW-CUBE-INVALID where it is not the one that the ledger holds.
    """
    newest = next((one for one in reversed(frozen(custody)) if one.dataset == dataset), None)
    if newest is None:
        raise Unavailable(
            "CW-CUBE-MISSING",
            "No counts for feasibility were frozen for this dataset.",
            remedy="The data manager makes them with `commonweal feasibility build`.",
        )
    cube = _read(custody, newest)
    if custody.clock.now() >= cube.answered_until:
        raise Unavailable(
            "CW-CUBE-MISSING",
            f"The counts for feasibility are of {cube.month} and too old to be told.",
            remedy="The data manager makes new ones with `commonweal feasibility build`.",
        )
    return cube


def newest_cubes(custody: Custody) -> Iterator[FrozenCube]:
    """The newest cube of each dataset, however old. Raises `Fault` CW-CUBE-INVALID."""
    for one in {one.dataset: one for one in frozen(custody)}.values():
        yield _read(custody, one)


def _read(custody: Custody, one: Frozen) -> FrozenCube:
    content = read_bytes(folder_of(custody, one.release) / FIGURES, "The cube")
    _check_told(custody, one, content)
    return FrozenCube.load(content, custody.belief)


def _check_told(custody: Custody, one: Frozen, content: bytes) -> None:
    opened = custody.ledger.open_details(one.intent, custody.keyring.secret("details").use())
    try:
        verify_commitment(bytes.fromhex(opened["cube_salt"]), content, one.cube)
    except Fault as fault:
        raise Fault(
            "CW-CUBE-INVALID",
            f"The counts for feasibility {one.release} are not those that the ledger holds.",
            remedy="Restore a backup.",
        ) from fault
