"""Commands over a home whose outputs are sealed: sealing an older one, imports, audits, doctor."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from commonweal.airlock.audit.history import read_history
from commonweal.airlock.audit.importing import import_publication
from commonweal.airlock.audit.running import audit, read_proposals
from commonweal.airlock.audit.writing import seal_output
from commonweal.airlock.leaving.publications import bring_publication
from commonweal.airlock.leaving.releasing import whole_history
from commonweal.airlock.leaving.sealing import seal_store
from commonweal.cli.main import run as commonweal
from commonweal.foundation.clock import FixedClock, SystemClock
from commonweal.foundation.keyed import has_mark
from commonweal.vault.custody.keeping import destroy_key
from commonweal.vault.custody.output_keys import key_name
from commonweal.wiring.histories import home_of, sealing_finding
from tests.output_house import (
    OutputHouse,
    copied,
    counts,
    left_by_an_older_version,
    make_output_house,
    refused,
)
from tests.unit.airlock.test_audit_import import FIGURES, about

Told = Callable[..., Any]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> OutputHouse:
    """A home from which one output has left."""
    house = make_output_house(tmp_path_factory.mktemp("kept") / "made")
    house.approved("out-1")
    house.release("out-1")
    house.close()
    return house


@pytest.fixture
def house(made: OutputHouse, tmp_path: Path) -> Iterator[OutputHouse]:
    here = copied(made, tmp_path / "house")
    yield here
    here.close()


@pytest.fixture
def command(
    house: OutputHouse, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> Told:
    """A command on the home; what it printed as JSON."""
    monkeypatch.setenv("COMMONWEAL_HOME", str(house.home))
    monkeypatch.setenv("COMMONWEAL_ROOT_STORE", str(house.base / "root"))

    def told(*words: object, code: int = 0) -> Any:
        house.close()
        capsys.readouterr()
        found = commonweal([*(str(one) for one in words), "--json"])
        out, err = capsys.readouterr()
        # Commands have the machine's clock, and nothing is written before what they wrote.
        house.clock = FixedClock(SystemClock().now())
        assert found == code, (out, err)
        assert "Traceback" not in err
        return json.loads(out)

    return told


def publication(house: OutputHouse, figures: str = FIGURES, **changes: Any) -> tuple[Path, Path]:
    files = house.base / "f.csv", house.base / "f.json"
    files[0].write_text(figures)
    files[1].write_text(json.dumps(about(**changes)))
    return files


def destroy(house: OutputHouse, name: str) -> None:
    destroy_key(house.custody, name, ("ada", "ben"))
    (event,) = house.events("key.destroyed")
    assert event["purpose"] == "output_data"


# --- sealing an older home ------------------------------------------------------------------


def test_an_older_home_is_sealed_by_one_command(house: OutputHouse, command: Told) -> None:
    before = left_by_an_older_version(house)
    found = command("airlock", "list", code=5)
    assert found["error"]["code"] == "CW-AUDIT-UNSEALED"
    assert "commonweal airlock seal-history" in found["error"]["sentence"]
    found = command("airlock", "audit", house.base / "nothing", code=5)
    assert found["error"]["code"] == "CW-AUDIT-UNSEALED"
    assert sealing_finding(house.custody).state == "fault"
    told = command("airlock", "seal-history")
    assert told == {"sealed": 2, "files": len(before), "before": 0, "publications_told": 0}
    told = command("airlock", "seal-history")
    assert told == {"sealed": 0, "files": 0, "before": 2, "publications_told": 0}
    finding = sealing_finding(house.custody)
    assert (finding.name, finding.state) == ("Outputs at rest", "ok")
    assert "2 folders" in finding.sentence
    assert command("airlock", "list")["outputs"][0]["state"] == "released"


def test_an_older_history_with_publications_is_told_to_the_ledger(
    house: OutputHouse, command: Told
) -> None:
    import_publication(*publication(house), house.store.history)
    refused("CW-AUDIT-UNSEALED", whole_history, house.store, house.ground)
    told = command("airlock", "seal-history")
    assert (told["sealed"], told["before"], told["publications_told"]) == (1, 2, 1)
    assert len(house.events("publication.imported")) == 1
    assert set(house.ground.publications()) == {"report-2025"}
    assert seal_store(house.store, house.ground).told == 0


def test_a_home_without_outputs_has_nothing_to_seal(tmp_path: Path, made: OutputHouse) -> None:
    here = copied(made, tmp_path / "empty")
    shutil.rmtree(here.store.root)
    assert seal_store(here.store, here.ground).folders == 0
    assert sealing_finding(here.custody).state == "ok"
    here.close()


def test_a_list_goes_on_where_a_key_was_destroyed(house: OutputHouse, command: Told) -> None:
    destroy(house, key_name("asthma"))
    (row,) = command("airlock", "list")["outputs"]
    assert row["output"] == "out-1"
    assert row["state"] == "destroyed"
    found = command("airlock", "look", "out-1", code=4)
    assert found["error"]["code"] == "CW-KEY-DESTROYED"


# --- publications made elsewhere --------------------------------------------------------------


def test_an_import_is_sealed_and_the_ledger_hears_of_it(house: OutputHouse, command: Told) -> None:
    figures, paper = publication(house)
    told = command("airlock", "import-publication", figures, "--about", paper)
    assert told == {"output": "report-2025", "tables": ["ages"]}
    folder = house.store.history / "report-2025"
    assert all(has_mark(path) for path in folder.rglob("*.*") if path.is_file())
    (event,) = house.events("publication.imported")
    assert event["output"] == "report-2025"
    past = whole_history(house.store, house.ground)
    assert {one.output for one in past.pins()} == {"out-1", "report-2025"}
    # The same once more changes nothing and says so; --history may name the home's own.
    found = command(
        "airlock", "import-publication", figures, "--about", paper,
        "--history", house.store.history, code=3,
    )  # fmt: skip
    assert found["error"]["code"] == "CW-FILE-EXISTS"
    assert len(house.events("publication.imported")) == 1
    assert house.ledger_faults() == []


def test_an_import_that_was_cut_off_is_finished_by_the_next(house: OutputHouse) -> None:
    figures, paper = publication(house)
    import_publication(figures, paper, house.store.history, house.store.keys.sealing(None))
    assert house.events("publication.imported") == []
    assert len(whole_history(house.store, house.ground).places) == 2  # compared all the same
    publication(house, FIGURES.replace("182", "181"))
    refused("CW-FILE-EXISTS", bring_publication, house.store, house.ground, figures, paper)
    publication(house)
    bring_publication(house.store, house.ground, figures, paper)
    assert len(house.events("publication.imported")) == 1


@pytest.mark.parametrize("how", ["gone", "changed"])
def test_an_import_that_is_taken_away_is_missed(house: OutputHouse, how: str) -> None:
    figures, paper = publication(house)
    bring_publication(house.store, house.ground, figures, paper)
    shutil.rmtree(house.store.history / "report-2025")
    if how == "changed":
        publication(house, FIGURES.replace("182", "181"))
        key = house.store.keys.sealing(None)
        import_publication(figures, paper, house.store.history, key)
    refused("CW-AUDIT-HISTORY", whole_history, house.store, house.ground)
    if how == "gone":  # and may be brought again, as it was
        bring_publication(house.store, house.ground, figures, paper)
        assert len(whole_history(house.store, house.ground).places) == 2
        assert len(house.events("publication.imported")) == 1


@pytest.mark.parametrize(
    ("figures", "changes", "code"),
    [
        (FIGURES, {"output": "out-1"}, "CW-AUDIT-IMPORT"),
        ("table,age,figure\nages,90s,60\n", {}, "CW-AUDIT-IMPORT"),
        ("no csv", {}, "CW-AUDIT-IMPORT"),
        (FIGURES, {"publication": 2}, "CW-AUDIT-IMPORT"),
    ],
)
def test_an_import_that_is_refused_leaves_nothing(
    house: OutputHouse, command: Told, figures: str, changes: dict[str, Any], code: str
) -> None:
    files = publication(house, figures, **changes)
    found = command("airlock", "import-publication", files[0], "--about", files[1], code=3)
    assert found["error"]["code"] == code
    assert [one.name for one in house.store.history.iterdir()] == ["out-1"]
    assert house.events("publication.imported") == []


def test_a_publication_is_lost_with_the_custodians_key_only(house: OutputHouse) -> None:
    bring_publication(house.store, house.ground, *publication(house))
    destroy(house, "outputs")
    past = whole_history(house.store, house.ground)
    assert [one.pin.output for one in past.lost] == ["report-2025"]
    assert [one.pin.output for one in past.places] == ["out-1"]


# --- audits by command --------------------------------------------------------------------------


def test_sealed_proposals_and_histories_are_audited_with_the_homes_keys(
    house: OutputHouse, command: Told, monkeypatch: pytest.MonkeyPatch
) -> None:
    proposal = house.draft("out-7", counts("again", "s2")).proposal
    assert proposal is not None
    past = whole_history(house.store, house.ground)
    sealed = house.base / "sealed" / "out-7"
    place = read_proposals([proposal], past)[0].place
    seal_output(place, sealed, house.store.keys.sealing("asthma"))
    told = command("airlock", "audit", sealed, "--history", house.store.history)
    plain = command("airlock", "audit", proposal)
    assert told == plain
    assert [one["output"] for one in told["compared"]] == ["out-1"]
    elsewhere = house.base / "elsewhere"
    elsewhere.mkdir()
    shutil.move(sealed, elsewhere / "out-7")
    mixed = command("airlock", "audit", proposal, "--history", elsewhere, code=3)
    assert mixed["error"]["code"] == "CW-AUDIT-OUTPUT"  # one of its name has left
    other = house.draft("out-8", counts("other", "s3")).proposal
    told = command("airlock", "audit", other, "--history", elsewhere)
    assert [one["output"] for one in told["compared"]] == ["out-7"]
    (elsewhere / "out-7").rename(elsewhere / "out-9")
    found = command("airlock", "audit", other, "--history", elsewhere, code=3)
    assert found["error"]["code"] == "CW-AUDIT-HISTORY"
    refused("CW-AUDIT-SEALED", read_history, elsewhere)
    monkeypatch.delenv("COMMONWEAL_HOME")
    found = command("airlock", "audit", other, "--history", elsewhere, code=5)
    assert found["error"]["code"] == "CW-AUDIT-SEALED"
    # A home's own history names its home.
    assert home_of(house.store.history) == house.home.resolve()
    told = command("airlock", "audit", other, "--history", house.store.history)
    assert [one["output"] for one in told["compared"]] == ["out-1"]


def test_a_clear_history_outside_every_home_is_read_as_before(house: OutputHouse) -> None:
    proposal = house.draft("out-7", counts("again", "s2")).proposal
    assert proposal is not None
    elsewhere = house.base / "elsewhere"
    elsewhere.mkdir()
    past = read_history(elsewhere)
    result = audit(past, read_proposals([proposal], past), probe=False)
    assert result.pinned.compared == ()
