"""The one way in: nothing is run on a machine that was not tried."""

from __future__ import annotations

import ast
import os
from pathlib import Path
from typing import Any

import pytest

import commonweal
from commonweal.foundation.errors import Unavailable, WrongUsage
from commonweal.sandbox import box, running
from commonweal.sandbox.box import Sandbox
from commonweal.sandbox.cgroups import Cgroups
from commonweal.sandbox.guards import GUARDS, OPTIONAL, Guard, Report
from commonweal.sandbox.orders import Run
from commonweal.sandbox.parsing import Parsing
from commonweal.sandbox.runtimes import system_runtime
from commonweal.sandbox.uids import UserNumbers

INNER = {"running", "starting", "command", "calls", "staging", "parsing", "guards", "probes",
         "inside"}  # fmt: skip
# `runtimes` says what a run finds, like `orders`, and starts nothing.
SOURCE = Path(commonweal.__file__).parent


def report(missing: str = "") -> Report:
    return Report(tuple(Guard(n, n != missing, n not in OPTIONAL, "x") for n in GUARDS))


def started(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    found: list[Any] = []
    monkeypatch.setattr(running, "begin", lambda start: found.append(start) or 1 / 0)
    return found


@pytest.mark.parametrize("name", [name for name in GUARDS if name not in OPTIONAL])
def test_without_a_guard_there_is_no_sandbox(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(box, "probe", lambda *_, **__: report(name))
    begun = started(monkeypatch)
    with pytest.raises(Unavailable, match="CW-SANDBOX-GUARD"):
        Sandbox.open(tmp_path / "users.json", demo=True, cgroup=None)
    with pytest.raises(Unavailable, match="CW-SANDBOX-GUARD"):
        Sandbox(report(name), UserNumbers(tmp_path / "users.json"), None)
    assert begun == []


def test_real_data_need_cgroups(tmp_path: Path) -> None:
    with pytest.raises(Unavailable, match="cgroup"):
        Sandbox.open(tmp_path / "users.json", demo=False, cgroup=None)
    with pytest.raises(Unavailable, match="cgroup"):
        Sandbox.open(tmp_path / "users.json", demo=False, cgroup="/nowhere")


def test_a_demonstration_does_without_but_not_with_half(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = Cgroups(tmp_path)
    monkeypatch.setattr(Cgroups, "given", lambda _: given)
    held = {"cgroup": True}

    def probed(_: object, cgroups: object, *, cgroup_needed: bool) -> Report:
        assert cgroups is given
        needed = {name: name not in OPTIONAL for name in GUARDS} | {"cgroup": cgroup_needed}
        return Report(tuple(Guard(n, held.get(n, True), needed[n]) for n in GUARDS))

    monkeypatch.setattr(box, "probe", probed)
    assert Sandbox.open(tmp_path / "u.json", demo=True, cgroup="own").cgroups is given
    assert Sandbox.open(tmp_path / "u.json", demo=False, cgroup="own").cgroups is given
    held["cgroup"] = False
    assert Sandbox.open(tmp_path / "u.json", demo=True, cgroup="own").cgroups is None
    with pytest.raises(Unavailable, match="cgroup"):
        Sandbox.open(tmp_path / "u.json", demo=False, cgroup="own")


def test_a_run_cannot_say_that_it_needs_no_cgroup(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    begun = started(monkeypatch)
    made = Sandbox(report(), UserNumbers(tmp_path / "users.json"), Cgroups(tmp_path))
    order = Run("/usr/bin/true", (), system_runtime(), cgroup=False)
    with made.run(order, "alpha") as job, pytest.raises(ZeroDivisionError):
        job.wait(10)
    assert [(one.run.cgroup, one.cgroups) for one in begun] == [(True, made.cgroups)]


def test_each_project_and_its_parsers_are_other_users(tmp_path: Path) -> None:
    made = Sandbox(report(), UserNumbers(tmp_path / "users.json"), None)
    owners = [made.owner(name) for name in ("alpha", "beta", "parse:alpha", "alpha")]
    if os.geteuid() == 0:
        assert owners[0] == owners[3]
        assert len(set(owners)) == 3
    else:
        assert set(owners) == {os.getuid()}


def test_a_run_in_a_sandbox_that_was_opened(tmp_path: Path) -> None:
    made = Sandbox.open(tmp_path / "users.json", demo=True, cgroup=None)
    order = Run("/usr/bin/id", ("-u",), system_runtime(), cgroup=True)
    with made.run(order, "alpha") as job:
        outcome = job.wait(30)
    assert (outcome.state, outcome.output) == ("finished", b"65534\n")


def inner_imports(path: Path) -> list[str]:
    """Names by which a file outside of the sandbox would start runs without trying the guards."""
    found: list[str] = []
    text = path.read_text("utf-8")
    if "sandbox" not in text:  # no import of it can be written without the word
        return found
    for node in ast.walk(ast.parse(text)):
        names = []
        if isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        elif isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        for name in names:
            parts = name.split(".")
            if parts[:2] == ["commonweal", "sandbox"] and set(parts[2:3]) & INNER:
                found.append(name)
    return found


def test_no_other_room_starts_a_run_by_itself() -> None:
    files = [p for p in SOURCE.rglob("*.py") if "sandbox" not in p.relative_to(SOURCE).parts[:1]]
    assert {str(path): found for path in files if (found := inner_imports(path))} == {}


def test_the_rule_finds_planted_imports(tmp_path: Path) -> None:
    path = tmp_path / "x.py"
    path.write_text(
        "from commonweal.sandbox import running\n"
        "from commonweal.sandbox.starting import begin\n"
        "import commonweal.sandbox.command\n"
        "from commonweal.sandbox.box import Sandbox\n"
        "from commonweal.sandbox.orders import Run\n"
        "from commonweal.sandbox.collecting import collect\n"
    )
    assert len(inner_imports(path)) == 3


def test_a_larger_answer_is_asked_for_and_has_its_most(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given: list[int] = []

    def parsed(_: str, __: Path, ___: object, parsing: Parsing, ____: object) -> None:
        given.append(parsing.limits.log_bytes)

    monkeypatch.setattr(box, "parse_in_sandbox", parsed)
    made = Sandbox(report(), UserNumbers(tmp_path / "users.json"), None)
    made.parse("commonweal.x", tmp_path, int, "p")
    made.parse("commonweal.x", tmp_path, int, "p", most_answer=40 << 20)
    assert given == [4 << 20, 40 << 20]
    for most in ((64 << 20) + 1, -1):
        with pytest.raises(WrongUsage, match="CW-SANDBOX-ORDER"):
            made.parse("commonweal.x", tmp_path, int, "p", most_answer=most)
