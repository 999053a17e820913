"""The application that a demonstration begins with, so that nobody has to type it to go on."""

from __future__ import annotations

import json
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from commonweal.demo.walkthrough.application import LEAD, write_example
from commonweal.foundation.errors import Fault
from commonweal.web.config.environment import EXAMPLE

TODAY = date(2026, 3, 2)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_example(tmp_path / "web", tmp_path / "documents", 300, TODAY)
    return tmp_path / "web"


def begun(folder: Path) -> Any:
    from commonweal.web.applications.example import begin_example

    return begin_example(folder)


def test_it_is_the_leads_and_is_filled_in(db: None, folder: Path) -> None:
    from commonweal.web.applications.contents import held
    from commonweal.web.applications.models import Application

    assert begun(folder) == 1
    row = Application.objects.get()
    assert (row.begun_by.public_id, row.state) == (LEAD, "draft")
    plain = json.loads((folder / EXAMPLE).read_text())
    assert held(row.draft).typed == plain["content"]
    assert row.draft.forms.keys() == plain["forms"].keys() != set()
    assert row.draft.title == "Heart and sugar"


def test_the_documents_are_those_that_it_names(folder: Path) -> None:
    import hashlib

    named = json.loads((folder / EXAMPLE).read_text())["content"]["documents"]
    there = {
        path.stem: "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()
        for path in (folder.parent / "documents").iterdir()
    }
    assert there == {one["id"]: one["sha256"] for one in named} != {}


def test_it_is_begun_once_and_never_beside_others(db: None, folder: Path) -> None:
    from commonweal.web.applications.models import Application

    assert [begun(folder), begun(folder)] == [1, 0]
    assert Application.objects.count() == 1


def test_a_home_without_one_begins_none(db: None, tmp_path: Path) -> None:
    assert begun(tmp_path) == 0


@pytest.mark.parametrize(
    "wrong",
    [
        "",
        "[]",
        "{}",
        '{"person": "amara"}',
        '{"person": "amara", "content": {}, "forms": []}',
        '{"person": "amara", "content": [], "forms": {}}',
        '{"person": "nobody", "content": {}, "forms": {}}',
    ],
)
def test_a_file_that_is_none_is_refused(db: None, tmp_path: Path, wrong: str) -> None:
    from commonweal.web.applications.models import Application

    (tmp_path / EXAMPLE).write_text(wrong)
    with pytest.raises(Fault):
        begun(tmp_path)
    assert not Application.objects.exists()
