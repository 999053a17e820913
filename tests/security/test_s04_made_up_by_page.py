"""S4's rule for what comes back without review, where made-up data are given away by page.

They are made of catalogue and permit alone. Two hospitals with the same two papers and with other
patients give the very same bytes. The naive twin draws values from the records "so that they look
real": whoever compares two files learns who is in one of them.
"""

from __future__ import annotations

import builtins
import hashlib
import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow.csv
import pytest

from commonweal.foundation.clock import SystemClock
from commonweal.vault.custody import open_custody
from commonweal.vault.release.inputs import remember_inputs
from tests.release_house import hospital, write_tables
from tests.unit.choices.helpers import HEADER
from tests.web.conftest import db, web_home  # noqa: F401 (fixtures)
from tests.web.dummies.room import made, person
from tests.web.house import catalogue
from tests.web.ingress.conftest import bare, own_home  # noqa: F401 (fixtures)
from tests.web.ingress.room import Room
from tests.web.own_permits import own_rows


def furnished(home: Path, people: int) -> Path:
    """Records of `people` patients behind a home, at the place that its catalogue names."""
    records = home.parent / "records"
    write_tables(records, hospital(people))
    described = catalogue()
    described["datasets"][0]["source"]["location"] = str(records)
    (home.parent / "catalogue.json").write_text(json.dumps(described))
    choices = home.parent / "choices"
    choices.mkdir(exist_ok=True)
    (choices / "objections.csv").write_text(HEADER)
    with open_custody(home, SystemClock(), root_store=home.with_name("stores")) as custody:
        remember_inputs(custody, "hospital", home.parent / "catalogue.json", choices)
    return records


@pytest.fixture
def two_homes(
    own_home: Path,  # noqa: F811
    db: None,  # noqa: F811
    tmp_path: Path,
) -> list[tuple[Path, Path]]:
    """Two homes with the same papers: 40 patients behind one, 90 others behind the other."""
    found = []
    for name, people in (("a", 40), ("b", 90)):
        home = tmp_path / name / "home"
        shutil.copytree(own_home.with_name("stores"), home.with_name("stores"))
        shutil.copytree(own_home, home)
        found.append((home, furnished(home, people)))
    own_rows()
    return found


def naive(records: Path, seed: int) -> bytes:
    """The twin: values drawn from the records themselves."""
    import numpy as np

    table = pyarrow.csv.read_csv(records / "patients.csv")
    drawn = np.random.default_rng(seed).integers(0, table.num_rows, 20)
    sink = builtins.bytearray()
    for row in table.take(drawn).to_pylist():
        sink += repr(row).encode()
    return bytes(sink)


def made_in(home: Path, monkeypatch: pytest.MonkeyPatch) -> bytes:
    from django.conf import settings

    from commonweal.web.dummies import services

    monkeypatch.setattr(settings, "ENVIRONMENT", replace(settings.ENVIRONMENT, home=home))
    order = made(home, patients=300, seed=11)
    assert order.state == "done", order.sentence
    return services.fetch(person("amara"), order)


def test_other_patients_same_bytes(
    two_homes: list[tuple[Path, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (one, ours), (other, theirs) = two_homes
    assert naive(ours, 11) != naive(theirs, 11)
    first, second = made_in(one, monkeypatch), made_in(other, monkeypatch)
    assert hashlib.sha256(first).hexdigest() == hashlib.sha256(second).hexdigest()


def test_it_needs_no_records_at_all(
    two_homes: list[tuple[Path, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The records are gone, the choices too: the very same bytes, since nobody looks for them."""
    (one, records), (other, _) = two_homes
    shutil.rmtree(records)
    shutil.rmtree(one.parent / "choices")
    assert made_in(one, monkeypatch) == made_in(other, monkeypatch)


def test_no_record_release_or_key_of_data_is_opened(
    bare: Room,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What the worker opens while it makes data up lies in none of those places."""
    import sys

    records = furnished(bare.home, 40)
    opened: list[str] = []
    on = True

    def listening(event: str, given: tuple[Any, ...]) -> None:
        if on and event == "open" and isinstance(given[0], str):
            opened.append(given[0])

    sys.addaudithook(listening)
    try:
        made_in(bare.home, monkeypatch)
    finally:
        on = False
    assert any(str(bare.home) in one for one in opened)  # the hook hears
    closed = (str(records), str(bare.home / "releases"), str(bare.home / "enclave" / "jobs"))
    assert [one for one in opened if one.startswith(closed)] == []


def test_nothing_of_the_real_rows_is_in_the_file(
    two_homes: list[tuple[Path, Path]], monkeypatch: pytest.MonkeyPatch
) -> None:
    (one, _), _ = two_homes
    content = made_in(one, monkeypatch)
    import io
    import zipfile

    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        text = b"".join(archive.read(name) for name in archive.namelist() if "csv" in name)
    assert not any(row["nhs_number"].encode() in text for row in hospital(40)["patients"])
