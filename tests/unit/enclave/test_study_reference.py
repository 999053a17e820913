"""The page of the toolkit is that of the code, and says something of everything that is public."""

from __future__ import annotations

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
