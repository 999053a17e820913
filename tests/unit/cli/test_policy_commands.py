"""`home policy`, `keys rotate` and `ledger keys`, as people use them together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from tests.unit.cli.support import World

PEOPLE = ("guardian", "siro")


def changes(world: World, **asked: Any) -> Path:
    file = world.folder / "changes.yaml"
    file.write_text(json.dumps({"changes": 1, **asked}))
    return file


def signed(world: World, file: Path) -> Path:
    for name in PEOPLE:
        told = world.run("home", "policy", "sign", file, "--key", name)
        assert told.code == 0, told
    return file


def test_a_key_is_replaced_by_three_commands(world: World) -> None:
    file = world.folder / "next.policy"
    assert world.issue().code == 0
    told = world.run("keys", "rotate", "permit-signer", "--out", file)
    assert told.code == 0
    assert "2 of these must sign it: guardian, siro." in told.out
    assert "Next: commonweal home policy sign" in told.out
    shown = world.run("home", "policy", "show", file)
    assert "Keys that have signed it: none (2 people must)." in shown.out
    first = world.run("home", "policy", "sign", file, "--key", "guardian")
    assert "Signed with 1 key(s); 2 people must sign." in first.out
    world.run("home", "policy", "adopt", file).is_refusal("CW-SIGNATURE-UNTRUSTED", 3)
    second = world.run("home", "policy", "sign", file, "--key", "siro")
    assert f"Next: commonweal home policy adopt {file}" in second.out
    done = world.run("home", "policy", "adopt", file, "--json").json
    assert done["version"] == 2
    world.run("home", "policy", "adopt", file).is_refusal("CW-TRUST-REFUSED", 4)
    assert world.run("permit", "show", world.permit).code == 0
    keys = world.run("keys", "list", "--json").json["keys"]
    found = [(k["version"], k["state"], k["in_trust_policy"]) for k in keys
             if k["name"] == "permit-signer"]  # fmt: skip
    assert found == [(1, "decrypt_only", False), (2, "active", True)]
    gone = world.run("keys", "destroy", "permit-signer", "--version", "1", "--approve", "guardian",
                     "--approve", "siro")  # fmt: skip
    assert "was destroyed in its version 1" in gone.out
    assert world.run("ledger", "verify").code == 0
    assert world.run("home", "show", "--json").json["trust"]["version"] == 2


def test_a_policy_is_shown_with_its_versions(world: World) -> None:
    plain = world.run("home", "policy", "show", "--json").json
    assert plain["policy"]["trust"] == 1
    assert (plain["pending"], plain["changers_needed"], len(plain["versions"])) == (None, 2, 1)
    told = world.run("home", "policy", "show").out
    assert told.startswith("Version 1 of the trust policy of Wharfedale, for a demonstration.")
    assert "nobody can change this policy: name one more." in told


def test_a_change_is_proposed_from_a_file(world: World) -> None:
    assert world.run("keys", "create", "dpo", "--purpose", "person_signing").code == 0
    asked = changes(
        world, add=[{"key": "dpo", "holder": "Dr N Okafor", "roles": ["permit", "policy"]}],
        thresholds={"permit": 2}, times={"choices_days": 3},
    )  # fmt: skip
    file = world.folder / "p"
    told = world.run("home", "policy", "propose", asked, "--out", file)
    assert "Dr N Okafor signs with the new key" in told.out
    assert "2 must sign permits." in told.out
    assert "Days that people's choices are good for: 3 (was 7)." in told.out
    assert world.run("home", "policy", "adopt", signed(world, file)).code == 0
    assert "Dr N Okafor" in world.run("home", "policy", "show").out
    world.run("home", "policy", "withdraw", "--key", "siro").is_refusal("CW-TRUST-PENDING", 4)


@pytest.mark.parametrize(
    ("asked", "code", "exit_code"),
    [
        ({"retire": [{"key": "status-signer", "reason": "left"}]}, "CW-PAPER-INVALID", 3),
        ({"retire": [{"key": "siro", "reason": "compromised"}]}, "CW-PAPER-INVALID", 3),
        ({"replace": ["nobody"]}, "CW-KEY-UNKNOWN", 2),
        ({"promote": "standard"}, "CW-PAPER-INVALID", 3),
        ({"changes": 2}, "CW-PAPER-INVALID", 3),
        ({}, "CW-TRUST-REFUSED", 4),
        ({"witnesses": "not-there"}, "CW-FILE-MISSING", 3),
    ],
)
def test_what_cannot_be_proposed(
    world: World, asked: dict[str, Any], code: str, exit_code: int
) -> None:
    out = world.folder / "p"
    told = world.run("home", "policy", "propose", changes(world, **asked), "--out", out)
    told.is_refusal(code, exit_code)
    assert not out.exists()


@pytest.mark.parametrize("content", ["", "{}", "[]", "no JSON", '{"payload":1,"signatures":[]}'])
@pytest.mark.parametrize("command", ["show", "sign", "adopt"])
def test_a_file_that_is_no_proposal(world: World, command: str, content: str) -> None:
    file = world.folder / "p"
    file.write_text(content)
    more = ("--key", "siro") if command == "sign" else ()
    told = world.run("home", "policy", command, file, *more)
    assert told.code in (3, 4), told
    assert told.err.startswith("CW-"), told
    assert "Traceback" not in told.err
    assert file.read_text() == content


def test_the_ledgers_key_is_replaced_and_readers_follow(world: World) -> None:
    old = world.run("ledger", "keys", "--json").json["keys"]
    assert len(old) == 1
    file = world.folder / "log.policy"
    assert world.run("keys", "rotate", "ledger", "--out", file).code == 0
    assert world.run("home", "policy", "adopt", signed(world, file)).code == 0
    chain = world.folder / "chain.json"
    shown = world.run("ledger", "keys", "--out", chain, "--json").json
    assert len(shown["keys"]) == 2
    assert world.run("ledger", "policy").out.count("log commonweal/") == 2
    proof = world.folder / "p"
    assert world.run("ledger", "prove", "public:0", "--out", proof).code == 0
    for key in shown["keys"]:
        assert world.run("ledger", "check-proof", proof, "--key", key).code == 0
        followed = world.run("ledger", "check-proof", proof, "--key", key, "--chain", chain)
        assert followed.code == 0
    export = world.folder / "tiles"
    assert world.run("ledger", "export", export, "--tiles").code == 0
    checked = world.run("ledger", "check-export", export, "--key", old[0], "--chain", chain)
    assert checked.code == 0
    chain.write_text("{}")
    world.run("ledger", "check-proof", proof, "--key", old[0], "--chain", chain).is_refusal(
        "CW-LEDGER-CHAIN-INVALID", 3
    )


def test_a_witness_follows_by_the_command(world: World) -> None:
    witness = world.folder / "witness"
    assert world.run("ledger", "witness", "create", witness, "--name", "w.example/one").code == 0
    first = world.run("ledger", "policy", "--json").json["log"]
    assert world.run("ledger", "witness", "add-log", witness, first).code == 0
    file = world.folder / "log.policy"
    assert world.run("keys", "rotate", "ledger", "--out", file).code == 0
    assert world.run("home", "policy", "adopt", signed(world, file)).code == 0
    new = world.run("ledger", "policy", "--json").json["log"]
    assert new != first
    world.run("ledger", "witness", "add-log", witness, new).is_refusal("CW-FILE-EXISTS", 3)
    chain = world.folder / "chain.json"
    assert world.run("ledger", "keys", "--out", chain).code == 0
    told = world.run("ledger", "witness", "add-log", witness, new, "--chain", chain)
    assert told.code == 0
    assert len(world.run("ledger", "witness", "show", witness, "--json").json["logs"]) == 1


def test_out_is_for_keys_that_the_policy_names(world: World) -> None:
    told = world.run("keys", "rotate", "backup", "--out", world.folder / "p")
    told.is_refusal("CW-USAGE", 2)
