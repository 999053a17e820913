"""Pages of the documentation, run command by command, and their output held against the page.

Every `sh` block of a page runs in order in one shell. A `text` block right after it is what the
page says the commands print: `…` stands for what differs from run to run, and a line that is only
`…` for any lines. Figures that differ are shown to the reader as they were once, and named before
the block: `<!-- differs: 3,840 486 -->`. A block that cannot run here says why in a line before it:
`<!-- not run: it needs … -->`.

`commonweal` is a child of the server of `tests/prefork.py`, or where a test asks for `fresh` a new
interpreter, as it is for a reader.
"""

from __future__ import annotations

import os
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from tests import prefork
from tests.prefork_client import ENTRY

_FENCE = re.compile(
    r"^(?P<indent> *)(?:<!-- (?P<note>differs|not run): (?P<said>[^\n]+) -->\n(?P=indent))?"
    r"```(?P<language>\w*)\n(?P<content>.*?)^(?P=indent)```$",
    re.MULTILINE | re.DOTALL,
)


@dataclass(frozen=True)
class Block:
    """Commands of the page, and what it says they print (None where it says nothing)."""

    line: int
    commands: str
    shown: str | None = None
    differs: tuple[str, ...] = ()


@dataclass(frozen=True)
class Stage:
    """What a page takes for granted.

    `words`: what stands in its commands for a reader's own names, and what it is here. `before`:
    what a reader has done before the first block that holds this text.
    """

    words: Mapping[str, str] = field(default_factory=dict)
    before: Mapping[str, str] = field(default_factory=dict)

    def commands(self, block: Block) -> str:
        """The commands as they are run here."""
        text = block.commands
        done = [given for place, given in self.before.items() if place in text]
        for word, here in self.words.items():
            text = re.sub(rf"(?<![\w-]){re.escape(word)}(?![\w-])", lambda _, to=here: to, text)
        return "\n".join([*done, text.replace("python3 dev.py run -- ", "cw_run ").rstrip("\n")])


def blocks(text: str) -> list[Block]:
    """The blocks of a page that are run, in order. A `text` block right after one is its output."""
    found: list[Block] = []
    end = None
    for fence in _FENCE.finditer(text):
        line = text.count("\n", 0, fence.start()) + 1
        content = re.sub(rf"^{fence['indent']}", "", fence["content"], flags=re.MULTILINE)
        follows = end is not None and not text[end : fence.start()].strip()
        if fence["language"] == "sh" and fence["note"] != "not run":
            found.append(Block(line, content))
            end = fence.end()
        elif fence["language"] == "text" and follows:
            last = found.pop()
            differs = tuple((fence["said"] or "").split())
            found.append(Block(last.line, last.commands, content, differs))
    return found


def run_blocks(
    found: Sequence[Block],
    repository: Path,
    work: Path,
    *,
    stage: Stage | None = None,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    fresh: bool = False,
) -> list[tuple[int, str]]:
    """Exit code and output of each block; the first that fails is the last.

    `work`: a new folder for outputs and the account's home; `folder`: where the shell starts
    (default: the repository); `fresh`: a new interpreter for each command.
    """
    entry = (sys.executable, "-c", ENTRY) if fresh else prefork.command()
    home = work / "me"
    home.mkdir(mode=0o700, parents=True)
    script = ["cw_run() {", '  case "$1" in', f'    commonweal) shift; {shlex.join(entry)} "$@" ;;']
    script += [f'    python) shift; "{sys.executable}" "$@" ;;', "  esac", "}"]
    script += ['commonweal() { cw_run commonweal "$@"; }']
    # What the page opens in memory goes also when a block fails before the page deletes it.
    told = f'[ -z "${{AT:-}}" ] || echo $code > {work}/code.$AT'
    script += [f"""trap 'code=$?; [ -z "${{OPEN:-}}" ] || rm -rf "$OPEN"; {told}' EXIT"""]
    for place, block in enumerate(found):
        # A command that fails in the middle of a block ends the block, and the page.
        script += [f"AT={place}; set -e", "{", (stage or Stage()).commands(block)]
        script += [f"}} > {work}/out.{place} 2>&1 < /dev/null"]
        script += [f"set +e; AT=; echo 0 > {work}/code.{place}"]
    surroundings = {
        "HOME": str(home),
        "PATH": os.environ["PATH"],
        "PYTHONPATH": str(repository / "src"),
        "LC_ALL": "C.UTF-8",
        "TZ": "UTC",
        **(environment or {}),
    }
    bash = shutil.which("bash") or "/bin/bash"
    subprocess.run(
        [bash, "-c", "\n".join(script)],
        cwd=folder or repository,
        env=surroundings,
        check=False,
        timeout=280,
    )
    done = [work / f"code.{place}" for place in range(len(found))]
    return [
        (int(code.read_text()), (work / f"out.{place}").read_text())
        for place, code in enumerate(done)
        if code.exists()
    ]


def faults(page: str, found: Sequence[Block], results: Sequence[tuple[int, str]]) -> list[str]:
    """What did not go as the page shows it, each with the page's line."""
    said = []
    for block, (code, printed) in zip(found, results, strict=False):
        if code != 0:
            said.append(f"{page}:{block.line} ended with {code}:\n{printed}")
        elif block.shown is not None and not matches(block.shown, printed, block.differs):
            said.append(f"{page}:{block.line} shows\n{block.shown}\nbut it printed\n{printed}")
    if not said and len(results) != len(found):
        said.append(f"{page}: {len(found)} blocks, and only {len(results)} were run")
    return said


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
