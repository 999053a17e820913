"""The number of SQL queries of a page does not grow with rows: 3 of each beside 30.

A new app adds its pages to `benchmarks.service.PAGES` and its rows to `fill`.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from benchmarks import service
from commonweal.foundation.clock import SystemClock
from tests.web.test_register_decisions import decided


@pytest.fixture
def long_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """A form of 60 questions in place of one of ours, for this test only."""
    from commonweal.web.applications import contents, presenters
    from commonweal.web.applications.views import forms

    for module in (contents, presenters, forms):
        monkeypatch.setattr(module, "our_library", module.our_library)
    service.use_form(service.long_form(60))


def refused(count: int, name: str) -> None:
    for number in range(count):
        decided(None, application=f"{name}{number}", number=1, outcome="reject")


@pytest.fixture
def committee(db: None, web_home: Path) -> None:
    """The hospital's list of people, as the signer tells the service of it."""
    from commonweal.vault.custody import open_custody
    from commonweal.web.signing.workers import tell_roster

    stores = web_home.with_name("stores")
    with open_custody(web_home, SystemClock(), root_store=stores) as custody:
        tell_roster(custody)


def test_queries_do_not_grow_with_rows(committee: None, long_form: None) -> None:
    """Ten applications have one meeting with an agenda, forty have a full one and more meetings."""
    grown: dict[str, Any] = {}
    reference = service.fill(10, reviewers=2, events=1)
    refused(3, "few")
    few = service.ask(reference)
    service.fill(30, reviewers=8, events=1)
    refused(9, "many")
    many = service.ask(reference)
    assert set(few) == set(many) == {what for what, _, _ in service.PAGES}
    for what, found in many.items():
        if found["queries"] > few[what]["queries"]:
            grown[what] = (few[what]["queries"], found["queries"])
    assert grown == {}
    assert sum(found["queries"] for found in many.values()) > 20


def test_a_page_that_asks_for_each_row_is_found(db: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """The measure itself: a list that looks up each row's organisation one by one."""
    from commonweal.web.applications.models import Application
    from commonweal.web.applications.views import begin

    def slow(row: Any) -> Any:
        return {"title": str(Application.objects.get(pk=row.pk)), "href": "/", "state": "x",
                "reference": row.reference, "organisation": "", "saved": None}  # fmt: skip

    monkeypatch.setattr(begin, "row_of", slow)
    only = [page for page in service.PAGES if page[0] == "my applications"]
    monkeypatch.setattr(service, "PAGES", tuple(only))
    reference = service.fill(3)
    few = service.ask(reference)["my applications"]["queries"]
    service.fill(10)
    assert service.ask(reference)["my applications"]["queries"] == few + 10


def test_the_benchmark_says_how_many_of_each(tmp_path: Path) -> None:
    plain = service.catalogue(0, 3)
    assert [one["id"] for one in plain["datasets"]] == ["d0", "d1", "d2"]
    assert len(service.long_form(service.QUESTIONS).questions()) == 200
    assert (service.DATASETS, service.LARGE, service.EVENTS, service.REVIEWERS) == (
        1_000, 3_000, 20, 100,
    )  # fmt: skip


def test_the_list_of_releases_asks_once_however_many_permits_there_are(
    db: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    from commonweal.web.register.presenters import register_or_none
    from commonweal.web.releases import views

    register = register_or_none()
    assert register is not None
    edward, counts = service._client("edward"), []
    for times in (1, 20):
        many = register.model_copy(update={"entries": register.entries * times})
        monkeypatch.setattr(views, "register_or_none", lambda many=many: many)
        assert edward.get("/releases/").status_code == 200
        with CaptureQueriesContext(connection) as seen:
            edward.get("/releases/")
        counts.append(len(seen))
    assert counts[0] == counts[1]


def test_a_long_list_of_permits_has_a_list_of_its_own(db: None) -> None:
    service.fill(60)
    page = service._client("edward").get("/permits/").content.decode()
    assert "See all that wait" not in page
    assert page.count("house-group") <= 40
    only = service._client("edward").get("/permits/?show=waiting")
    assert only.status_code == 200
    for odd in ("x", "permits&page=9", "agreements&page=-1", "frameworks", "title"):
        assert service._client("edward").get(f"/permits/?show={odd}").status_code in (200, 404)
