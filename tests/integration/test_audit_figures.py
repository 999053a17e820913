"""Release 0, as the vault writes it, is part of the history that the airlock audits against."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from commonweal.airlock.audit.history import read_history, set_hash
from commonweal.airlock.audit.running import audit, read_proposals
from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.foundation.files import sha256_file
from tests import audit_house
from tests.audit_house import Asked, by, exactly
from tests.figures_house import described, figures_house
from tests.release_house import House


@pytest.fixture
def house(tmp_path: Path) -> Iterator[House]:
    house = figures_house(tmp_path / "house")
    described(house)
    yield house
    house.close()


def folder(house: House) -> Path:
    return house.custody().home.path / "history"


def new_output(tmp_path: Path) -> Path:
    made = audit_house.House(tmp_path / "made")
    made.people = {n: {"sex": "fm"[n % 2]} for n in range(60)}
    return made.propose(Asked("t", (by("sex", "f", "m"),), says=exactly), output="new")


def test_its_manifest_is_pinned(house: House, tmp_path: Path) -> None:
    history = read_history(folder(house))
    (pin,) = history.pins()
    assert history.by_rule == (pin,)
    assert pin.manifest == sha256_file(folder(house) / pin.output / "manifest.json")
    result = audit(history, read_proposals([new_output(tmp_path)], history))
    assert result.pinned.compared == (pin,)
    assert result.verdict == "pass"


def test_another_version_makes_an_audit_stale(house: House, tmp_path: Path) -> None:
    from commonweal.airlock.audit.running import check_pinned

    history = read_history(folder(house))
    proposals = read_proposals([new_output(tmp_path)], history)
    result = audit(history, proposals)
    described(house)
    later = read_history(folder(house))
    assert set_hash(later.pins()) != result.pinned.hash
    with pytest.raises(Refused, match="CW-AUDIT-STALE"):
        check_pinned(result.pinned, [one.place.pin for one in proposals], later)


@pytest.mark.parametrize("name", ["people.parquet", "values/counts.parquet", "figures.jws"])
def test_a_version_that_is_not_whole_is_refused(house: House, name: str) -> None:
    (output,) = read_history(folder(house)).by_rule
    (folder(house) / output.output / name).unlink()
    with pytest.raises(CommonwealError, match="CW-AUDIT-HISTORY"):
        read_history(folder(house))


def test_a_changed_version_is_refused(house: House) -> None:
    (output,) = read_history(folder(house)).by_rule
    place = folder(house) / output.output / "values" / "counts.parquet"
    content = bytearray(place.read_bytes())
    content[-1] ^= 1
    place.write_bytes(bytes(content))
    with pytest.raises(CommonwealError, match="CW-AUDIT-HISTORY"):
        read_history(folder(house))


def test_a_large_threshold_is_not_served_by_its_rule(house: House, tmp_path: Path) -> None:
    history = read_history(folder(house))
    proposals = read_proposals([new_output(tmp_path)], history)
    result = audit(history, proposals, threshold=25)
    assert any("catalogue" in one for one in result.not_examined)
    assert result.verdict == "review"
