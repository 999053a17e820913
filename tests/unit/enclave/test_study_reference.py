"""The page of the toolkit is that of the code, and says something of everything that is public."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

from commonweal.cli import study_reference
from commonweal.enclave import study
from commonweal.enclave.study import measure

REMEDY = "run `python -m commonweal.cli.study_reference docs/reference`"


def test_the_page_is_what_the_code_says(repository: Path) -> None:
    path = repository / "docs" / "reference" / study_reference.PAGE
    assert path.read_text("utf-8") == study_reference.page(), REMEDY


def test_everything_that_is_public_is_on_it() -> None:
    page = study_reference.page()
    functions = {name for name in study.__all__ if name.islower()} - {"column", "measure"}
    assert [name for name in sorted(functions) if f"### `study.{name}`" not in page] == []
    made = {name for name, one in vars(measure).items()
            if callable(one) and name.islower() and one.__module__ == measure.__name__
            and not name.startswith("_")}  # fmt: skip
    assert [name for name in sorted(made) if f"### `study.measure.{name}`" not in page] == []


def test_it_is_written(tmp_path: Path) -> None:
    study_reference.write(tmp_path)
    assert [one.name for one in tmp_path.iterdir()] == [study_reference.PAGE]


OURS = "commonweal.enclave.study"
DRAWING = "commonweal.foundation.drawing"
BESIDE = frozenset({"duckdb", "pyarrow", "numpy"})


def test_the_toolkit_imports_nothing_of_ours_but_itself(repository: Path) -> None:
    """Not even a neighbour in its room; and of others only what every runtime of jobs has."""
    found: dict[str, set[str]] = {}
    for path in sorted((repository / "src" / "commonweal" / "enclave" / "study").glob("*.py")):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                found.setdefault(path.name, set()).update(alias.name for alias in node.names)
            elif isinstance(node, ast.ImportFrom):
                found.setdefault(path.name, set()).add(str(node.module))
    names = {name for imported in found.values() for name in imported}
    odd = {
        name
        for name in names - {"__future__", "commonweal.enclave"}
        if not name.startswith(OURS)
        and name != DRAWING
        and name.split(".")[0] not in BESIDE
        and name.split(".")[0] not in sys.stdlib_module_names
    }
    assert odd == set()
    assert len(found) > 10


def test_the_drawing_that_it_imports_is_of_the_standard_library(repository: Path) -> None:
    folder = repository / "src" / "commonweal" / "foundation" / "drawing"
    for path in [folder.parent / "__init__.py", *folder.glob("*.py")]:
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Import):
                assert all(one.name.split(".")[0] in sys.stdlib_module_names for one in node.names)
            elif isinstance(node, ast.ImportFrom):
                name = str(node.module)
                assert name.startswith(DRAWING) or name.split(".")[0] in sys.stdlib_module_names


def test_what_lies_above_the_toolkit_imports_nothing(repository: Path) -> None:
    """Python runs these first when a job imports the toolkit."""
    for folder in ("commonweal", "commonweal/enclave"):
        tree = ast.parse((repository / "src" / folder / "__init__.py").read_text("utf-8"))
        imports = [node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom)]
        named = [getattr(node, "module", "") for node in imports]
        assert set(named) <= {"__future__"}
