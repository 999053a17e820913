"""`rules`: from the rules in force to a custodian's own, signed by two people."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import yaml

from tests.unit.cli.support import World
from tests.unit.cli.test_people_commands import adopt
from tests.unit.custody.committee import listed


def edited(world: World, **changes: object) -> Path:
    """The next version, with some fields changed in an editor."""
    file = world.folder / "rules.yaml"
    file.unlink(missing_ok=True)
    assert world.run("rules", "write", file).code == 0
    plain = yaml.safe_load(file.read_text()) | changes
    file.write_text(yaml.safe_dump(plain, sort_keys=False))
    return file


MAJORITY = {"decision_rule": "majority"}


def test_own_rules_are_written_checked_signed_and_adopted(world: World) -> None:
    adopt(world, listed())
    told = world.run("rules", "show")
    assert "All who vote must agree." in told.out
    assert "They ship with this software." in told.out
    file = edited(world, **MAJORITY)
    checked = world.run("rules", "check", file)
    assert "New (How votes count): More than half of the votes decide." in checked.out
    assert "Version 2 can be proposed." in checked.out
    proposal = world.folder / "proposal"
    assert "Next: commonweal people sign" in world.run(
        "rules", "propose", file, "--out", proposal
    ).out  # fmt: skip
    world.run("people", "adopt", proposal).is_refusal("CW-SIGNATURE-INVALID", 3)
    first = world.run("people", "sign", proposal, "--key", "guardian")
    assert "The committee would decide by version 2 of its own rules" in first.out
    assert "More than half of the votes decide." in first.out
    world.run("people", "adopt", proposal).is_refusal("CW-SIGNATURE-UNTRUSTED", 3)
    assert world.run("people", "sign", proposal, "--key", "siro").code == 0
    assert world.run("people", "adopt", proposal).code == 0
    shown = world.run("rules", "show", "--json").json
    assert (shown["rules"]["version"], shown["adopted_here"]) == (2, True)
    assert shown["rules"]["decision_rule"] == "majority"
    # The next list of people carries the rules on.
    adopt(world, listed("luke"), "without-luke")
    assert world.run("rules", "show", "--json").json["digest"] == shown["digest"]
    assert world.run("ledger", "verify").code == 0


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"decision_rule": "loudest"}, "decision_rule"),
        ({"quorum": {"members": 1}}, "quorum.members"),
        ({"quorum": {"members": 6, "lay_share_percent": "half"}}, "quorum.lay_share_percent"),
        ({"deadlock": {"rounds": 2, "then": "approve"}}, "deadlock.then"),
        ({"dissent_at_most": 2}, "dissent_at_most goes with consensus_and_chair"),
        ({"call_in_working_days": 0}, "call_in_working_days"),
        ({"appeal": {"days": 28}}, "appeal.answer_within_working_days"),
        ({"blind": False}, "blind"),
        ({"version": 7}, "not the next version"),
        ({"previous": "sha256:" + "0" * 64}, "not the next version"),
    ],
)
def test_a_file_that_is_wrong_is_refused_and_the_field_is_named(
    world: World, changes: dict[str, object], said: str
) -> None:
    told = world.run("rules", "check", edited(world, **changes))
    assert (told.code in (3, 4), told.out) == (True, "")
    assert said in told.err
    assert "Traceback" not in told.err


def test_without_people_nobody_can_adopt_rules(world: World) -> None:
    out = world.folder / "p"
    world.run("rules", "propose", edited(world, **MAJORITY), "--out", out).is_refusal(
        "CW-ROSTER-NONE", 4
    )
    assert not out.exists()


def test_rules_that_nobody_could_count_by_are_not_signed(world: World) -> None:
    adopt(world, listed())
    proposal = world.folder / "proposal"
    assert world.run("rules", "propose", edited(world, **MAJORITY), "--out", proposal).code == 0
    plain = json.loads(proposal.read_text())
    plain["rules"]["decision_rule"] = "loudest"
    proposal.write_text(json.dumps(plain))
    for command in (("sign", proposal, "--key", "guardian"), ("adopt", proposal),
                    ("show", proposal)):  # fmt: skip
        told = world.run("people", *command)
        assert told.code == 3
        assert "CW-" in told.err
    assert "signatures" not in proposal.read_text()
