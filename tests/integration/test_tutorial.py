"""The tutorial, run command by command, and its output held against what the page shows.

Every `sh` block of `docs/tutorial/first-release.md` runs in order in one shell, in a home of its
own. A `text` block after it is what the page says the commands print: `…` stands for what differs
from run to run, and a line that is only `…` for any lines. Figures that differ are shown to the
reader as they were once, and named before the block: `<!-- differs: 3,840 486 -->`.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

PAGE = "docs/tutorial/first-release.md"
ENTRY = "import sys; from commonweal.cli.main import run; sys.exit(run())"
_FENCE = re.compile(
    r"^(?:<!-- differs: ([0-9, ]+) -->\n)?```(\w*)\n(.*?)^```$", re.MULTILINE | re.DOTALL
)


@dataclass(frozen=True)
class Block:
    """Commands of the page, and what it says they print (None where it says nothing)."""

    line: int
    commands: str
    shown: str | None
    differs: tuple[str, ...] = ()


def blocks(text: str) -> list[Block]:
    """The blocks of a page, in order."""
    found: list[Block] = []
    for fence in _FENCE.finditer(text):
        differs, language, content = (fence[1] or "").split(), fence[2], fence[3]
        if language == "sh":
            found.append(Block(text.count("\n", 0, fence.start()) + 1, content, None))
        elif language == "text":
            last = found.pop()
            assert last.shown is None, f"two outputs follow the commands of line {last.line}"
            found.append(Block(last.line, last.commands, content, tuple(differs)))
    return found


def run_blocks(found: list[Block], repository: Path, work: Path) -> list[tuple[int, str]]:
    """Exit code and output of each block; the first that fails is the last."""
    home = work / "me"
    home.mkdir(mode=0o700, parents=True)
    script = ["cw_run() {", '  case "$1" in', f'    commonweal) shift; {_entry()} "$@" ;;']
    script += [f'    python) shift; "{sys.executable}" "$@" ;;', "  esac", "}"]
    # What the page opens in memory goes also when a block fails before the page deletes it.
    script += ["""trap '[ -z "${OPEN:-}" ] || rm -rf "$OPEN"' EXIT"""]
    for place, block in enumerate(found):
        commands = block.commands.replace("python3 dev.py run -- ", "cw_run ")
        script += ["{", commands.rstrip("\n"), f"}} > {work}/out.{place} 2>&1 < /dev/null"]
        script += [f"code=$?; echo $code > {work}/code.{place}; [ $code = 0 ] || exit 1"]
    environment = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(repository / "src"),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
    }
    bash = shutil.which("bash") or "/bin/bash"
    subprocess.run(
        [bash, "-c", "\n".join(script)], cwd=repository, env=environment, check=False, timeout=280
    )
    done = [work / f"code.{place}" for place in range(len(found))]
    return [
        (int(code.read_text()), (work / f"out.{place}").read_text())
        for place, code in enumerate(done)
        if code.exists()
    ]


def _entry() -> str:
    return f"\"{sys.executable}\" -c '{ENTRY}'"  # as the installed command does


def matches(shown: str, printed: str, differs: tuple[str, ...] = ()) -> bool:
    """True if `printed` is what the page shows, line by line."""
    pattern = ""
    for line in shown.rstrip("\n").split("\n"):
        if line.strip() == "…":
            pattern += r"(?:[^\n]*\n)*?"
        else:
            pattern += _pattern(line.rstrip(), differs) + r"[ \t]*\n"
    return re.fullmatch(pattern, printed.rstrip("\n") + "\n") is not None


def _pattern(line: str, differs: tuple[str, ...]) -> str:
    parts = re.split(r"(…|(?<![\w.,])[0-9][0-9,]*(?![\w]))", line)
    said = {"…": r"[^\n]*?", **dict.fromkeys(differs, r"[0-9][0-9,]*")}
    return "".join(said.get(part) or re.escape(part) for part in parts)


@pytest.mark.parametrize(
    ("shown", "printed", "same"),
    [
        ("490 of 12\n", "491 of 12\n", True),
        ("490 of 12\n", "490 of 13\n", False),
        ("490 of 12\n", "many of 12\n", False),
        ("a\n", "a\n", True),
        ("a\n", "a\nb\n", False),
        ("a\n…\n", "a\nb\nc\n", True),
        ("a\n…\nz\n", "a\nz\n", True),
        ("a\n…\nz\n", "a\nb\ny\n", False),
        ("took … seconds.\n", "took 3.1 seconds.\n", True),
        ("took … seconds.\n", "took 3.1\nseconds.\n", False),
        ("took … seconds.\n", "took 3.1 minutes.\n", False),
        ("a.c\n", "abc\n", False),
    ],
)
def test_only_what_is_marked_may_differ(shown: str, printed: str, same: bool) -> None:
    assert matches(shown, printed, ("490",)) is same


def test_every_command_of_the_tutorial_does_what_the_page_shows(
    repository: Path, tmp_path: Path
) -> None:
    found = blocks((repository / PAGE).read_text(encoding="utf-8"))
    assert len(found) >= 20
    results = run_blocks(found, repository, tmp_path)
    faults = []
    for block, (code, printed) in zip(found, results, strict=False):
        if code != 0:
            faults.append(f"{PAGE}:{block.line} ended with {code}:\n{printed}")
        elif block.shown is not None and not matches(block.shown, printed, block.differs):
            faults.append(f"{PAGE}:{block.line} shows\n{block.shown}\nbut it printed\n{printed}")
    assert not faults, "\n".join(faults)
    assert len(results) == len(found)
