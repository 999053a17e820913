"""The commands about witnesses: made, asked, served, and what a reader does with the rest."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from commonweal.foundation.clock import SystemClock
from commonweal.ledger.witnessing import Witness
from tests.unit.cli.support import World
from tests.unit.ledger.test_asking import serving


@pytest.fixture
def witness(world: World) -> Witness:
    """A witness that follows the world's ledger, and a policy file that names it."""
    place = world.folder / "w1"
    told = world.run("ledger", "witness", "create", place, "--name", "w1.example", "--json")
    assert told.code == 0
    log = world.run("ledger", "policy", "--json").json["log"]
    assert world.run("ledger", "witness", "add-log", place, log).code == 0
    text = f"log {log}\nwitness one {told.json['key']}\nquorum one\n"
    (world.folder / "policy").write_text(text)
    return Witness(place, SystemClock())


def test_a_ledger_is_witnessed_from_end_to_end(world: World, witness: Witness) -> None:
    policy = world.folder / "policy"
    told = world.run("ledger", "verify", "--policy", policy)
    assert "Not witnessed" in told.out  # and still young
    with serving(witness) as server:
        ask = ("ledger", "ask-witnesses", "--policy", policy, "--url", f"one={server.url}")
        told = world.run(*ask, "--json")
        assert (told.code, told.json["quorum"]) == (0, True)
        assert told.json["witnesses"][0]["signed"]["new"] is True
        again = world.run(*ask)
        assert again.out == "w1.example signed 2 entries before.\nThat is enough.\n"
    told = world.run("ledger", "verify", "--policy", policy, "--json")
    assert told.json["logs"]["public"]["witnessed"] == 2
    assert told.json["witnesses"] == ["w1.example"]
    assert "Not witnessed" in world.run("ledger", "verify").out  # the home itself asks for none
    proof = world.folder / "p"
    assert world.run("ledger", "prove", "public:0", "--out", proof).code == 0
    for trusted in (("--policy", policy), ("--policy", policy, "--key", _key(world))):
        told = world.run("ledger", "check-proof", proof, *trusted, "--json")
        assert told.json["signers"][-1] == "w1.example"
    told = world.run("ledger", "witness", "show", world.folder / "w1")
    assert re.search(r"/public: 2 entries, signed 20\d\d-", told.out)


def _key(world: World) -> str:
    return str(world.run("home", "show", "--json").json["ledger"]["key"])


def test_a_home_is_made_with_its_witnesses(
    world: World, witness: Witness, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("COMMONWEAL_ROOT_STORE", str(world.folder / "store-2"))
    place = world.folder / "second"
    made = world.run(
        "home", "create", "--name", "B", "--demo", "--home", place,
        "--witnesses", world.folder / "policy", "--witness-lag", "45",
    )  # fmt: skip
    assert made.code == 0
    assert "Witnesses, of whom 1 must sign: w1.example (one)." in made.out
    trust = json.loads((place / "trust.json").read_text())
    assert (trust["witness_quorum"], trust["witness_lag_minutes"]) == (1, 45)
    policy = world.run("ledger", "policy", "--home", place, "--out", world.folder / "pol")
    assert policy.out == (world.folder / "pol").read_text()
    assert policy.out.endswith("group witnesses 1 w1\nquorum witnesses\n")
    told = world.run("ledger", "ask-witnesses", "--home", place, "--wait", "0")
    told.is_refusal("CW-LEDGER-WITNESS-URL", 2)
    told = world.run("home", "create", "--name", "C", "--home", place, "--witness-lag", "4")
    told.is_refusal("CW-USAGE", 2)


def test_too_few_witnesses_are_three_and_a_silent_one_is_named(
    world: World, witness: Witness
) -> None:
    with serving(witness) as server:
        url = server.url
    ask = ("ledger", "ask-witnesses", "--policy", world.folder / "policy", "--wait", "0")
    told = world.run(*ask, "--url", f"one={url}")
    assert told.code == 3
    assert "CW-LEDGER-WITNESS-UNREACHABLE" in told.out
    assert told.out.endswith("That is fewer than the policy asks for.\n")
    for url in ("one", "=x", "one="):
        world.run(*ask, "--url", url).is_refusal("CW-USAGE", 2)
    world.run(*ask, "--url", "one=http://w.example").out.index("CW-LEDGER-WITNESS-URL")
    world.run(*ask, "--url", "two=https://w.example").is_refusal("CW-LEDGER-WITNESS-URL", 2)


def test_tiles_are_written_and_brought_up_to_date(world: World) -> None:
    tiles, key = world.folder / "tiles", _key(world)
    first = world.run("ledger", "export", tiles, "--tiles", "--json").json
    assert (first["entries"], first["before"], first["files"]) == (2, 0, 2)
    world.issue()
    more = world.run("ledger", "export", tiles, "--tiles", "--json").json
    assert (more["entries"], more["before"]) == (3, 2)
    assert world.run("ledger", "check-export", tiles, "--key", key, "--json").json["entries"] == 3
    (tiles / "tile" / "0" / "000.p" / "3").write_bytes(b"x")
    told = world.run("ledger", "check-export", tiles, "--key", key)
    told.is_refusal("CW-LEDGER-TILES-INVALID", 3)
    world.run("ledger", "export", world.home, "--tiles").is_refusal("CW-LEDGER-TILES-INVALID", 3)


def test_the_checker_is_written_and_runs_alone(world: World) -> None:
    file, proof = world.folder / "check_proof.py", world.folder / "p"
    assert world.run("ledger", "checker", file).code == 0
    world.run("ledger", "checker", file).is_refusal("CW-FILE-EXISTS", 3)
    world.run("ledger", "prove", "public:1", "--out", proof)
    done = subprocess.run(
        [sys.executable, "-I", "-S", "-B", file, proof, "--key", _key(world)],
        cwd=world.folder, env={}, capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("PROVED: entry 1 of 2 of the public log")


@pytest.mark.parametrize(
    ("arguments", "code", "exit_code"),
    [
        (("create", "w1", "--name", "x"), "CW-FILE-EXISTS", 3),
        (("create", "w2", "--name", "a b"), "CW-LEDGER-NOTE-INVALID", 3),
        (("create", "no/where", "--name", "x"), "CW-FILE-MISSING", 3),
        (("add-log", "w1", "rubbish"), "CW-LEDGER-NOTE-INVALID", 3),
        (("add-log", "w9", "rubbish"), "CW-FILE-MISSING", 3),
        (("show", "w9"), "CW-FILE-MISSING", 3),
        (("show", "home"), "CW-FILE-MISSING", 3),
        (("serve", "w9"), "CW-FILE-MISSING", 3),
        (("serve", "w1", "--port", "70000"), "CW-USAGE", 2),
    ],
)
def test_wrong_uses_are_sentences(
    world: World,
    witness: Witness,
    monkeypatch: pytest.MonkeyPatch,
    arguments: tuple[str, ...],
    code: str,
    exit_code: int,
) -> None:
    monkeypatch.chdir(world.folder)
    world.run("ledger", "witness", *arguments).is_refusal(code, exit_code)


def test_a_damaged_witness_is_a_sentence(world: World, witness: Witness) -> None:
    (world.folder / "w1" / "witness.json").write_text("{}")
    told = world.run("ledger", "witness", "show", world.folder / "w1")
    told.is_refusal("CW-LEDGER-NOTE-INVALID", 3)


def test_a_policy_that_is_none_is_a_sentence(world: World) -> None:
    (world.folder / "policy").write_text("quorum\n")
    file, missing = world.folder / "policy", world.folder / "missing"
    for command in (("verify",), ("ask-witnesses",), ("check-proof", file)):
        told = world.run("ledger", *command, "--policy", file)
        told.is_refusal("CW-LEDGER-POLICY-INVALID", 3)
        world.run("ledger", *command, "--policy", missing).is_refusal("CW-FILE-MISSING", 3)


def test_a_served_witness_ends_when_it_is_interrupted(world: World, witness: Witness) -> None:
    entry = "import sys; from commonweal.cli.main import run; sys.exit(run())"
    process = subprocess.Popen(
        [sys.executable, "-c", entry, "ledger", "witness", "serve", world.folder / "w1",
         "--port", "0", "--json"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[3] / "src")},
    )  # fmt: skip
    try:
        assert process.stdout is not None
        said = ""
        while not said.endswith("}\n"):
            said += process.stdout.readline()
        url = json.loads(said)["url"]
        policy = world.folder / "policy"
        told = world.run("ledger", "ask-witnesses", "--policy", policy, "--url", f"one={url}")
        assert told.code == 0
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert (process.returncode, err) == (0, "")
