"""The commands on a real home: what they do, and how they refuse."""

from __future__ import annotations

import errno
import fcntl
import json
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests.unit.cli.support import World

KEY_BYTES = 32


# --- home and doctor ------------------------------------------------------------------------


def test_a_home_shows_what_it_is(world: World) -> None:
    plain = world.run("home", "show", "--json").json
    assert (plain["kind"], plain["separation"], plain["name"]) == ("demo", "none", "Wharfedale")
    assert plain["ledger"]["intents_left"] == 0
    told = world.run("home", "show")
    assert "Separation: none" in told.out
    assert plain["ledger"]["key"] in told.out


def test_a_home_is_not_made_twice(world: World) -> None:
    told = world.run("home", "create", "--name", "x", "--demo")
    told.is_refusal("CW-HOME-NOT-EMPTY", 4)


def test_a_real_home_is_made_with_its_time_to_say_no(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMMONWEAL_ROOT_STORE", str(tmp_path / "s2"))
    home = tmp_path / "h2"
    made = world.run("home", "create", "--name", "W", "--home", home, "--json").json
    assert (made["kind"], made["trust"]["time_to_say_no_days"]) == ("standard", 28)
    told = world.run("home", "create", "--name", "W", "--home", tmp_path / "h3", "--say-no-days", 0)
    told.is_refusal("CW-HOME-SAY-NO", 4)
    assert not (tmp_path / "h3").exists()


def test_a_real_home_asks_who_accepts_that_nothing_is_kept_apart(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMMONWEAL_ROOT_STORE", str(tmp_path / "s2"))
    monkeypatch.setenv("COMMONWEAL_HOME", str(tmp_path / "h2"))
    world.run("home", "create", "--name", "W", "--accepted-by", "Jo").is_refusal("CW-USAGE", 2)
    half = world.run("home", "create", "--name", "W", "--accepted-by", "Jo", "--because", "")
    half.is_refusal("CW-HOME-INVALID", 2)
    assert not (tmp_path / "h2").exists()
    made = world.run("home", "create", "--name", "W")
    assert "No permit is issued until somebody accepts that" in made.out
    world.issue().is_refusal("CW-HOME-SEPARATION", 4)
    assert not world.permit.exists()
    said = ("--accepted-by", "Jo Ferris", "--because", "One server, two people")
    told = world.run("home", "accept", *said, "--json").json
    assert (told["separation"], told["accepted_by"]) == ("none", "Jo Ferris")
    assert world.run("home", "show", "--json").json["separation_accepted_by"] == "Jo Ferris"
    assert "That was accepted by Jo Ferris on " in world.run("home", "show").out
    assert world.issue().code == 0
    assert world.run("ledger", "verify").code == 0


def test_a_real_home_can_be_accepted_when_it_is_made(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMMONWEAL_ROOT_STORE", str(tmp_path / "s2"))
    monkeypatch.setenv("COMMONWEAL_HOME", str(tmp_path / "h2"))
    made = world.run(
        "home", "create", "--name", "W", "--accepted-by", "Jo", "--because", "A pilot", "--json"
    ).json
    assert made["separation_accepted_by"] == "Jo"
    assert world.issue().code == 0


def test_the_doctor_says_what_is_wrong(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    well = world.run("doctor", "--json")
    assert well.code == 0
    assert well.json["separation"] == "none"
    found = {one["name"]: one for one in well.json["checks"]}
    names = {"Python", "Table engine", "Home", "File system", "Root key", "Outputs at rest"}
    assert names | {"Clock"} <= set(found)
    assert all(one["remedy"] for one in found.values() if one["state"] != "ok")
    (world.folder / "store").rename(world.folder / "gone")
    ill = world.run("doctor")
    assert ill.code == 3
    assert "CW-KEY-UNAVAILABLE" in ill.out
    monkeypatch.delenv("COMMONWEAL_HOME")
    assert world.run("doctor").code == 0


@pytest.mark.parametrize(
    "arguments",
    [
        ("home", "show"),
        ("keys", "list"),
        ("release", "list"),
        ("ledger", "verify"),
        ("ledger", "sequence"),
        ("permit", "show", "x"),
    ],
)
def test_without_its_root_store_nothing_works(world: World, arguments: tuple[str, ...]) -> None:
    (world.folder / "store").rename(world.folder / "gone")
    world.run(*arguments).is_refusal("CW-KEY-UNAVAILABLE", 5)


@pytest.mark.parametrize("name", ["open", "link", "replace"])
def test_a_read_only_home_is_one_sentence(
    world: World, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    real = getattr(os, name)

    def read_only(*args: Any, **more: Any) -> Any:
        writes = name != "open" or args[1] & (os.O_WRONLY | os.O_RDWR)
        if writes and str(world.folder) in str(args[-1] if name != "open" else args[0]):
            raise OSError(errno.EROFS, "read-only file system")
        return real(*args, **more)

    with monkeypatch.context() as patch:
        patch.setattr(os, name, read_only)
        world.issue().is_refusal("CW-FOLDER-READONLY", 1)
        told = world.run("ledger", "sequence")
        assert (told.code, told.err[:19]) in ((0, ""), (1, "CW-FOLDER-READONLY:"))
    assert not world.permit.exists()
    assert world.run("ledger", "verify").code == 0


# --- permits --------------------------------------------------------------------------------


def test_the_life_of_a_permit(world: World) -> None:
    issued = world.issue("--json")
    assert issued.code == 0
    assert (issued.json["state"], issued.json["authority"]) == ("active", "direct")
    shown = world.run("permit", "show", world.permit)
    assert "authority: direct" in shown.out
    assert "The permit is active." in shown.out
    check = ("permit", "check", world.permit, "--action")
    assert world.run(*check, "release").code == 0
    assert world.run(*check, "python", "--subject", "amira").code == 0
    for step, state in (("pause", "paused"), ("resume", "active"), ("suspend", "suspended")):
        assert world.run("permit", step, world.permit, "--json").json["state"] == state
    world.run(*check, "release").is_refusal("CW-PERMIT-SUSPENDED", 4)
    assert world.run("permit", "revoke", world.permit, "--reason", "incident").code == 0
    world.run(*check, "release").is_refusal("CW-PERMIT-REVOKED", 4)
    world.run("permit", "resume", world.permit).is_refusal("CW-PERMIT-TRANSITION", 4)
    world.run("permit", "close", world.permit).is_refusal("CW-PERMIT-TRANSITION", 4)
    assert world.run("ledger", "verify").code == 0


@pytest.mark.parametrize(
    ("arguments", "code", "exit_code"),
    [
        (("--action", "fly"), "CW-PERMIT-ACTION", 4),
        (("--action", "train", "--subject", "amira"), "CW-PERMIT-ACTION", 4),
        (("--action", "python"), "CW-PERMIT-PERSON", 4),
        (("--action", "python", "--subject", "mallory"), "CW-PERMIT-PERSON", 4),
        (("--action", "release", "--at", "2190-01-01"), "CW-PERMIT-EXPIRED", 4),
        (("--action", "release", "--at", "1990-01-01"), "CW-PERMIT-ANNOUNCED", 4),
        (("--action", "release", "--at", "soon"), "CW-USAGE", 2),
    ],
)
def test_what_a_permit_does_not_allow(
    world: World, arguments: tuple[str, ...], code: str, exit_code: int
) -> None:
    world.issue()
    world.run("permit", "check", world.permit, *arguments).is_refusal(code, exit_code)
    told = world.run("permit", "check", world.permit, *arguments, "--json")
    assert (told.code, told.json["error"]["code"], told.err) == (exit_code, code, "")


def test_a_what_if_changes_nothing(world: World) -> None:
    world.issue()
    before = world.run("home", "show", "--json").json["ledger"]
    world.run("permit", "check", world.permit, "--action", "release", "--at", "2190-01-01")
    assert world.run("home", "show", "--json").json["ledger"] == before


def test_the_status_is_written_once(world: World) -> None:
    world.issue()
    out = world.folder / "status.jws"
    assert world.run("permit", "status", world.permit, "--out", out).code == 0
    assert json.loads(out.read_text())["signatures"]
    world.run("permit", "status", world.permit, "--out", out).is_refusal("CW-FILE-EXISTS", 3)


def test_a_wrong_reason_shows_the_list(world: World) -> None:
    world.issue()
    told = world.run("permit", "pause", world.permit, "--reason", "mood")
    told.is_refusal("CW-PERMIT-REASON", 2)
    assert "incident" in told.err
    assert world.run("permit", "resume", world.permit, "--reason", "incident").code == 2


def test_a_permit_is_issued_once_and_over_nothing(world: World) -> None:
    world.issue()
    world.issue().is_refusal("CW-FILE-EXISTS", 3)
    world.permit.unlink()
    world.issue().is_refusal("CW-PERMIT-EXISTS", 4)
    assert not world.permit.exists()


@pytest.mark.parametrize(
    ("change", "code"),
    [
        ({"purposes": ["insurance"]}, "CW-PERMIT-PURPOSE"),
        ({"until": "2020-01-01"}, "CW-PERMIT-PERIOD"),
        ({"surprise": 1}, "CW-PERMIT-INVALID"),
        ({"permit": 2}, "CW-PERMIT-INVALID"),
        ({"id": "no spaces here"}, "CW-PERMIT-INVALID"),
    ],
)
def test_a_draft_that_cannot_be_is_not_issued(
    world: World, change: dict[str, Any], code: str
) -> None:
    path = world.folder / "draft.yaml"
    path.write_text(yaml.safe_dump(yaml.safe_load(path.read_text()) | change))
    told = world.issue()
    assert told.code in (3, 4)
    assert told.err.startswith(f"{code}: ")
    assert not world.permit.exists()
    assert world.run("ledger", "verify", "--json").json["logs"]["public"]["entries"] == 2


@pytest.mark.parametrize("key", ["nobody", "backup", "status-signer"])
def test_a_wrong_key_signs_nothing(world: World, key: str) -> None:
    told = world.run(
        "permit", "issue", world.folder / "draft.yaml", "--key", key, "--out", world.permit,
        "--catalogue", world.folder / "catalogue.yaml",
    )  # fmt: skip
    assert told.code in (2, 3)
    assert told.err.startswith(("CW-KEY-", "CW-SIGNATURE-UNTRUSTED"))
    assert not world.permit.exists()


def test_without_a_kept_catalogue_one_must_be_named(world: World) -> None:
    told = world.run(
        "permit", "issue", world.folder / "draft.yaml", "--key", "permit-signer",
        "--out", world.permit,
    )  # fmt: skip
    told.is_refusal("CW-CATALOGUE-NOT-KEPT", 3)


def test_one_changed_byte_of_a_permit_is_refused(world: World) -> None:
    world.issue()
    content = world.permit.read_bytes()
    at = len(content) // 2
    changed = b"A" if content[at : at + 1] != b"A" else b"B"
    world.permit.write_bytes(content[:at] + changed + content[at + 1 :])
    for step in (("show",), ("status",), ("revoke",), ("check", "--action", "release")):
        told = world.run("permit", step[0], world.permit, *step[1:])
        assert told.code == 3, told
        assert told.err.startswith("CW-"), told


# --- garbage ----------------------------------------------------------------------------------

GARBAGE = {
    "empty": b"",
    "binary": bytes(range(256)),
    "nul": b"\x00" * 100,
    "text": b"hello",
    "json": b'{"payload": "", "signatures": []}',
    "deep": b"[" * 5000,
    "list": b"[1, 2]",
    "latin": "Zo\xeb".encode("latin-1"),
    "twice": b'{"permit": 1, "permit": 1}',
    "number": b"943 476 5919",
    "anchor": b"a: &x 1\nb: *x\n",
}


@pytest.mark.parametrize("place", ["no/such/out", "draft.yaml", "home"])
def test_what_cannot_be_written_is_told_before_anything_is_done(world: World, place: str) -> None:
    assert world.issue().code == 0
    entries = world.run("ledger", "verify", "--json").json
    records = world.folder / "records"
    records.mkdir()
    (records / "t.csv").write_text("a,b\nx,y\n")
    names = sorted(path.name for path in world.folder.rglob("*"))
    out = ("--out", world.folder / place)
    asked = ("--release", world.folder, "--person", "-")
    commands: list[tuple[Any, ...]] = [
        ("catalogue", "scan", records, *out),
        ("permit", "issue", world.folder / "draft.yaml", "--key", "permit-signer", *out),
        ("permit", "status", world.permit, *out),
        ("ledger", "prove", "public:0", *out),
        ("backup", *out),
        ("release", "prove", *asked, *out),
        ("release", "absence", *asked, *out),
        ("release", "build", "--permit", world.permit, "--catalogue",
         world.folder / "catalogue.yaml", "--choices", records, *out),
    ]  # fmt: skip
    code = "CW-FILE-MISSING" if "/" in place else "CW-FILE-EXISTS"
    for command in commands:
        told = world.run(*command)
        told.is_refusal(code, 3)
        if code == "CW-FILE-MISSING":
            assert f"The folder {world.folder / 'no/such'} does not exist" in told.err
    assert sorted(path.name for path in world.folder.rglob("*")) == names
    assert world.run("ledger", "verify", "--json").json == entries


def test_a_file_where_a_folder_is_expected_is_told_with_the_folder(world: World) -> None:
    records = world.folder / "records"
    records.mkdir()
    (records / "t.csv").write_text("a,b\nx,y\n")
    told = world.run("catalogue", "scan", records / "t.csv", "--out", world.folder / "new.yaml")
    told.is_refusal("CW-SOURCE-KIND", 3)
    assert told.err.splitlines()[1] == f"  Give the folder that holds it: {records}"


def test_a_scan_asks_whether_the_first_line_is_a_record(world: World) -> None:
    records = world.folder / "records"
    records.mkdir()
    (records / "t.csv").write_text("Elm,one\nOak,two\nElm,three\n")
    told = world.run("catalogue", "scan", records, "--out", world.folder / "a.yaml")
    assert told.code == 0
    assert "Table t holds names of its columns as values (column 1)." in told.out
    told = world.run("catalogue", "scan", records, "--out", world.folder / "b.yaml", "--json")
    assert len(told.json["warnings"]) == 1


@pytest.mark.parametrize("kind", sorted(GARBAGE))
def test_garbage_is_one_sentence_everywhere(world: World, kind: str) -> None:
    file = world.folder / f"{kind}.yaml"
    file.write_bytes(GARBAGE[kind])
    key = world.run("home", "show", "--json").json["ledger"]["key"]
    folder = world.folder / "release"
    folder.mkdir()
    (folder / "manifest.jws").write_bytes(GARBAGE[kind])
    out = world.folder / "out"
    commands: list[tuple[Any, ...]] = [
        ("permit", "show", file),
        ("permit", "check", file, "--action", "release"),
        ("permit", "pause", file),
        ("permit", "issue", file, "--key", "permit-signer", "--out", out),
        ("catalogue", "check", file),
        ("ledger", "check-proof", file, "--key", key),
        ("ledger", "check-proof", file, "--key", kind),
        ("restore", file, "--to", out),
        ("release", "summary", folder),
        ("release", "open", folder, "--to", out),
        ("release", "verify", file),
        ("release", "build", "--permit", file, "--catalogue", file, "--choices", file),
        ("release", "plan", "--permit", file, "--catalogue", file, "--choices", file),
    ]
    for command in commands:
        told = world.run(*command)
        assert told.code in (2, 3, 4, 5), (command, told)
        assert told.err.startswith("CW-"), (command, told)
        assert "Traceback" not in told.err
        assert "CW-INTERNAL" not in told.err, (command, told)
        assert "943" not in told.err + told.out, (command, told)
        assert not out.exists()
    told = world.run("release", "verify", folder)
    assert told.code == 3, told
    assert world.run("ledger", "verify").code == 0


@pytest.mark.parametrize(
    "command",
    [
        ("permit", "show", "missing"),
        ("catalogue", "check", "missing"),
        ("release", "verify", "missing"),
        ("release", "summary", "missing"),
        ("ledger", "check-proof", "missing", "--key", "x"),
        ("restore", "missing", "--to", "new"),
        ("risk", "measure", "missing.csv", "--quasi", "a"),
        ("catalogue", "scan", "missing", "--out", "new.yaml"),
    ],
)
def test_what_is_not_there_is_one_sentence(
    world: World, command: tuple[str, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(world.folder)
    told = world.run(*command)
    assert told.code in (2, 3), told
    assert told.err.startswith("CW-"), told
    assert "CW-INTERNAL" not in told.err


# --- ledger -----------------------------------------------------------------------------------


def test_the_ledger_is_verified_proved_and_given_away(world: World) -> None:
    world.issue()
    plain = world.run("ledger", "verify", "--json").json
    assert {"entries", "root", "checkpoint", "witnesses", "intents_left", "faults"} <= set(plain)
    assert (plain["faults"], plain["intents_left"]) == ([], 0)
    key = world.run("home", "show", "--json").json["ledger"]["key"]
    proof, export = world.folder / "e.tlog-proof", world.folder / "export"
    assert world.run("ledger", "prove", "public:2", "--out", proof).code == 0
    checked = world.run("ledger", "check-proof", proof, "--key", key, "--json").json
    assert (checked["entry"]["type"], checked["index"]) == ("permit.issued", 2)
    assert world.run("ledger", "export", export).code == 0
    assert world.run("ledger", "check-export", export, "--key", key).code == 0
    world.run("ledger", "export", export).is_refusal("CW-FILE-EXISTS", 3)
    with (export / "entries.jsonl").open("ab") as sink:
        sink.write(b"{}\n")
    told = world.run("ledger", "check-export", export, "--key", key)
    assert told.code == 3


@pytest.mark.parametrize("entry", ["1", "public:0", "sealed:3"])
def test_entries_are_named_by_number_or_place(world: World, entry: str) -> None:
    assert world.run("ledger", "prove", entry, "--out", world.folder / "p").code == 0


@pytest.mark.parametrize(
    ("entry", "code"),
    [("x", 2), ("-1", 2), ("middle:1", 2), ("public:999", 3), ("999999", 3), ("public:²", 2)],
)
def test_entries_that_are_not_there(world: World, entry: str, code: int) -> None:
    told = world.run("ledger", "prove", "--out", world.folder / "p", "--", entry)
    assert told.code == code
    assert told.err.startswith("CW-")
    assert not (world.folder / "p").exists()


def test_a_changed_trust_policy_fails_verification(world: World) -> None:
    path = world.home / "trust.json"
    path.write_text(path.read_text().replace("Wharfedale", "Airedale"))
    world.run("ledger", "verify").is_refusal("CW-TRUST-CHANGED", 3)
    world.run("home", "show").is_refusal("CW-TRUST-CHANGED", 3)


def test_a_damaged_ledger_is_three(world: World) -> None:
    path = world.home / "ledger" / "ledger.sqlite"
    content = bytearray(path.read_bytes())
    content[4096:8192] = bytes(4096)
    path.write_bytes(bytes(content))
    told = world.run("ledger", "verify", "--json")
    assert told.code == 3
    assert told.json["faults"]


# --- keys, backup, restore --------------------------------------------------------------------


def test_keys_are_made_listed_replaced_and_destroyed(world: World) -> None:
    made = world.run("keys", "create", "p", "--purpose", "project", "--project", "asthma")
    assert made.code == 0
    listed = world.run("keys", "list", "--json").json["keys"]
    assert {"p", "permit-signer", "guardian"} <= {key["name"] for key in listed}
    assert world.run("keys", "rotate", "backup", "--json").json["version"] == 2
    world.run("keys", "rotate", "audit").is_refusal("CW-KEY-ROTATION", 4)
    world.run("keys", "rotate", "permit-signer").is_refusal("CW-USAGE", 2)
    world.run("keys", "destroy", "p").is_refusal("CW-KEY-APPROVAL", 4)
    world.run("keys", "destroy", "p", "--approve", "guardian").is_refusal("CW-KEY-APPROVAL", 4)
    gone = world.run("keys", "destroy", "p", "--approve", "guardian", "--approve", "siro")
    assert gone.code == 0
    world.run("keys", "create", "p", "--purpose", "project", "--project", "asthma").is_refusal(
        "CW-KEY-EXISTS", 4
    )
    assert "destroyed" in world.run("keys", "list").out


def test_no_command_shows_a_key(world: World) -> None:
    root = (world.folder / "store" / "root.key").read_bytes()
    halves = [path.read_bytes() for path in (world.folder / "store" / "halves").iterdir()]
    assert len(root) == KEY_BYTES
    world.issue()
    said = ""
    for command in (("home", "show"), ("keys", "list"), ("doctor",), ("ledger", "verify")):
        for more in ((), ("--json",)):
            told = world.run(*command, *more)
            said += told.out + told.err
    for secret in (root, *halves):
        assert secret.hex() not in said


def test_a_backup_comes_back_with_its_revocations(world: World) -> None:
    world.issue()
    file = world.folder / "b.backup"
    assert world.run("backup", "--out", file).code == 0
    world.run("backup", "--out", file).is_refusal("CW-FILE-EXISTS", 3)
    world.run("backup", "--out", world.home / "b").is_refusal("CW-BACKUP-PLACE", 4)
    world.run("backup", "--out", world.folder / "c", "--key", "audit").is_refusal("CW-KEY-USE", 2)
    assert world.run("permit", "revoke", world.permit).code == 0
    world.run("restore", file, "--to", world.home).is_refusal("CW-HOME-NOT-EMPTY", 4)
    shutil.rmtree(world.home)
    plain = world.run("restore", file, "--to", world.home, "--json").json
    assert plain["permits_stopped_again"] == ["asthma-1"]
    told = world.run("permit", "check", world.permit, "--action", "release")
    told.is_refusal("CW-PERMIT-REVOKED", 4)
    assert world.run("ledger", "verify").code == 0


# --- risk and releases ------------------------------------------------------------------------


def test_risk_of_a_file_is_measured_without_a_home(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("COMMONWEAL_HOME")
    file = world.folder / "people.csv"
    file.write_text("sex,age,ill\nF,1,a\nF,1,b\nM,2,a\nM,2,a\n")
    plain = world.run("risk", "measure", file, "--quasi", "sex,age", "--sensitive", "ill", "--json")
    assert (plain.json["k"], plain.json["l"]["ill"]["distinct"]) == (2, 1)
    assert world.run("risk", "measure", file, "--quasi", "sex").code == 0
    world.run("risk", "measure", file, "--quasi", "height").is_refusal("CW-RISK-COLUMNS", 2)
    world.run("risk", "measure", file, "--quasi", "sex,").is_refusal("CW-USAGE", 2)


def test_an_engine_that_is_not_known_is_wrong_usage(world: World) -> None:
    world.issue()
    same = ("--permit", world.permit, "--catalogue", world.permit, "--choices", world.folder)
    for command in ("build", "plan"):
        world.run("release", command, *same, "--engine", "abacus").is_refusal("CW-USAGE", 2)


def test_a_second_run_at_the_same_time_is_refused(world: World) -> None:
    world.issue()
    choices = world.folder / "choices"
    choices.mkdir()
    with (world.home / ".lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        told = world.run(
            "release", "build", "--permit", world.permit, "--choices", choices,
            "--catalogue", world.folder / "catalogue.yaml",
        )  # fmt: skip
    told.is_refusal("CW-BUSY", 5)


def test_an_identifier_is_never_an_argument(world: World) -> None:
    told = world.run(
        "release", "prove", "--release", world.folder, "--person", "9434765919",
        "--out", world.folder / "p",
    )  # fmt: skip
    told.is_refusal("CW-USAGE", 2)
    assert "943" not in told.err


def test_there_are_no_releases_yet(world: World) -> None:
    assert world.run("release", "list", "--json").json == {"releases": []}
    assert world.run("release", "list").out == "There is no release yet.\n"
