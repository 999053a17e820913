"""Looking for projects: boxes and words, whatever is typed, and no work that grows with it."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from django.http import QueryDict

from commonweal.foundation.clock import FixedClock
from tests.web import register_rows

NOW = datetime(2026, 6, 1, 12, tzinfo=UTC)
COUNT = 40


@pytest.fixture
def many(db: None, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    """A register of `COUNT` projects in the place of the home's."""
    return use(register_rows.entries(COUNT), tmp_path, monkeypatch)


def use(rows: list[dict[str, Any]], folder: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    from commonweal.web.register import presenters

    path = register_rows.write(folder / "register.json", rows)
    monkeypatch.setattr(presenters, "register_file", lambda: path)
    return presenters.whole_or_none()


def found(whole: Any, asked: str, now: datetime = NOW) -> list[str]:
    from commonweal.web.register.finding import found_projects, snapshot

    rows = found_projects(snapshot(whole, now), QueryDict(asked))
    return [one.line.entry.id for one in rows]


def twin(whole: Any, asked: QueryDict, now: datetime) -> list[str]:
    """The same, entry by entry and straight from the permits."""
    from commonweal.web.register.presenters import stage_of

    kept = []
    for one in reversed(whole.register.entries):
        permit = one.permit
        ai = bool(set(permit["purposes"]) & {"ai_research", "ai_train", "ai_test"})
        is_ = {
            "stage": {stage_of(one, now)}, "purpose": set(permit["purposes"]),
            "kind": {permit["organisation"]["kind"]}, "ai": {"yes" if ai else "no"},
            "company": {"yes" if permit["organisation"]["kind"] == "company" else "no"},
            "year": {permit["from"][:4]},
        }  # fmt: skip
        boxes = all(not asked.getlist(k) or set(asked.getlist(k)) & v for k, v in is_.items())
        said = (permit["project"]["title"], permit["project"]["lay_summary"],
                permit["organisation"]["name"], one.id)  # fmt: skip
        text = " ".join(said).casefold()
        if boxes and all(word in text for word in asked.get("q", "").casefold().split()):
            kept.append(one.id)
    return kept


def test_boxes_and_words_find_what_a_plain_loop_finds(many: Any) -> None:
    chance = random.Random(7)
    values = {
        "stage": ["planned", "active", "paused", "ended"], "purpose": register_rows.PURPOSES,
        "kind": register_rows.KINDS, "ai": ["yes", "no"], "company": ["yes", "no"],
        "year": [str(year) for year in range(2020, 2028)], "q": ["study 1", "INSTITUTE", "zzz"],
    }  # fmt: skip
    hits = 0
    for _ in range(150):
        asked = QueryDict(mutable=True)
        for group in chance.sample(sorted(values), chance.randint(1, 4)):
            most = 1 if group == "q" else 2
            asked.setlist(group, chance.sample(list(values[group]), chance.randint(1, most)))
        now = NOW + timedelta(days=chance.randint(-900, 900))
        said = found(many, asked.urlencode(), now)
        assert said == twin(many, asked, now), asked
        hits += bool(said)
    assert hits > 40


@pytest.mark.parametrize(
    ("asked", "is_found"),
    [
        ("q=STUDY+7+of", True),
        ("q=%EF%BD%93%EF%BD%94%EF%BD%95%EF%BD%84%EF%BD%99", True),  # of full width
        ("q=stu%E2%80%8Bdy", True),  # a blank of no width inside
        ("q=stu%C2%ADdy", True),  # a soft hyphen inside
        ("q=%00study", False),
        ("q=%27+OR+1%3D1+--", False),
        ("q=%3Cscript%3E", False),
        ("q=.*", False),
        ("q=%25", False),
        ("q=%F0%9F%98%80", False),
        ("q=%ED%A0%80", False),  # half of a pair
        ("q=%E2%80%AEyduts", False),  # written backwards
        ("q=" + "study+" * 300, True),
        ("q=" + "x" * 5_000, False),
        ("q=++", True),
        ("year=%F0%9F%98%80", False),
        ("kind=company%27--", False),
        ("stage=", False),
    ],
)
def test_hostile_searches_find_or_do_not_and_nothing_breaks(
    many: Any, client: Any, asked: str, is_found: bool
) -> None:
    assert bool(found(many, asked)) is is_found
    answer = client.get(f"/projects/?{asked}")
    assert answer.status_code in (200, 400)
    if answer.status_code == 200:
        text = answer.content.decode()
        assert "<script>" not in text
        assert ("No project fits" in text) is not is_found


def test_what_was_typed_and_ticked_stays(many: Any, client: Any) -> None:
    text = client.get("/projects/?q=Study+%3Cb%3E+1&kind=company&ai=no&year=2023").content.decode()
    assert 'value="Study &lt;b&gt; 1"' in text
    assert text.count("checked>") == 3
    long = "ä" * 900
    assert long in client.get("/projects/", {"q": long}).content.decode()
    paged = client.get("/projects/?company=no&q=study").content.decode()
    assert "?company=no&amp;q=study&amp;page=2" in paged


def test_a_list_is_made_anew_at_the_moment_something_changes_and_not_before(
    many: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    from commonweal.web.register import finding

    made = []
    real = finding._made

    def counted(*some: Any) -> Any:
        made.append(some)
        return real(*some)

    monkeypatch.setattr(finding, "_made", counted)
    start = datetime(2027, 3, 31, 22, 59, 59, tzinfo=UTC)  # London is an hour ahead by then
    for seconds in (0, 0, 0, 1, 1, 2):
        finding.snapshot(many, start + timedelta(seconds=seconds))
    assert len(made) == 2
    assert found(many, "stage=active", start) != found(
        many, "stage=active", start + timedelta(seconds=1)
    )


def test_pages_ask_the_database_as_often_for_400_projects_as_for_4(
    db: None, client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch,
    at: Any,
) -> None:  # fmt: skip
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    at(FixedClock(NOW))
    addresses = ("/projects/", "/projects/?kind=company&year=2024&q=study", "/projects/companies/",
                 "/projects/projects.csv", "/projects/projects.hdruk.json", "/projects/open-data/",
                 "/projects/projects.atom", "/projects/refused.json")  # fmt: skip
    counted = []
    for count in (4, 400):
        use(register_rows.entries(count), tmp_path, monkeypatch)
        for address in addresses:
            assert client.get(address).status_code == 200, address
        seen = []
        for address in addresses:
            with CaptureQueriesContext(connection) as asked:
                client.get(address)
            seen.append(len(asked))
        counted.append(seen)
    assert counted[0] == counted[1]
    assert max(counted[1]) <= 3


def test_a_page_of_the_list_looks_at_its_own_rows_only(
    client: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: Any
) -> None:
    from commonweal.web.register import finding, presenters

    at(FixedClock(NOW))
    use(register_rows.entries(300), tmp_path, monkeypatch)
    client.get("/projects/")
    shown = []
    real = presenters.project_shown

    def counted(*some: Any) -> Any:
        shown.append(some)
        return real(*some)

    monkeypatch.setattr(finding, "project_shown", counted)
    for module, name in ((presenters, "_line"), (finding, "one_each"), (finding, "facets")):
        monkeypatch.setattr(module, name, lambda *_: pytest.fail("the whole list was walked"))
    client.get("/projects/?page=3")
    assert len(shown) == 10
