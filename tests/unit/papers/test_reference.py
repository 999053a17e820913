"""The generated documentation is the one that the code would write today, and its examples work."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from commonweal.foundation.documents import parse_yaml
from commonweal.foundation.errors import CommonwealError
from commonweal.papers.base import LARGEST
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.cohort import Cohort
from commonweal.papers.permit import Permit, PermitDraft
from commonweal.papers.permit_rules import check_draft
from commonweal.papers.reference import FIELDS, ISSUED_FIELDS, PARTS, fill, main
from commonweal.papers.schemas import PAPERS, schema, schema_files
from commonweal.papers.schemas import main as write_schemas
from tests import factories

PAGES = ("permit.md", "forms.md", "catalogue.md")


def page(repository: Path, name: str) -> str:
    return (repository / "docs" / "reference" / name).read_text("utf-8")


@pytest.mark.parametrize("name", PAGES)
def test_the_page_is_up_to_date(repository: Path, name: str) -> None:
    text = page(repository, name)
    assert fill(text) == text, "run: python -m commonweal.papers.reference docs/reference"


def test_every_generated_part_is_on_a_page(repository: Path) -> None:
    shown = {
        part
        for name in PAGES
        for part in re.findall(r"generated: ([a-z-]+)", page(repository, name))
    }
    assert shown == set(PARTS)


def test_filling_replaces_what_is_there() -> None:
    old = "a\n<!-- generated: states -->\nold\n<!-- end -->\nb"
    assert fill(old) == f"a\n<!-- generated: states -->\n{PARTS['states']()}\n<!-- end -->\nb"
    assert fill(fill(old)) == fill(old)
    with pytest.raises(CommonwealError, match="no generated part nothing"):
        fill("<!-- generated: nothing -->\n<!-- end -->")


def test_the_command_fills_a_folder(tmp_path: Path) -> None:
    (tmp_path / "x.md").write_text("<!-- generated: forms -->\n<!-- end -->\n")
    (tmp_path / "y.md").write_text("nothing\n")
    assert main([str(tmp_path)]) == 0
    assert "age_band" in (tmp_path / "x.md").read_text()
    assert (tmp_path / "y.md").read_text() == "nothing\n"
    assert main([]) == 2


def test_every_field_of_a_permit_is_explained() -> None:
    written = {field.alias or name for name, field in Permit.model_fields.items()}
    drafted = {field.alias or name for name, field in PermitDraft.model_fields.items()}
    assert set(FIELDS) == written
    assert written - drafted == ISSUED_FIELDS


@pytest.mark.parametrize("name", list(PAPERS))
def test_the_schema_is_up_to_date(repository: Path, name: str) -> None:
    file = f"{name}.schema.json"
    committed = (repository / "docs/reference/schemas" / file).read_text("utf-8")
    hint = "run: python -m commonweal.papers.schemas docs/reference/schemas"
    assert committed == schema_files()[file], hint


def test_there_is_no_other_schema(repository: Path) -> None:
    folder = repository / "docs" / "reference" / "schemas"
    assert {path.name for path in folder.iterdir()} == set(schema_files())


def test_the_schemas_can_be_written_and_printed(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert write_schemas([str(tmp_path / "new")]) == 0
    assert {p.name for p in (tmp_path / "new").iterdir()} == set(schema_files())
    assert write_schemas([]) == 0
    assert set(json.loads(capsys.readouterr().out)) == set(PAPERS)
    (tmp_path / "file").write_text("")
    assert write_schemas([str(tmp_path / "file")]) == 1
    assert write_schemas(["a", "b"]) == 2


def test_the_module_runs(tmp_path: Path, repository: Path) -> None:
    command = [sys.executable, "-m", "commonweal.papers.schemas", str(tmp_path)]
    path = {"PYTHONPATH": str(repository / "src"), "PATH": ""}
    subprocess.run(command, check=True, env=path, timeout=60)
    assert len(list(tmp_path.iterdir())) == len(PAPERS)


def numbers(part: Any, place: str) -> Iterator[tuple[str, dict[str, Any]]]:
    """Every number that a schema allows."""
    if isinstance(part, dict):
        if part.get("type") in ("integer", "number") and not {"const", "enum"} & set(part):
            yield place, part
        for key, inner in part.items():
            if key != "profile":
                yield from numbers(inner, f"{place}/{key}")
    elif isinstance(part, list):
        for inner in part:
            yield from numbers(inner, place)


@pytest.mark.parametrize("name", list(PAPERS))
def test_every_number_in_a_paper_has_limits_that_json_can_hold(name: str) -> None:
    for place, part in numbers(schema(name), name):
        assert part.get("minimum", -LARGEST - 1) >= -LARGEST, place
        assert part.get("maximum", LARGEST + 1) <= LARGEST, place


@pytest.mark.parametrize("name", list(PAPERS))
def test_every_paper_is_closed(name: str) -> None:
    made = schema(name)
    for part in [made, *made.get("$defs", {}).values()]:
        if "properties" in part:
            assert part["additionalProperties"] is False


# --- the examples -----------------------------------------------------------------------------


def examples(repository: Path, name: str) -> list[Any]:
    blocks = re.findall(r"```yaml\n(.*?)```", page(repository, name), re.DOTALL)
    return [parse_yaml(block, "The example") for block in blocks]


def test_the_examples_of_the_pages_work_together(repository: Path) -> None:
    (draft_data,) = examples(repository, "permit.md")
    catalogue_data, cohort_data = examples(repository, "catalogue.md")
    catalogue = Catalogue.read(catalogue_data, "The catalogue")
    check_draft(PermitDraft.read(draft_data, "The draft"), catalogue)
    cohort = Cohort.read(cohort_data["cohort"], "The cohort")
    check_draft(
        PermitDraft.read(factories.draft_data(cohort=cohort.plain()), "x"), factories.catalogue()
    )


def test_a_draft_is_the_same_in_yaml_and_in_json(tmp_path: Path) -> None:
    data = factories.draft_data()
    (tmp_path / "d.json").write_text(json.dumps(data))
    (tmp_path / "d.yaml").write_text(yaml.safe_dump(data))
    (tmp_path / "c.yml").write_text(yaml.safe_dump(factories.catalogue_data()))
    assert PermitDraft.load_draft(tmp_path / "d.json") == PermitDraft.load_draft(
        tmp_path / "d.yaml"
    )
    assert Catalogue.load(tmp_path / "c.yml") == factories.catalogue()
    with pytest.raises(CommonwealError, match="CW-FILE-MISSING"):
        PermitDraft.load_draft(tmp_path / "none.yaml")
