"""When `commonweal demo` stays to serve: asked to, or on a terminal; never beside `--json`."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from commonweal.cli import demonstration, serving
from commonweal.cli.main import run


class Told:
    """What the walk-through comes back with."""

    home = Path("made")

    def plain(self) -> dict[str, Any]:
        return {"home": "made"}

    def sentences(self) -> list[str]:
        return ["Done."]


@pytest.mark.parametrize(
    ("arguments", "terminal", "stays"),
    [
        ([], False, False),
        ([], True, True),
        (["--serve"], False, True),
        (["--no-serve"], True, False),
        (["--json"], True, False),
        (["--json", "--serve"], False, True),
    ],
)
def test_it_stays_when_it_should(
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    arguments: list[str],
    terminal: bool,
    stays: bool,
) -> None:
    served: list[tuple[Path, int]] = []
    monkeypatch.setattr("commonweal.demo.walkthrough.story.run", lambda **_: Told())
    monkeypatch.setattr(
        demonstration, "serve_home", lambda home, *, port: served.append((home, port))
    )
    monkeypatch.setattr(sys.stdout, "isatty", lambda: terminal, raising=False)
    assert run(["demo", "--port", "8123", *arguments]) == 0
    assert served == ([(Path("made"), 8123)] if stays else [])
    assert ("Done." in capsys.readouterr().out) is ("--json" not in arguments)


def test_serve_without_the_extra_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    monkeypatch.setattr("commonweal.web.supervisor.importlib.util.find_spec", lambda _: None)
    assert run(["--home", str(tmp_path), "serve"]) == 2
    said = capsys.readouterr().err
    assert "CW-WEB-EXTRA" in said
    assert "commonweal[web]" in said
    assert serving.PORT == 8000
