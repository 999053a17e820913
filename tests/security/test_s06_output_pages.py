"""S6, S4 on the pages: before two people have decided, an author learns nothing of what was found.

Two jobs ask for the same words and the same file. In one every group has dozens of people; the
other shows groups of a few, which fails. Until people have decided, everything that the author's
pages can read must be the same for both: rows, pages, times. The naive twin tells the manifest as
it is, which shows by a file's hash, size and kind what came of the checks.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.web.conftest import Page, db, web_home  # noqa: F401 (fixtures)
from tests.web.outputs.conftest import airlock, released_home  # noqa: F401 (fixtures)
from tests.web.outputs.room import SEXES, SMALL, Airlock, asked, output, person
from tests.web.releases.conftest import browser_of  # noqa: F401 (a fixture)

HIDDEN = frozenset({"digest"})
"""What differs between any two turns: it hangs on a random salt and says nothing (below)."""


@pytest.fixture(name="pair")
def two_jobs(airlock: Airlock) -> Airlock:  # noqa: F811
    """`job-1`, of which nothing is found, and `job-2`, which fails."""
    airlock.job("job-1", sexes_json=SEXES)
    airlock.job("job-2", sexes_json=SMALL)
    return airlock


def row_of(name: str) -> dict[str, Any]:
    """Everything that the author's pages can read of an output, with its own name taken out."""
    from django.forms.models import model_to_dict

    row = output(name)
    told = model_to_dict(row, exclude=["id"])
    plain = json.dumps({key: said for key, said in told.items() if key not in HIDDEN},
                       default=str, sort_keys=True)  # fmt: skip
    return dict(json.loads(plain.replace(name, "JOB")))


def orders_of(name: str) -> list[dict[str, Any]]:
    """Every order of the author's about an output, but for who works on it."""
    from commonweal.web.outputs.models import OutputOrder

    rows = OutputOrder.objects.filter(output=name, asked_by=person("amara")).values(
        "kind", "state", "stage", "lease_until", "attempts", "ended_at", "result", "code",
        "sentence", "wish", "goes_at",
    )  # fmt: skip
    plain = json.dumps(list(rows), default=str, sort_keys=True)
    return list(json.loads(plain.replace(name, "JOB")))


def pages_of(browser: Any, name: str) -> list[str]:
    """What the author's pages say of an output."""
    said = []
    for path in (f"/outputs/{name}/", f"/outputs/ask/{name}/", f"/outputs/ask/{name}/?again=1"):
        answer = browser.get(path)
        text = Page(answer).text if answer.status_code == 200 else answer.get("Location", "")
        said.append(f"{answer.status_code} {text}".replace(name, "JOB"))
    return said


def assert_same(browser: Any) -> None:
    assert orders_of("job-1") == orders_of("job-2")
    assert pages_of(browser, "job-1") == pages_of(browser, "job-2")


def test_nothing_differs_until_two_people_have_decided(
    pair: Airlock,
    browser_of: Callable[[str], Any],  # noqa: F811
) -> None:
    amara = browser_of("amara")
    for name in ("job-1", "job-2"):
        asked(name)
    assert_same(amara)
    pair.work(2)
    assert_same(amara)  # both were checked; neither tells so, nor how long it took
    pair.quarter()
    pair.work(2)
    assert_same(amara)
    assert row_of("job-1") == row_of("job-2")
    for name in ("job-1", "job-2"):
        pair.submitted(name)
    found = {one: output(one).papers.findings for one in ("job-1", "job-2")}
    verdicts = {one: {file["verdict"] for file in said["files"]} for one, said in found.items()}
    assert "fail" in verdicts["job-2"]
    assert "fail" not in verdicts["job-1"]
    assert_same(amara)
    assert row_of("job-1") == row_of("job-2")
    for name in ("job-1", "job-2"):
        pair.vote("tara", name, "return")
        pair.work(2)
    assert_same(amara)  # one vote of each is in, and shows nowhere
    assert row_of("job-1") == row_of("job-2")


def test_the_naive_twin_tells_by_the_manifest(pair: Airlock) -> None:
    """The attack works where the row holds the manifest as it is signed."""
    for name in ("job-1", "job-2"):
        pair.checked(name)
        pair.submitted(name)
    naive = [output(one).papers.manifest["files"] for one in ("job-1", "job-2")]
    assert naive[0] != naive[1]
    ours = [output(one).manifest["files"] for one in ("job-1", "job-2")]
    assert ours[0] == ours[1]
    assert set(ours[0][0]) == {"path", "kind"}


def test_figures_that_could_not_be_made_do_not_show(airlock: Airlock) -> None:  # noqa: F811
    """Whether anybody meets a request hangs on people, so its author reads nothing of it."""
    column = {"table": "admissions", "name": "diagnosis"}
    for name, value in (("job-1", "J45"), ("job-2", "Z99")):
        where = {"column": column, "op": "eq", "value": value}
        airlock.job(name, sexes_json=SEXES | {"table": "admissions", "where": {"where": where}})
        assert airlock.checked(name).state == "done"
    assert orders_of("job-1") == orders_of("job-2")
    assert row_of("job-1") == row_of("job-2")
    for name in ("job-1", "job-2"):
        airlock.submitted(name)
    first, second = (output(one).papers for one in ("job-1", "job-2"))
    assert first.tables != second.tables, "to those who look it does"


def test_the_digest_that_is_signed_cannot_be_tried_out(pair: Airlock) -> None:
    """Two turns of the same words and figures have other digests: a salt of 32 bytes is in them."""
    pair.checked("job-1")
    first = output("job-1").digest
    pair.checked("job-1")
    assert output("job-1").digest != first
    pair.submitted("job-1")
    assert len(output("job-1").papers.findings["salt"]) == 64


def test_the_author_s_pages_never_read_what_was_found() -> None:
    """No page of the author's imports the reviewers' rows."""
    import commonweal.web.outputs as app

    folder = Path(str(app.__file__)).parent
    for name in ("views", "presenters", "forms", "turns", "services", "wishes"):
        text = (folder / f"{name}.py").read_text()
        assert "ReviewPapers" not in text, name
        assert "row.papers" not in text, name
    for page in ("index", "ask", "asked", "output", "withdraw", "macros"):
        assert "papers" not in (folder / "jinja2" / "outputs" / f"{page}.jinja").read_text(), page


def test_a_check_that_breaks_is_told_like_any_other(
    airlock: Airlock,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What breaks over data says no more than that the checks did not end, at the same time."""
    from commonweal.foundation.errors import Fault
    from commonweal.web.outputs.workers import checking

    said = []
    for number, error in enumerate((
        Fault("CW-AUDIT-HISTORY", "Two people of row 3 are 104 years old."),
        ZeroDivisionError("3 people"),
        MemoryError(),
    ), 1):  # fmt: skip
        name = f"job-{number}"
        airlock.job(name)

        def broken(*_: Any, error: Exception = error) -> Any:
            raise error

        monkeypatch.setattr(checking, "check_and_freeze", broken)
        airlock.later(seconds=1)
        order = asked(name)
        airlock.work()
        order.refresh_from_db()
        assert (order.state, order.code, order.sentence) == ("running", "", "")
        airlock.quarter()
        airlock.work()
        order.refresh_from_db()
        said.append((order.state, order.code, order.sentence))
    assert len(set(said)) == 1
    assert said[0][:2] == ("refused", "CW-LEAVING-CHECKS")
