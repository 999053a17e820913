"""The rules of the house that no other tool checks, from ARCHITECTURE 3 ("Rules").

Sizes of files and functions, what an `__init__` may hold, which module may import which worker,
calls that are banned in the vault, the closed table of error codes, numbers of decision records,
the shape of the locks, and that no text names a place outside the repository. Each rule is a
function from files to faults, tried on planted faults as well as on the repository itself.
"""

from __future__ import annotations

import ast
import re
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from commonweal.foundation.codes import CODES, RETIRED

REPOSITORY = Path(__file__).resolve().parents[2]
SOURCE = REPOSITORY / "src" / "commonweal"

LONGEST_FILE = 550
LONGEST_BY_DECISION = {"src/commonweal/ledger/check_proof.py": 770}
"""Files that may be longer, each with the decision that says why: ADR 0012 (one file to copy)."""
LONGEST_FUNCTION = 70
USUAL_FUNCTION = 45
USUAL_SHARE = 0.95

# ARCHITECTURE 3. A room that is there must be in the plan, and must not be empty.
ROOMS = frozenset(
    {
        *("foundation", "ledger", "papers", "sandbox", "governance", "care", "vault", "enclave"),
        *("airlock", "federation", "wiring", "web", "cli", "demo"),
    }
)
WORKERS_ONLY = frozenset({"vault", "enclave", "airlock", "federation", "wiring"})

SKIPPED_FOLDERS = frozenset({".git", ".venv", ".cache", "__pycache__", "node_modules", "build"})
SKIPPED_PREFIXES = (".venv-", ".ruff", ".mypy", ".pytest", ".hypothesis", ".import_linter")
TEXT = frozenset(
    {".py", ".md", ".toml", ".lock", ".in", ".txt", ".yaml", ".yml", ".json", ".sh", ""}
)

# Put together from parts, so that this file does not hold what it looks for.
INDEX_HOSTS = ("pypi" + ".org", "python" + "hosted.org", "index" + "-url", "docker" + ".io")
MACHINE_PATH = re.compile(r"(?<![\w.:/~])/(?:home|root|Users|work|opt|mnt|srv|private)/[\w.-]+")


def python_files(folder: Path) -> list[Path]:
    """Return the Python files under a folder, in order."""
    return sorted(p for p in folder.rglob("*.py") if not _skipped(p, folder))


def text_files(folder: Path) -> list[Path]:
    """Return the text files that a person wrote or a tool locked, in order."""
    files = (p for p in folder.rglob("*") if p.suffix in TEXT and not _skipped(p, folder))
    return sorted(p for p in files if p.is_file())


def _skipped(path: Path, folder: Path) -> bool:
    parts = path.relative_to(folder).parts
    return any(
        part in SKIPPED_FOLDERS or part.startswith(SKIPPED_PREFIXES) or part.endswith(".egg-info")
        for part in parts
    )


def shown(path: Path) -> str:
    """Return a path as it is shown in a fault: from the repository where it lies there."""
    return str(path.relative_to(REPOSITORY)) if path.is_relative_to(REPOSITORY) else path.name


# --- sizes ------------------------------------------------------------------------------------


def long_files(files: Iterable[Path]) -> list[str]:
    """Name the files that are longer than the house allows."""
    lengths = ((path, len(path.read_text("utf-8").splitlines())) for path in files)
    return [
        f"{shown(path)}: {lines} lines"
        for path, lines in lengths
        if lines > LONGEST_BY_DECISION.get(shown(path), LONGEST_FILE)
    ]


def function_lengths(path: Path) -> Iterator[tuple[str, int]]:
    """Yield each function of a file with its length in lines, its docstring not counted."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            first = node.body[0]
            told = ast.get_docstring(node) is not None
            docstring = (first.end_lineno or 0) - first.lineno + 1 if told else 0
            length = (node.end_lineno or 0) - node.lineno + 1 - docstring
            yield f"{shown(path)}:{node.lineno} {node.name}", length


def test_no_file_is_too_long() -> None:
    places = [SOURCE, REPOSITORY / "tests", REPOSITORY / "benchmarks"]
    assert long_files([REPOSITORY / "dev.py", *(f for p in places for f in python_files(p))]) == []


def test_no_function_is_too_long_and_most_are_short() -> None:
    files = [REPOSITORY / "dev.py", *python_files(SOURCE)]
    lengths = [pair for path in files for pair in function_lengths(path)]
    assert [f"{name}: {n} lines" for name, n in lengths if n > LONGEST_FUNCTION] == []
    usual = sum(n <= USUAL_FUNCTION for _, n in lengths) / len(lengths)
    long = sorted(f"{name}: {n} lines" for name, n in lengths if n > USUAL_FUNCTION)
    assert usual >= USUAL_SHARE, f"too many functions over {USUAL_FUNCTION} lines: {long}"


def test_sizes_are_measured(tmp_path: Path) -> None:
    file = tmp_path / "x.py"
    file.write_text("def f():\n    '''a\n    b'''\n" + "    x = 1\n" * 80 + "x = 1\n" * 500)
    assert list(function_lengths(file)) == [("x.py:1 f", 81)]
    assert long_files([file]) == ["x.py: 583 lines"]


# --- rooms ------------------------------------------------------------------------------------


def init_faults(path: Path) -> list[str]:
    """Say what an `__init__` holds beside its docstring, re-exports and constants' names."""
    tree = ast.parse(path.read_text("utf-8"))
    found = [] if ast.get_docstring(tree) else [f"{shown(path)}: no docstring"]
    for node in tree.body:
        named = isinstance(node, ast.Assign) and all(
            isinstance(target, ast.Name) and re.fullmatch(r"__\w+__", target.id)
            for target in node.targets
        )
        told = isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
        if not (named or told or isinstance(node, ast.Import | ast.ImportFrom)):
            found.append(f"{shown(path)}:{node.lineno}: more than a docstring and re-exports")
    return found


def test_every_room_is_in_the_plan_and_holds_something() -> None:
    folders = [p for p in SOURCE.iterdir() if p.is_dir() and python_files(p)]
    assert {p.name for p in folders} <= ROOMS
    for folder in folders:
        assert (folder / "__init__.py").is_file(), f"{folder.name} has no __init__.py"
        assert [p for p in python_files(folder) if p.name != "__init__.py"], f"{folder.name}: empty"


def test_every_package_is_a_package() -> None:
    folders = {p.parent for p in python_files(SOURCE)}
    assert [shown(p) for p in sorted(folders) if not (p / "__init__.py").is_file()] == []


def test_every_init_holds_a_docstring_and_re_exports_only() -> None:
    files = [p for p in python_files(SOURCE) if p.name == "__init__.py"]
    assert [fault for path in files for fault in init_faults(path)] == []


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ('"""What it is for."""\nfrom a import b\n__all__ = ["b"]\n', 0),
        ("from a import b\n", 1),
        ('"""Doc."""\ndef f(): ...\n', 1),
        ('"""Doc."""\nVALUE = 3\n', 1),
        ('"""Doc."""\nprint()\n', 1),
        ("", 1),
    ],
)
def test_init_rule(tmp_path: Path, text: str, count: int) -> None:
    path = tmp_path / "__init__.py"
    path.write_text(text)
    assert len(init_faults(path)) == count


# --- imports and calls that other tools cannot see --------------------------------------------


def imported(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the line and dotted name of everything a file imports."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield from ((node.lineno, f"{node.module}.{alias.name}") for alias in node.names)


def web_import_faults(web: Path) -> list[str]:
    """Name imports by which the web process would reach the rooms that hold data."""
    found = []
    for path in python_files(web):
        is_worker = path.stem == "workers" or "workers" in path.relative_to(web).parts[:-1]
        for line, name in imported(path):
            parts = name.split(".")
            room = parts[0] == "commonweal" and len(parts) > 1 and parts[1] in WORKERS_ONLY
            worker = parts[:2] == ["commonweal", "web"] and "workers" in parts[2:]
            if (room or worker) and not is_worker:
                found.append(f"{shown(path)}:{line} imports {name}")
    return found


BANNED_CALLS = frozenset({"hash", "create_function", "create_aggregate_function"})
BANNED_SQL = re.compile(r"\b(hash|random)\(", re.IGNORECASE)  # "hash (" is prose


def docstrings(tree: ast.Module) -> set[int]:
    """Return the identities of the nodes that are docstrings."""
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
    bodies = (node.body for node in ast.walk(tree) if isinstance(node, documented) and node.body)
    return {id(body[0].value) for body in bodies if isinstance(body[0], ast.Expr)}


def engine_faults(path: Path) -> list[str]:
    """Name calls on an engine that are not the same everywhere, or that run Python inside it."""
    tree = ast.parse(path.read_text("utf-8"))
    told = docstrings(tree)
    found = []
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
            if node.func.attr in BANNED_CALLS:
                found.append(f"{shown(path)}:{node.lineno} calls .{node.func.attr}()")
        elif (
            isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in told
        ):
            names = BANNED_SQL.findall(node.value)
            found += [f"{shown(path)}:{node.lineno} has {name}() in its SQL" for name in names]
    return found


def test_the_web_reaches_the_rooms_by_its_workers_only() -> None:
    assert web_import_faults(SOURCE / "web") == []


def test_the_web_rule_finds_planted_imports(tmp_path: Path) -> None:
    app = tmp_path / "web" / "projects"
    app.mkdir(parents=True)
    (app / "workers.py").write_text("from commonweal.vault.release import build\n")
    (app / "services.py").write_text(
        "import commonweal.enclave\n"
        "from commonweal.web.projects import workers\n"
        "from commonweal.airlock import check\n"
        "from commonweal.papers import Permit\n"
    )
    assert [fault.split(" imports ")[1] for fault in web_import_faults(tmp_path / "web")] == [
        "commonweal.enclave",
        "commonweal.web.projects.workers",
        "commonweal.airlock.check",
    ]


def test_no_engine_hash_and_no_python_inside_an_engine() -> None:
    rooms = [SOURCE / room for room in ("vault", "enclave", "airlock")]
    files = [path for room in rooms if room.is_dir() for path in python_files(room)]
    assert [fault for path in files for fault in engine_faults(path)] == []


@pytest.mark.parametrize(
    ("line", "count"),
    [
        ("table.column.hash()", 1),
        ("connection.create_function('f', f)", 1),
        ("sql = 'SELECT hash(a) FROM t'", 1),
        ("sql = f'SELECT HASH({column}) FROM t'", 1),
        ("sql = 'SELECT sha256(a) FROM t'", 0),
        ("sentence = 'The hash (SHA-256) is wrong.'", 0),
        ("content_hash(path)", 0),
        ("def f():\n    '''No hash() here.'''", 0),
    ],
)
def test_engine_rule(tmp_path: Path, line: str, count: int) -> None:
    path = tmp_path / "x.py"
    path.write_text(line + "\n")
    assert len(engine_faults(path)) == count


# --- error codes ------------------------------------------------------------------------------

CODE = re.compile(r"CW(?:-[A-Z0-9]+)+")


def codes_used(folder: Path, *, explained: bool = True) -> dict[str, str]:
    """Return each code in a string of the source (docstrings if `explained`), with one place."""
    used: dict[str, str] = {}
    for path in python_files(folder):
        if path.parent == SOURCE / "foundation" and path.stem in ("codes", "codes_outputs"):
            continue
        tree = ast.parse(path.read_text("utf-8"))
        told = set() if explained else docstrings(tree)
        for node in ast.walk(tree):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                for code in CODE.findall(node.value) if id(node) not in told else ():
                    used.setdefault(code, f"{shown(path)}:{node.lineno}")
    return used


def test_every_code_in_the_source_is_in_the_closed_table() -> None:
    unknown = {code: place for code, place in codes_used(SOURCE).items() if code not in CODES}
    assert unknown == {}


def test_every_code_of_the_table_is_used() -> None:
    assert sorted(set(CODES) - set(codes_used(SOURCE, explained=False))) == []


def test_a_retired_code_is_gone() -> None:
    assert set(RETIRED) & (set(CODES) | set(codes_used(SOURCE))) == set()


def test_codes_and_sentences_have_their_shape() -> None:
    assert [code for code in CODES if not CODE.fullmatch(code)] == []
    assert [c for c, text in CODES.items() if not re.fullmatch(r"[A-Z`].*\.", text)] == []


def test_codes_are_found_in_strings_only(tmp_path: Path) -> None:
    text = "'CW-TOLD'\n# CW-NOT-THIS\nraise Refused('CW-RISK-LIMIT', f'{1} CW-A-B')\n"
    (tmp_path / "x.py").write_text(text)
    assert set(codes_used(tmp_path)) == {"CW-TOLD", "CW-RISK-LIMIT", "CW-A-B"}
    assert set(codes_used(tmp_path, explained=False)) == {"CW-RISK-LIMIT", "CW-A-B"}


# --- texts ------------------------------------------------------------------------------------


def decision_faults(folder: Path) -> list[str]:
    """Name decision records with a wrong name or a number used twice."""
    names = sorted(p.name for p in folder.glob("*.md") if p.name.lower() != "readme.md")
    found = [name for name in names if not re.fullmatch(r"\d{4}-[a-z0-9-]+\.md", name)]
    numbers = [int(name[:4]) for name in names if name not in found]
    return found + [f"{n:04}" for n in numbers if numbers.count(n) > 1]


def place_faults(files: Iterable[Path]) -> list[str]:
    """Name texts that hold an absolute path of somebody's machine or a package index's address."""
    found = []
    for path in files:
        for number, line in enumerate(path.read_text("utf-8", "replace").splitlines(), 1):
            words = [
                word for word in INDEX_HOSTS if word in line.lower() and "--no-emit" not in line
            ]
            words += MACHINE_PATH.findall(line)
            found += [f"{shown(path)}:{number} has {word}" for word in words]
    return found


def test_decision_records_have_one_number_each() -> None:
    assert decision_faults(REPOSITORY / "docs" / "adr") == []


def test_decision_rule(tmp_path: Path) -> None:
    for name in ("0001-a.md", "0001-b.md", "0002-c.md", "three.md", "README.md"):
        (tmp_path / name).write_text("x")
    assert decision_faults(tmp_path) == ["three.md", "0001", "0001"]


def test_no_text_names_a_place_outside_the_repository() -> None:
    files = [p for p in text_files(REPOSITORY) if not p.is_relative_to(REPOSITORY / "tests/data")]
    assert len(files) > 10
    assert place_faults(files) == []


def test_place_rule(tmp_path: Path) -> None:
    file = tmp_path / "x.md"
    bad = ["see /ho" + "me/anna/x", "'/wo" + "rk/main'", "https://" + INDEX_HOSTS[0] + "/simple"]
    good = ["src/home/page", "https://example.org/home/page", "/usr/lib/postgresql", "~/work/x"]
    file.write_text("\n".join(bad + good))
    assert [fault.split()[0] for fault in place_faults([file])] == ["x.md:1", "x.md:2", "x.md:3"]


# --- locks ------------------------------------------------------------------------------------


def pins(name: str) -> dict[str, str]:
    """Return the versions that a lock pins."""
    text = (REPOSITORY / "requirements" / f"{name}.lock").read_text("utf-8")
    return dict(re.findall(r"^([a-z0-9._-]+)==([^\s;]+)", text, re.MULTILINE))


def declared(extra: str | None = None) -> set[str]:
    """Return the names of the packages that pyproject.toml asks for."""
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text("utf-8"))["project"]
    asked = project["optional-dependencies"][extra] if extra else project["dependencies"]
    return {re.split(r"[^A-Za-z0-9._-]", line)[0].lower() for line in asked}


def test_the_locks_agree_and_hold_what_is_declared() -> None:
    core, dev, build = pins("core"), pins("dev"), pins("build")
    assert declared() <= set(core)
    assert declared("dev") <= set(dev)
    assert core.items() <= dev.items()
    assert "hatchling" in build
    assert {n: v for n, v in build.items() if dev.get(n, v) != v} == {}


def test_the_tools_to_compare_with_are_in_no_environment_of_ours() -> None:
    peers = pins("peers")
    asked = (REPOSITORY / "requirements" / "peers.in").read_text("utf-8")
    wanted = dict(re.findall(r"^([a-z0-9-]+)==(\S+)$", asked, re.MULTILINE))
    assert set(wanted) == {"pycanon", "anjana"}
    assert wanted.items() <= peers.items()
    for name in ("core", "dev", "build", "spark"):
        assert {"pandas", *wanted}.isdisjoint(pins(name))


def test_the_lock_of_spark_comes_on_top_of_the_others() -> None:
    spark = pins("spark")
    assert declared("spark") <= set(spark)
    assert not set(spark) & (set(pins("dev")) | set(pins("build")))
    assert "setuptools" in pins("build")  # it builds PySpark, which is no wheel


@pytest.mark.parametrize("name", ["core", "dev", "build", "peers", "spark", "study", "oracles"])
def test_each_pin_has_hashes_and_no_address(name: str) -> None:
    text = (REPOSITORY / "requirements" / f"{name}.lock").read_text("utf-8")
    assert "://" not in text
    blocks = re.split(r"\n(?=[a-z0-9])", text.strip())
    # One package may stand twice, each time for other versions of Python.
    assert {block.split("==")[0] for block in blocks} == set(pins(name))
    assert [b.split()[0] for b in blocks if not re.search(r"--hash=sha256:[0-9a-f]{64}", b)] == []
