"""What every command keeps: exit codes, JSON alone on standard output, never a traceback."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
import typer

from commonweal.cli import main, options, show
from commonweal.cli.app import GROUPS, whole
from commonweal.cli.main import run
from commonweal.foundation.errors import CommonwealError, Refused, WrongUsage
from tests.unit.cli.support import World

NOT_BUILT = [
    "text", "images", "optout", "federate",
]  # fmt: skip


def leaves(command: Any, path: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    children = getattr(command, "commands", {})
    if not children:
        return [path]
    return [leaf for name, one in children.items() for leaf in leaves(one, (*path, name))]


ALL = leaves(typer.main.get_command(whole()))


def test_all_commands_of_this_stage_exist() -> None:
    assert {" ".join(leaf) for leaf in ALL} == {
        "home create", "home accept", "home show", "home policy show", "home policy propose",
        "home policy sign", "home policy adopt", "home policy withdraw", "ledger keys",
        "doctor", "catalogue scan", "catalogue check",
        "permit issue", "permit show", "permit check", "permit status", "permit pause",
        "permit suspend", "permit resume", "permit revoke", "permit close",
        "release plan", "release build", "release verify", "release summary", "release open",
        "release list", "release prove", "release absence", "release check-person",
        "risk measure", "risk attack", "risk authorise", "risk withdraw",
        "ledger verify", "ledger prove", "ledger check-proof", "ledger export",
        "ledger check-export", "ledger sequence", "ledger ask-witnesses", "ledger policy",
        "ledger checker", "ledger witness create", "ledger witness add-log",
        "ledger witness show", "ledger witness serve", "keys create", "keys list", "keys rotate",
        "keys destroy", "backup", "restore", "demo", "serve", "worker", "anonymise",
        "forms list", "forms check", "forms export", "forms import",
        "rules show", "rules write", "rules check", "rules propose",
        "people show", "people propose", "people sign", "people adopt", "people withdraw",
        "patients key show", "patients key publish", "patients key rotate",
        "patients provider set", "patients provider show", "patients provider keys",
        "act show", "act record", "catalogue describe", "catalogue export", "permit signers",
        "release decide", "release inputs", "release refresh", "release retire", "first-account",
        "carry-on",
        "airlock audit", "airlock check", "airlock crate", "airlock download",
        "airlock import-publication", "airlock list", "airlock look", "airlock recall",
        "airlock record", "airlock seal-history", "choices accept-loss", "choices add",
        "choices show", "choices take-back", "choices verify", "choices requests list",
        "choices requests show", "choices requests accept", "choices requests refuse",
        "register check", "register publish",
        "airlock release", "airlock review", "airlock submit", "airlock withdraw",
        "feasibility ask", "feasibility build", "feasibility monthly",
        "noise budget", "noise count", "noise left", "noise people", "noise submit",
        "standing approve", "standing draft", "standing end", "standing give-up", "standing list",
        "standing look", "standing month", "standing propose", "site state", "study bring",
        "study cancel", "study dummy", "study manifest", "study offer", "study references",
        "study status", "study submit", "study work",
    }  # fmt: skip


@pytest.mark.parametrize("name", NOT_BUILT)
def test_what_is_not_built_is_not_there(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run([name]) == 2
    assert capsys.readouterr().err.startswith("CW-USAGE: ")
    run(["--help"])
    assert f"  {name} " not in capsys.readouterr().out


@pytest.mark.parametrize("leaf", ALL, ids=" ".join)
def test_every_command_has_help(leaf: tuple[str, ...], capsys: pytest.CaptureFixture[str]) -> None:
    assert run([*leaf, "--help"]) == 0
    told = capsys.readouterr().out
    assert told.startswith(f"Usage: commonweal {' '.join(leaf)}")


def test_help_lists_each_command_with_a_whole_sentence(capsys: pytest.CaptureFixture[str]) -> None:
    groups = ("permit", "release", "ledger", "keys", "catalogue", "home", "forms", "people", "act")
    for words in ([], *([group] for group in groups)):
        assert run([*words, "--help"]) == 0
        listed = capsys.readouterr().out.split("Commands:")[1]
        assert "..." not in listed, listed


@pytest.mark.parametrize("words", [[], ["permit"], ["ledger"]])
def test_a_group_alone_shows_its_help(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert run(words) == 2
    captured = capsys.readouterr()
    assert captured.out == ""
    assert captured.err.startswith("Usage: commonweal")


@pytest.mark.parametrize(
    "arguments",
    [
        ["permit", "show"],
        ["permit", "show", "a", "b"],
        ["permit", "issue", "x"],
        ["--nonsense"],
        ["demo", "--patients", "many"],
        ["demo", "--patients", "1"],
        ["ledger", "check-proof", "x"],
    ],
)
@pytest.mark.parametrize("as_json", [False, True])
def test_wrong_usage_is_one_sentence(
    arguments: list[str], as_json: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run([*arguments, *(["--json"] if as_json else [])]) == 2
    out, err = capsys.readouterr()
    if as_json:
        assert json.loads(out)["error"]["code"] == "CW-USAGE"
        assert err == ""
    else:
        assert out == ""
        assert err.startswith("CW-USAGE: ")
        assert len(err.splitlines()) == 2


class _Planted:
    """A command that fails in a planted way."""

    def __init__(self, error: BaseException) -> None:
        self.error = error

    def __call__(self, *_: Any, **__: Any) -> int:
        raise self.error


def planted(error: BaseException, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> int:
    monkeypatch.setattr(main, "_invoke", _Planted(error))
    return run(list(arguments))


@pytest.mark.parametrize("debug", [None, "1"])
def test_a_foreign_error_never_shows_its_message(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], debug: str | None
) -> None:
    if debug:
        monkeypatch.setenv("COMMONWEAL_DEBUG", debug)
    assert planted(ValueError("Ada Lovelace 943 476 5919"), monkeypatch) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert "CW-INTERNAL" in err
    assert "ValueError" in err
    assert ("_invoke" in err) is bool(debug)
    assert "Lovelace" not in err
    assert "943" not in err


def test_a_foreign_error_with_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert planted(ZeroDivisionError("secret"), monkeypatch, "--json") == 1
    out, err = capsys.readouterr()
    assert json.loads(out)["error"]["code"] == "CW-INTERNAL"
    assert "secret" not in out + err


@pytest.mark.parametrize("error", [KeyboardInterrupt(), typer.Abort()])
def test_an_interruption_is_130(
    error: BaseException, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    assert planted(error, monkeypatch) == 130
    assert capsys.readouterr().err.startswith("CW-INTERRUPTED: ")


def test_an_error_of_the_system_names_only_the_file(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = OSError(28, "No space left on device", str(Path("a") / "deep" / "name.csv"))
    assert planted(error, monkeypatch) == 1
    assert capsys.readouterr().err == "CW-DISK-FULL: The disk is full while writing name.csv.\n"


def test_a_sentence_cannot_act_on_the_terminal(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = Refused("CW-USAGE", "The file \x1b[2Jx\x07\u202ey is wrong.", remedy="Do\x1b]0;x.")
    assert planted(error, monkeypatch) == 4
    told = capsys.readouterr().err
    assert not [c for c in told if not c.isprintable() and c != "\n"]


def test_the_remedy_comes_with_the_sentence(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    error = WrongUsage("CW-USAGE", "No.", remedy="Say yes.")
    assert planted(error, monkeypatch) == 2
    assert capsys.readouterr().err == "CW-USAGE: No.\n  Say yes.\n"
    assert planted(error, monkeypatch, "--json") == 2
    assert json.loads(capsys.readouterr().out) == {
        "error": {"code": "CW-USAGE", "sentence": "No.", "remedy": "Say yes."}
    }


@pytest.mark.parametrize(
    ("text", "stamped"),
    [
        ("2026-03-02", "2026-03-02T00:00:00+00:00"),
        ("2026-03-02T09:30:00Z", "2026-03-02T09:30:00+00:00"),
        ("2026-03-02T09:30:00+01:00", "2026-03-02T08:30:00+00:00"),
    ],
)
def test_times_are_read(text: str, stamped: str) -> None:
    assert options.moment(text).isoformat() == stamped


@pytest.mark.parametrize(
    "text", ["", "today", "2026-03-02T09:30", "2026-13-01", "0001-01-01", "9999-01-01", "2026"]
)
def test_times_that_could_be_misread_are_refused(text: str) -> None:
    with pytest.raises(WrongUsage, match="CW-USAGE"):
        options.moment(text)


@pytest.mark.parametrize("text", [",", "a,", ",a", "a,,b", " "])
def test_lists_with_empty_names_are_refused(text: str) -> None:
    with pytest.raises(WrongUsage, match="CW-USAGE"):
        options.names(text)


def test_lists_are_read() -> None:
    assert options.names("a, b ,c") == ["a", "b", "c"]
    assert options.names(None) == []


def test_a_table_shows_its_cells_whole(capsys: pytest.CaptureFixture[str]) -> None:
    show.show_table(("name", "[bold]"), [["x" * 150, "[red]y\x1b[0m"], [None, 3]])
    told = capsys.readouterr().out
    assert "x" * 150 in told
    assert "[bold]" in told
    assert "[red]y" in told
    assert "\x1b" not in told


def test_progress_is_quiet_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    for as_json in (True, False):
        with show.steps(as_json) as step:
            step("Reading", 0.5)
            step("Writing")
    assert capsys.readouterr() == ("", "")


def test_the_home_is_found_in_its_order(
    world: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    nowhere = tmp_path / "nowhere"
    assert world.run("home", "show").code == 0
    world.run("--home", nowhere, "home", "show").is_refusal("CW-HOME-MISSING", 3)
    world.run("home", "show", "--home", nowhere).is_refusal("CW-HOME-MISSING", 3)
    assert world.run("--home", nowhere, "home", "show", "--home", world.home).code == 0
    monkeypatch.delenv("COMMONWEAL_HOME")
    told = world.run("home", "show")
    told.is_refusal("CW-HOME-MISSING", 3)
    assert "commonweal home create" in told.err


def test_modules_of_commands_import_nothing_heavy() -> None:
    import subprocess
    import sys

    code = (
        "import sys, commonweal.cli.main;"
        "print([m for m in ('duckdb', 'pydantic', 'pyarrow', 'numpy', 'ibis', 'rich', 'yaml',"
        " 'cryptography', 'sqlite3') if m in sys.modules])"
    )
    source = Path(main.__file__).parents[2]
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, "PYTHONPATH": str(source)},
    )
    assert done.stdout.strip() == "[]"


def test_the_errors_are_ours() -> None:
    assert issubclass(Refused, CommonwealError)
    assert {leaf[0] for leaf in ALL if len(leaf) > 1} == set(GROUPS)
