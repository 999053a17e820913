"""`people`, `act` and `permit issue --dossier`, as people use them together."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import yaml

from commonweal.foundation.clock import SystemClock, stamp
from commonweal.governance.dossier import judge
from commonweal.papers.acts import Act, SignedAct, software_signed
from commonweal.vault.custody import open_custody
from commonweal.vault.custody.acts import record_within
from tests import people
from tests.authenticator import Authenticator
from tests.dossiers import Desk, Rules
from tests.unit.cli.support import World
from tests.unit.custody.committee import listed


def written(world: World, plain: dict[str, Any], name: str = "people.yaml") -> Path:
    file = world.folder / name
    file.write_text(yaml.safe_dump(plain, sort_keys=False, allow_unicode=True))
    return file


def adopt(world: World, plain: dict[str, Any], name: str = "roster") -> None:
    file = world.folder / name
    listing = written(world, plain, f"{name}.yaml")
    assert world.run("people", "propose", listing, "--out", file).code == 0
    for key in ("guardian", "siro"):
        assert world.run("people", "sign", file, "--key", key).code == 0
    assert world.run("people", "adopt", file).code == 0


def test_a_list_of_people_is_proposed_signed_and_adopted(world: World) -> None:
    assert "There is no roster in force." in world.run("people", "show").out
    file = world.folder / "roster"
    told = world.run("people", "propose", written(world, listed()), "--out", file)
    assert "Lena Lay (lena), Wharfedale Hospital, a lay person: a lay member" in told.out
    assert f"Next: commonweal people sign {file} --key NAME" in told.out
    world.run("people", "adopt", file).is_refusal("CW-SIGNATURE-INVALID", 3)
    first = world.run("people", "sign", file, "--key", "guardian")
    assert "Signed with 1 key(s); 2 people must sign." in first.out
    world.run("people", "adopt", file).is_refusal("CW-SIGNATURE-UNTRUSTED", 3)
    world.run("people", "sign", file, "--key", "permit-signer").is_refusal(
        "CW-SIGNATURE-UNTRUSTED", 3
    )
    assert "Next: commonweal people adopt" in world.run(
        "people", "sign", file, "--key", "siro"
    ).out  # fmt: skip
    shown = world.run("people", "show", file)
    assert "(2 people must)" in shown.out
    done = world.run("people", "adopt", file, "--json").json
    assert done["version"] == 1
    told = world.run("people", "show")
    assert "Carol Chair (chair), Wharfedale Hospital: chair of the committee" in told.out
    assert "sign.wharfedale.example" in told.out
    plain = world.run("people", "show", "--json").json
    assert (plain["roster"]["version"], plain["pending"]) == (1, None)
    assert plain["versions"][0]["digest"] == done["digest"]


def test_what_a_change_would_do_is_told(world: World) -> None:
    adopt(world, listed())
    plain = listed("luke")
    plain["people"][0]["roles"][0]["until"] = "2030-01-31"
    file = world.folder / "next"
    told = world.run("people", "propose", written(world, plain), "--out", file)
    assert "No more: Luke Lay" in told.out
    assert "chair of the committee from 01 January 2024 until 31 January 2030" in told.out
    assert "signs no more: its holder signs no more." in told.out
    world.run("people", "withdraw", "--key", "siro").is_refusal("CW-ROSTER-PENDING", 4)
    world.run("people", "propose", written(world, listed()), "--out", world.folder / "x"
              ).is_refusal("CW-ROSTER-REFUSED", 4)  # fmt: skip


@pytest.mark.parametrize(
    ("plain", "code", "exit_code"),
    [
        ({}, "CW-PAPER-INVALID", 3),
        ({"people_list": 1, "people": [], "token": "x"}, "CW-PAPER-INVALID", 3),
        (listed(people=[people.person("lena")]), "CW-PAPER-INVALID", 3),
        ([1], "CW-PAPER-INVALID", 3),
    ],
)
def test_lists_that_cannot_be_read(world: World, plain: Any, code: str, exit_code: int) -> None:
    told = world.run("people", "propose", written(world, plain), "--out", world.folder / "p")
    told.is_refusal(code, exit_code)
    assert not (world.folder / "p").exists()


def put(world: World, signed: SignedAct) -> Path:
    file = world.folder / "act.json"
    file.write_text(json.dumps(signed.plain()))
    return file


def test_an_act_is_shown_and_heard_of(world: World) -> None:
    assert world.run("keys", "create", "lena", "--purpose", "person_signing").code == 0
    lena = people.person("lena", credentials=[{"key": "lena"}])
    adopt(world, {"people_list": 1, "people": [lena]})
    with open_custody(world.home, SystemClock()) as custody:
        act = people.act(
            "lena", "conflict", "none", "sha256:" + "a" * 64, SystemClock().now(),
            content="sha256:" + "b" * 64, home=custody.home.id,
        )  # fmt: skip
        signed = software_signed(act, custody.signer("lena"), act.at)
    file = put(world, signed)
    shown = world.run("act", "show", file)
    assert shown.out.startswith("As a lay member of the committee: I have no interest of my own")
    assert "key of a demonstration" in shown.out
    done = world.run("act", "record", file, "--json").json
    assert (done["actor"], done["digest"]) == ("lena", signed.digest())
    world.run("act", "record", file).is_refusal("CW-ACT-KNOWN", 4)
    assert world.run("ledger", "verify").code == 0


@pytest.mark.parametrize("content", ["", "{}", "[]", '{"act": 1, "act": 2}', "\u00ff"])
def test_files_that_are_no_act(world: World, content: str) -> None:
    file = world.folder / "act.json"
    file.write_text(content)
    for command in ("show", "record"):
        told = world.run("act", command, file)
        assert (told.code, told.out) == (3, "")
        assert "Traceback" not in told.err


def dossier(world: World) -> Path:
    keys = {name: Authenticator(name, count=3) for name in people.NAMES}
    adopt(world, listed(keys=keys))
    clock = SystemClock()
    with open_custody(world.home, clock) as custody:

        def hand(act: Act) -> SignedAct:
            return keys[act.actor].sign(act)

        def ledger(signed: SignedAct) -> None:
            with custody.ledger.transaction() as writing:
                record_within(custody, writing, signed)

        desk = Desk(home=custody.home.id, now=clock.now(), hand=hand, ledger=ledger,
                    clock=clock.now)  # fmt: skip
        draft = yaml.safe_load((world.folder / "draft.yaml").read_text())
        desk.version["draft"] |= {name: draft[name] for name in ("from", "until")}
        desk.version["sent_at"] = stamp(clock.now())
        desk.complete()
    file = world.folder / "dossier.json"
    file.write_text(json.dumps(desk.plain))
    return file


def test_a_permit_is_issued_from_a_dossier(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    file = dossier(world)
    command = (
        "permit", "issue", "--dossier", file, "--key", "permit-signer", "--out", world.permit,
        "--catalogue", world.folder / "catalogue.yaml",
    )  # fmt: skip
    monkeypatch.setattr(judge, "installed_rules", Rules)
    told = world.run(*command)
    assert "Permit permit-1 was issued; authority: committee." in told.out
    assert world.run("permit", "status", world.permit).code == 0
    world.permit.unlink()
    world.run(*command).is_refusal("CW-ACT-USED", 4)
    assert not world.permit.exists()
    assert world.run("ledger", "verify").code == 0


def test_a_draft_or_a_dossier_and_not_both(world: World) -> None:
    both = ("--dossier", world.folder / "draft.yaml")
    world.issue(*both).is_refusal("CW-USAGE", 2)
    world.run("permit", "issue", "--key", "permit-signer", "--out", world.permit).is_refusal(
        "CW-USAGE", 2
    )
