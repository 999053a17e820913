"""The documentation is true where a machine can tell.

Links lead somewhere, commands and options exist, codes and settings are those of the code, named
files are there, every page has a title and is on the map, and no page promises what nobody can
keep (P12).
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import typer

from commonweal.foundation.codes import CODES, RETIRED

REPOSITORY = Path(__file__).resolve().parents[2]
DOCS = REPOSITORY / "docs"
TOP = ("README.md", "SECURITY.md", "CONTRIBUTING.md", "CHANGELOG.md")

_FENCED = re.compile(r"^( *)```(\w*)\n(.*?)^\1```$", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<!!)\[(?:[^\]\[]|\[[^\]]*\])*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#{1,6} +(.+?) *$", re.MULTILINE)
_COMMAND = re.compile(r"commonweal ((?:[a-z][a-z-]*)(?: [a-z][a-z-]*){0,2})(?![\w./])")
_CODE = re.compile(r"\bCW-[A-Z0-9]+(?:-[A-Z0-9]+)*\b(?!-?\*|\.\.\.|-\.)")
_SETTING = re.compile(r"\bCOMMONWEAL_[A-Z][A-Z_]*\b")
_FILE = re.compile(r"`((?:src|tests|docs|examples|requirements|benchmarks)/[\w./*-]+)`")

PROMISES = (
    r"\banonymous\b",
    r"\b(?:fully|completely|truly|totally) (?:anonymi[sz]ed|safe|secure)\b",
    r"\b100 ?% (?:safe|secure|private)\b",
    r"(?<!never totally )\brisk-free\b",
    r"\bcannot be (?:re-)?identified\b",
    r"\bimpossible to (?:re-)?identify\b",
    r"\bguaranteed? (?:anonymity|privacy)\b",
    r"\b(?:unbreakable|unhackable|military-grade|bulletproof)\b",
)
"""What P12 forbids: no promise that cannot be kept."""


@dataclass(frozen=True)
class Page:
    """One Markdown file."""

    path: Path
    text: str

    @property
    def shown(self) -> str:
        """The page's path from the root of the repository."""
        return self.path.relative_to(REPOSITORY).as_posix()

    @property
    def prose(self) -> str:
        """The text without fenced blocks."""
        return _FENCED.sub("", self.text)

    def anchors(self) -> set[str]:
        """The anchors that a reader's browser finds on the page."""
        return {_anchor(heading) for heading in _HEADING.findall(self.prose)}


def _anchor(heading: str) -> str:
    text = re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", heading).replace("`", "").lower()
    return re.sub(r"[^\w\- ]", "", text).replace(" ", "-")


@cache
def pages() -> tuple[Page, ...]:
    """Every page of the documentation, and those at the root."""
    found = [*sorted(DOCS.rglob("*.md")), *(REPOSITORY / name for name in TOP)]
    return tuple(Page(path, path.read_text(encoding="utf-8")) for path in found)


# --- what can be wrong with a page ---------------------------------------------------------------


def title_faults(page: Page) -> Iterator[str]:
    """A page begins with its title, and has one."""
    titles = re.findall(r"^# .+$", page.prose, re.MULTILINE)
    if not page.text.startswith("# ") or len(titles) != 1:
        yield "does not begin with its one title"


def link_faults(page: Page) -> Iterator[str]:
    """Links that lead nowhere inside the repository."""
    for target in _LINK.findall(page.prose):
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = target.partition("#")
        place = (page.path.parent / name).resolve() if name else page.path
        if name and not (place.exists() and place.is_relative_to(REPOSITORY)):
            yield f"links to {target}, which is not there"
            continue
        linked = Page(place, place.read_text(encoding="utf-8")) if name and anchor else page
        if anchor and anchor not in linked.anchors():
            yield f"links to {target}, which has no such heading"


def command_faults(page: Page) -> Iterator[str]:
    """Commands and options that do not exist."""
    for said in _commands_said(page.text):
        bare = re.sub(r"\"[^\"]*\"|'[^']*'", "TEXT", said)
        match = _COMMAND.match(bare)
        words = match[1].split() if match else []
        found = _find(words)
        if found is None:
            yield f"names the command commonweal {' '.join(words)}, which does not exist"
            continue
        options = {name for parameter in found.params for name in parameter.opts}
        options |= {name for parameter in found.params for name in parameter.secondary_opts}
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", bare):
            if option not in {*options, "--help", "--home"}:
                yield f"gives commonweal {' '.join(words)} the option {option}"


def _commands_said(text: str) -> Iterator[str]:
    """What is written as a command: lines of shell blocks (joined at `\\`) and code in prose."""
    for _, language, content in _FENCED.findall(text):
        if language == "sh":
            for line in re.sub(r" *\\\n *", " ", content).split("\n"):
                for part in re.split(r"\|\|?|;|&&|\$\(", line):
                    bare = part.strip().removeprefix("python3 dev.py run -- ")
                    if bare.startswith("commonweal ") and "()" not in bare:
                        yield bare
    for code in re.findall(r"(?<!`)`([^`\n]+)`(?!`)", _FENCED.sub("", text)):
        if re.match(r"commonweal [a-z]", code):
            yield code


@cache
def _root() -> Any:
    from commonweal.cli.app import whole

    return typer.main.get_command(whole())


def _find(words: list[str]) -> Any:
    """The command that these words name, or None; words after a command are its arguments."""
    found = _root()
    for word in words:
        if found is None or not hasattr(found, "commands"):
            break
        found = found.commands.get(word)
    return found


def code_faults(page: Page) -> Iterator[str]:
    """Error codes that the code does not have; retired ones stand in the generated table only."""
    known_here = {*CODES, *(RETIRED if page.path.name == "error-codes.md" else ())}
    for code in sorted(set(_CODE.findall(page.text)) - known_here):
        if not any(known.startswith(f"{code}-") for known in CODES) or f"{code}-*" not in page.text:
            yield f"names {code}, which is no error code"


def setting_faults(page: Page) -> Iterator[str]:
    """Settings that the code does not read."""
    for name in sorted(set(_SETTING.findall(page.text)) - settings_read()):
        yield f"names the setting {name}, which nothing reads"


@cache
def settings_read() -> frozenset[str]:
    """Every environment variable of ours that a string in the source names."""
    found: set[str] = set()
    for path in (REPOSITORY / "src").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            said = node.value if isinstance(node, ast.Constant) else None
            if isinstance(said, str) and _SETTING.fullmatch(said):
                found.add(said)
    return frozenset(found)


def file_faults(page: Page) -> Iterator[str]:
    """Files and folders that are named and not there."""
    for name in sorted(set(_FILE.findall(page.prose))):
        if not any(REPOSITORY.glob(name.rstrip("/"))):
            yield f"names {name}, which is not there"


def promise_faults(page: Page) -> Iterator[str]:
    """Promises that cannot be kept, and words that patients were asked about."""
    flat = " ".join(page.text.split())
    for pattern in PROMISES:
        for match in re.finditer(pattern, flat, re.IGNORECASE):
            yield f"says {match[0]!r}"


RULES: tuple[Callable[[Page], Iterator[str]], ...] = (
    title_faults,
    link_faults,
    command_faults,
    code_faults,
    setting_faults,
    file_faults,
    promise_faults,
)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_no_page_is_wrong(rule: Callable[[Page], Iterator[str]]) -> None:
    faults = [f"{page.shown}: {fault}" for page in pages() for fault in rule(page)]
    assert not faults, "\n".join(faults)


# --- each rule, tried on planted faults ----------------------------------------------------------


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (title_faults, "No title"),
        (title_faults, "## Small title first\n# Title"),
        (title_faults, "# One\n\n# Two"),
        (link_faults, "# T\n[a](nowhere.md)"),
        (link_faults, "# T\n[a](#not-here)"),
        (link_faults, "# T\n[a](../../../outside.md)"),
        (link_faults, "# T\n[`a[0]`](nowhere.md)"),
        (command_faults, "# T\n`commonweal release destroy`"),
        (command_faults, "# T\n`commonweal imagine FILE`"),
        (command_faults, "# T\n```sh\ncommonweal release plan --no-such p\n```"),
        (command_faults, "# T\n`commonweal ledger witness forget DIR`"),
        (command_faults, "# T\n`commonweal ledger witness serve DIR --address A`"),
        (command_faults, "# T\n```sh\ncommonweal release plan \\\n  --no-such p\n```"),
        (command_faults, "# T\n```sh\necho x | commonweal ledger rewind\n```"),
        (command_faults, "# T\n```sh\nexport A=$(commonweal home shew --json)\n```"),
        (code_faults, "# T\n`CW-NO-SUCH`"),
        (code_faults, "# T\nCW-RISK"),
        (setting_faults, "# T\n`COMMONWEAL_" + "NOTHING`"),
        (file_faults, "# T\n`tests/security/test_s99_nothing.py`"),
        (file_faults, "# T\n`src/commonweal/no_such/`"),
        (promise_faults, "# T\nThe data are anonymous."),
        (promise_faults, "# T\nYou are 100 % safe."),
        (promise_faults, "# T\nNobody cannot be\nidentified."),
        (promise_faults, "# T\nIt is risk-free."),
    ],
)
def test_a_planted_fault_is_found(rule: Callable[[Page], Iterator[str]], text: str) -> None:
    assert list(rule(Page(DOCS / "planted.md", text)))


@pytest.mark.parametrize(
    ("rule", "text"),
    [
        (link_faults, "# T\n[a](index.md#by-reader) [b](https://example.org/x)"),
        (link_faults, "# A `b` (c)\n[a](#a-b-c)"),
        (command_faults, "# T\n`commonweal permit check FILE --action release`"),
        (command_faults, "# T\n```sh\ncommonweal --version || true\ncommonweal doctor --json\n```"),
        (code_faults, "# T\n`CW-RISK-LIMIT` and `CW-LEDGER-*`"),
        (promise_faults, "# T\nIt is never totally\nrisk-free."),
    ],
)
def test_what_is_right_passes(rule: Callable[[Page], Iterator[str]], text: str) -> None:
    assert list(rule(Page(DOCS / "planted.md", text))) == []


# --- what must be said ---------------------------------------------------------------------------


def test_every_page_is_on_the_map() -> None:
    index = DOCS / "index.md"
    linked = {
        (DOCS / target.partition("#")[0]).resolve()
        for target in _LINK.findall(index.read_text(encoding="utf-8"))
    }
    there = {*DOCS.rglob("*.md"), *DOCS.rglob("*.json")} - {index}
    assert sorted(str(path.relative_to(DOCS)) for path in there - linked) == []


def test_every_setting_is_documented() -> None:
    page = (DOCS / "reference" / "files.md").read_text(encoding="utf-8")
    assert settings_read() >= {"COMMONWEAL_HOME"}
    assert sorted(name for name in settings_read() if f"`{name}`" not in page) == []


def test_every_command_is_documented() -> None:
    page = (DOCS / "reference" / "commands.md").read_text(encoding="utf-8")
    names = []
    for name, command in _root().commands.items():
        inner = getattr(command, "commands", None)
        names += [name] if inner is None else [f"{name} {one}" for one in inner]
    assert len(names) > 20
    assert [name for name in names if f"commonweal {name}" not in page] == []


SECURITY_ROWS = (
    "S1",
    "S2",
    "S3",
    "S6",
    "S7",
    "S9",
    "S10",
    "S12",
    "S13",
    "S18",
    "S14",
    "S15",
    "S16",
    "S17",
    "S19",
    "S20",
    "S21",
    "S22",
    "P2",
    "P3",
    "P4",
    "P5",
    "P6",
    "P10",
)


@pytest.mark.parametrize("row", SECURITY_ROWS)
def test_each_decision_names_its_code_and_a_test_that_exists(row: str) -> None:
    page = (DOCS / "explanation" / "security-properties.md").read_text(encoding="utf-8")
    lines = [line for line in page.splitlines() if line.startswith(f"| {row} |")]
    assert len(lines) == 1
    named = _FILE.findall(lines[0])
    assert any(name.startswith("src/") for name in named)
    tests = [name for name in named if name.startswith("tests/")]
    assert tests
    for name in tests:
        found = list(REPOSITORY.glob(name))
        assert found, f"{name} is not there"
        assert all("def test_" in path.read_text(encoding="utf-8") for path in found)


def test_every_attack_script_is_named() -> None:
    page = (DOCS / "explanation" / "security-properties.md").read_text(encoding="utf-8")
    named = {path for name in _FILE.findall(page) for path in REPOSITORY.glob(name)}
    scripts = set((REPOSITORY / "tests" / "security").glob("test_[sp][0-9]*.py"))
    assert sorted(path.name for path in scripts - named) == []


def test_decisions_have_numbers_of_their_own_and_the_usual_parts() -> None:
    records = sorted((DOCS / "adr").glob("*.md"))
    numbers = [int(path.name.split("-")[0]) for path in records]
    assert len(numbers) == len(set(numbers))
    for number, path in zip(numbers, records, strict=True):
        text = path.read_text(encoding="utf-8")
        assert text.startswith(f"# ADR {number}: "), path.name
        assert {"## Context", "## Decision"} <= set(text.splitlines()), path.name
        assert re.search(r"^Status: (accepted|replaced by ADR \d+)\.$", text, re.MULTILINE)


def test_dependencies_are_those_of_the_lock() -> None:
    page = (DOCS / "reference" / "dependencies.md").read_text(encoding="utf-8")
    lock = (REPOSITORY / "requirements" / "core.lock").read_text(encoding="utf-8")
    named = re.findall(r"^\| `([a-z0-9-]+)` \|", page, re.MULTILINE)
    locked = re.findall(r"^([A-Za-z0-9._-]+)==", lock, re.MULTILINE)
    assert sorted(named) == sorted(name.lower() for name in locked)


def test_chosen_dependencies_are_those_of_the_project() -> None:
    import tomllib

    page = (DOCS / "reference" / "dependencies.md").read_text(encoding="utf-8")
    chosen = page.split("## Chosen by us")[1].split("\n## ")[0]
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    wanted = [re.split(r"[<>=!~;\[ ]", line)[0] for line in project["dependencies"]]
    assert sorted(re.findall(r"^\| `([a-z0-9-]+)` \|", chosen, re.MULTILINE)) == sorted(wanted)


# --- facts that pages state, held against the code -----------------------------------------------


def test_the_ranges_of_nhs_numbers_are_those_of_the_code() -> None:
    from commonweal.foundation.identifiers import ISSUED, SYNTHETIC, NHSNumber

    page = (DOCS / "reference" / "identifiers.md").read_text(encoding="utf-8")
    rows = re.findall(r"^\| (\d{10}) to (\d{10}) \| .+? \| (.+?) \|$", page, re.MULTILINE)
    taken = {(int(low), int(high)) for low, high, said in rows if said == "yes"}
    synthetic = {(int(low), int(high)) for low, high, said in rows if "demonstration" in said}
    assert taken == set(ISSUED)
    assert synthetic == {SYNTHETIC}
    assert NHSNumber("9990000018").formatted in page


def test_folders_and_files_of_a_home_are_those_of_the_code() -> None:
    from commonweal.vault.custody.holding import CATALOGUES, PERMITS, TRUST
    from commonweal.vault.home import FOLDERS
    from commonweal.vault.release import store

    page = (DOCS / "reference" / "files.md").read_text(encoding="utf-8")
    for name in (*FOLDERS, CATALOGUES, PERMITS):
        assert f"| `{name}/" in page, name
    for name in (TRUST, store.MANIFEST, store.SUMMARY, store.PROOF, store.RISK, store.REPORT):
        assert f"| `{name}`" in page, name
    assert f"<release>{store.AIRLOCK}/" in page


def test_the_example_of_the_tutorial_is_sound_today() -> None:
    from commonweal.papers.catalogue import Catalogue
    from commonweal.papers.permit import PermitDraft
    from commonweal.papers.permit_rules import check_draft

    folder = REPOSITORY / "examples" / "synthea"
    draft = PermitDraft.load_draft(folder / "draft.yaml")
    catalogue = Catalogue.load(folder / "catalogue.yaml")
    assert len(check_draft(draft, catalogue)) == 10
    assert catalogue.datasets[0].source.location == "."
