"""A run makes only the command that it needs, and nobody can tell from what it says."""

from __future__ import annotations

import subprocess
import sys
from typing import Any

import pytest
import typer

from commonweal.cli.app import needed, whole
from commonweal.cli.main import run
from tests.unit.cli.test_main import ALL, leaves

WHOLE: Any = typer.main.get_command(whole())
GROUPS = sorted({leaf[:depth] for leaf in ALL for depth in range(1, len(leaf))})


def made(*given: str) -> set[tuple[str, ...]]:
    return set(leaves(typer.main.get_command(needed(given))))


def told(given: list[str], capsys: pytest.CaptureFixture[str]) -> tuple[int, str, str]:
    code = run(given)
    out, err = capsys.readouterr()
    return code, out, err


def test_one_command_is_made_for_one_command() -> None:
    for leaf in ALL:
        assert made(*leaf) == {leaf}
        assert made("--home", "somewhere", *leaf, "x", "--json") == {leaf}
        assert made("--home=somewhere", *leaf) == {leaf}


@pytest.mark.parametrize(
    ("given", "those"),
    [
        ([], ()),
        (["--help"], ()),
        (["--version"], ()),
        (["no-such"], ()),
        (["--nonsense", "doctor"], ()),
        (["--home"], ()),
        (["--home", "doctor"], ()),  # a folder of that name, and no command
        (["--home", "x", "-h"], ()),
        (["permit"], ("permit",)),
        (["permit", "--help"], ("permit",)),
        (["permit", "no-such"], ("permit",)),
        (["permit", "--json", "show"], ("permit",)),
        (["ledger", "witness"], ("ledger", "witness")),
        (["ledger", "witness", "-h", "show"], ("ledger", "witness")),
    ],
)
def test_what_names_no_command_gets_the_whole_group(given: list[str], those: Any) -> None:
    assert made(*given) == {leaf for leaf in ALL if leaf[: len(those)] == those}


@pytest.mark.parametrize(
    "given",
    [
        [], ["--help"], ["no-such"], ["doctr"], ["--home"], ["permit"], ["permit", "shw"],
        ["permit", "show", "--nonsense"], ["permit", "show", "a", "b"], ["airlock", "check"],
        ["ledger", "witness"], ["ledger", "witness", "shw"], ["--home", "x", "permit", "shw"],
        *([*group, "--help"] for group in GROUPS),
    ],
)  # fmt: skip
def test_it_says_what_the_whole_would_say(
    given: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    cut = told(given, capsys)
    monkeypatch.setattr(typer.main, "get_command", lambda _: WHOLE)
    assert cut == told(given, capsys)


def test_help_of_each_command_is_that_of_the_whole(capsys: pytest.CaptureFixture[str]) -> None:
    for leaf in ALL:
        cut = told([*leaf, "--help"], capsys)
        WHOLE.main([*leaf, "--help"], prog_name="commonweal", standalone_mode=False)
        assert cut == (0, *capsys.readouterr())


def test_the_whole_is_left_as_it_was() -> None:
    before = set(leaves(WHOLE))
    for leaf in ALL:
        needed(leaf)
    assert set(leaves(typer.main.get_command(whole()))) == before


def test_a_run_imports_what_it_needs() -> None:
    asked = """
import sys
from commonweal.cli.main import run
run(["--home", "x", "doctor", "--help"])
print(*sorted(name for name in sys.modules if name.startswith("commonweal.cli.")))
"""
    done = subprocess.run([sys.executable, "-c", asked], capture_output=True, text=True, check=True)
    ours = ("app", "doctor", "main", "options", "show")
    assert done.stdout.splitlines()[-1].split() == [f"commonweal.cli.{one}" for one in ours]
