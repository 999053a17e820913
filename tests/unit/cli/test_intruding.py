"""`risk authorise`, `withdraw` and `attack` at the command line."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest
import yaml

from commonweal.foundation.clock import SystemClock
from commonweal.foundation.files import sha256_file
from tests.attack_desk import INSIDE, MARKER, draft_data, everybody
from tests.release_house import csv_text
from tests.unit.cli.support import Told, World


@pytest.fixture
def files(world: World) -> Path:
    """The three tables and a draft for the file beside the home."""
    people = everybody()
    shown = [
        {"code": f"R{place}", "born": row["born"][:4], "sex": row["sex"], "town": row["town"]}
        for place, row in enumerate(people[:INSIDE])
    ]
    truth = [
        {"person": row["person"], "record": f"R{place}"}
        for place, row in enumerate(people[:INSIDE])
    ]
    for name, rows in (("shown", shown), ("known", people), ("truth", truth)):
        (world.folder / f"{name}.csv").write_text(csv_text(rows))
    day = SystemClock().now().date()
    draft = draft_data(
        **{
            "file": sha256_file(world.folder / "shown.csv"),
            "from": day.isoformat(),
            "until": (day + timedelta(days=20)).isoformat(),
            "runs": 2,
        }
    )
    (world.folder / "attack.yaml").write_text(yaml.safe_dump(draft, sort_keys=False))
    return world.folder


def authorise(world: World, *more: str) -> Told:
    return world.run(
        "risk", "authorise", world.folder / "attack.yaml", "--key", "permit-signer",
        "--out", world.folder / "attack.jws", *more,
    )  # fmt: skip


def attack(world: World, *more: str) -> Told:
    return world.run(
        "risk", "attack", world.folder / "shown.csv", "--against", world.folder / "known.csv",
        "--truth", world.folder / "truth.csv", "--authorisation", world.folder / "attack.jws",
        "--record", "code", "--form", "born=year", *more,
    )  # fmt: skip


def test_an_attack_from_draft_to_withdrawal(world: World, files: Path) -> None:
    told = authorise(world, "--json")
    assert told.code == 0
    assert told.json["authorisation"] == "attack-1"
    assert told.json["runs"] == 2
    plain = attack(world, "--json").json
    assert plain["details"] == ["born", "sex", "town"]
    assert 230 < plain["linkage"]["exact"]["tries"] < 290
    assert plain["linkage"]["exact"]["right"][0] > 100
    assert set(plain) == {
        "version", "authorisation", "run", "release", "details", "control_group", "linkage",
        "upper", "singling_out", "linkability", "inference",
    }  # fmt: skip
    said = attack(world, "--quasi", "sex,born")
    assert said.code == 0
    assert said.out.startswith("Run 2 under authorisation attack-1.\n")
    assert MARKER not in said.out + said.err
    attack(world).is_refusal("CW-ATTACK-LIMIT", 4)
    assert world.run("risk", "withdraw", world.folder / "attack.jws").code == 0
    attack(world).is_refusal("CW-ATTACK-WITHDRAWN", 4)
    world.run("risk", "withdraw", world.folder / "attack.jws").is_refusal("CW-ATTACK-WITHDRAWN", 4)
    assert world.run("ledger", "verify").code == 0


def test_what_was_not_signed_opens_nothing(world: World, files: Path) -> None:
    (files / "attack.jws").write_bytes((files / "attack.yaml").read_bytes())
    assert attack(world).code == 3
    (files / "attack.jws").unlink()
    attack(world).is_refusal("CW-FILE-MISSING", 3)
    told = world.run(
        "risk", "authorise", files / "attack.yaml", "--key", "status-signer",
        "--out", files / "attack.jws",
    )  # fmt: skip
    told.is_refusal("CW-SIGNATURE-UNTRUSTED", 3)
    assert not (files / "attack.jws").exists()
    authorise(world)
    authorise(world).is_refusal("CW-FILE-EXISTS", 3)


@pytest.mark.parametrize("form", ["born", "=year", "born=", "sex=exact=more"])
def test_a_form_is_written_in_one_way(world: World, files: Path, form: str) -> None:
    authorise(world)
    told = attack(world, "--form", form)
    assert told.code in (2, 3)
    assert "Traceback" not in told.err
    assert told.out == ""


def test_forms_twice_and_days_that_are_none(world: World, files: Path) -> None:
    authorise(world)
    attack(world, "--form", "born=month").is_refusal("CW-USAGE", 2)
    attack(world, "--at", "yesterday").is_refusal("CW-USAGE", 2)
    assert attack(world, "--within-days", "-1").code == 2
    attack(world, "--quasi", "sex,").is_refusal("CW-USAGE", 2)


def test_a_draft_with_a_fault_says_which(world: World, files: Path) -> None:
    draft = yaml.safe_load((files / "attack.yaml").read_text())
    del draft["purpose"]
    (files / "attack.yaml").write_text(yaml.safe_dump(draft))
    told = authorise(world)
    told.is_refusal("CW-ATTACK-PAPER", 3)
    assert "field purpose is missing" in told.err
