"""S14 and S12 where releases are planned and built in the service.

A data manager is curious about a neighbour: they plan before and after the neighbour said no, and
compare everything that the service ever shows. The naive twin keeps the report of the vault in the
order and prints it: one person less in one line, one more in another, and the neighbour's choice is
known. Ours lets out what a `ReleaseSummary` may say, and nothing else.

And somebody revokes a permit while its release is being built: the naive twin asked when the order
was taken up, and releases.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.papers.release import AppliedChoices, PeopleCounts, RiskFigures
from commonweal.papers.release.planned import PlanSummary, planned
from tests.web.conftest import Page, client, db, sign_in, web_home  # noqa: F401 (fixtures)
from tests.web.releases.conftest import browser_of, room  # noqa: F401 (fixtures)
from tests.web.releases.room import LIVE, Room, as_planned, ask, order, release
from tests.web.releases.room import planned as plan_in

# --- one neighbour's choice -----------------------------------------------------------------------


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """The exact reports that the vault made: what a naive service would have kept."""
    from commonweal.web.releases import workers

    reports: list[Any] = []
    real = workers.plan_release

    def listening(*given_: Any, **more: Any) -> Any:
        reports.append(real(*given_, **more))
        return reports[-1]

    monkeypatch.setattr(workers, "plan_release", listening)
    return reports


def naive_page(report: Any) -> str:
    """The twin: the counts of the worker's report, kept with the order and shown."""
    return json.dumps(report.plain()["patients"], sort_keys=True)


def everything_shown(browser: Any) -> str:
    """All that the pages say, without times and the forgery token."""
    found = []
    for path in ("/releases/", f"/releases/{LIVE}/", f"/releases/{LIVE}/build"):
        html = browser.get(path).content.decode()
        html = re.sub(r'name="csrfmiddlewaretoken" value="[^"]*"', "", html)
        found.append(re.sub(r"\d{1,2}:\d\d[ap]m", "", html))
    return "\n".join(found)


def test_a_neighbour_s_opt_out_changes_the_naive_page_and_not_ours(
    room: Room,  # noqa: F811
    browser_of: Callable[[str], Any],  # noqa: F811
    heard: list[Any],
) -> None:
    from commonweal.web.releases.models import Order

    farah = browser_of("farah")
    neighbour = room.tables["patients"][7]["nhs_number"]
    shown, kept = [], []
    for out in ([], [neighbour]):
        room.choose(out=out)
        made = plan_in(room)
        assert made.state == "done"
        shown.append(everything_shown(farah))
        result = {**made.result, "planned_at": ""}
        kept.append(json.dumps(result, sort_keys=True))
    naive = [naive_page(one) for one in heard]
    assert naive[0] != naive[1]
    assert '"not_allowed_nationally": 1' in naive[1]
    assert shown[0] == shown[1]
    assert kept[0] == kept[1]
    assert not re.search(r"\b(59|60 people|58|61)\b", Page(farah.get(f"/releases/{LIVE}/")).text)
    assert Order.objects.count() == 2


def test_no_exact_figure_is_in_any_row_of_the_service(
    room: Room,  # noqa: F811
    heard: list[Any],
) -> None:
    """Whoever owns the database of the service: every number in it is rounded or no count."""
    from commonweal.web.releases.models import Order, Release

    room.people = 57
    room.furnish()
    room.choose(out=[room.tables["patients"][3]["nhs_number"]])
    plan_in(room)
    ask("build")
    room.work()
    assert heard[0].patients["considered"] == 57
    assert heard[0].patients["released"] == 56
    rows = [one.result for one in Order.objects.all()]
    row = Release.objects.get()
    for told in (*rows, row.plan, row.shown):
        for name, count in numbers(told):
            assert count % 10 == 0 or name in ("plan", "summary", "sequence"), (name, count)


def numbers(told: Any, name: str = "") -> Iterator[tuple[str, int]]:
    """Every whole number in JSON values, with the name that it has."""
    if isinstance(told, dict):
        for key, value in told.items():
            yield from numbers(value, key)
    elif isinstance(told, list):
        for value in told:
            yield from numbers(value, name)
    elif isinstance(told, int | float) and not isinstance(told, bool):
        yield name, told  # type: ignore[misc]


FIGURES = {
    "patients": 90, "classes": 9, "k": 7, "prosecutor": {"max": 0.1, "mean": 0.04},
    "marketer": 0.03, "sample_uniques": 0,
}  # fmt: skip


@given(
    st.integers(0, 300), st.integers(0, 300), st.integers(0, 300), st.integers(0, 300),
    st.integers(0, 60),
)  # fmt: skip
def test_whatever_the_counts_a_plan_tells_them_rounded_and_the_reasons_as_one(
    nationally: int, locally: int, empty: int, suppressed: int, released: int
) -> None:
    left = nationally + locally + empty + suppressed

    def told(removed: dict[str, int], left_empty: int, left_over: int) -> PlanSummary:
        people = {
            "considered": left + released + 5, "in_cohort": left + released, "removed": removed,
            "left_empty": left_empty, "suppressed": left_over, "released": released,
        }  # fmt: skip
        choices = {"applied": [], "national": {"applied": False},
                   "objections_hash": "sha256:" + "0" * 64, "objections_rows": locally}  # fmt: skip
        return planned(
            release="p.r1", permit_id="p", permit_hash="sha256:" + "0" * 64,
            planned_at="2026-03-02T09:00:00.000Z",  # type: ignore[arg-type]
            choices=AppliedChoices.read(choices, "Choices"),
            people=PeopleCounts.read(people, "Counts"), tables={},
            risk=RiskFigures.read(FIGURES, "Figures"), over=(), advice=None, missing=None,
        )  # fmt: skip

    one = told(
        {"not_allowed_nationally": nationally, "local_objection": locally}, empty, suppressed
    )
    other = told({"withdrawal": left}, 0, 0)
    assert one.canonical() == other.canonical()
    for count in (one.people.left_out, one.people.released):
        assert count is None or (count % 10 == 0 and count >= 10)


def test_a_refusal_says_nothing_of_the_data_but_its_code() -> None:
    from commonweal.foundation.codes import CODES
    from commonweal.foundation.errors import Refused
    from commonweal.web.releases.outward import outward

    telling = "Table patients: 3 people look like fewer than 10 (9434765919, records/a.csv)."
    own = 0
    for code in CODES:
        told, sentence = outward(Refused(code, telling))
        assert told == code
        own += sentence == telling
        if not code.startswith(("CW-PERMIT-", "CW-CHOICES-LIST-", "CW-RELEASE-", "CW-STEP-")):
            assert sentence == CODES[code]
    assert own < 30
    for code in ("CW-RISK-LIMIT", "CW-RELEASE-UNREADABLE", "CW-RELEASE-DUPLICATE-PEOPLE",
                 "CW-CHOICES-IDENTIFIER", "CW-RELEASE-NOBODY", "CW-CHOICES-LIST-INCOMPLETE",
                 "CW-PERMIT-COHORT"):  # fmt: skip
        assert outward(Refused(code, telling))[1] == CODES[code]


# --- revoked during the build (S12) ---------------------------------------------------------------


class NaiveWorker:
    """Asks once, when it takes the order up."""

    def __init__(self, is_live: Callable[[], bool]) -> None:
        self.is_live = is_live

    def build(self, meanwhile: Callable[[], None]) -> str:
        if not self.is_live():
            return "refused"
        meanwhile()
        return "released"


def test_the_naive_worker_releases_under_a_permit_that_was_revoked_meanwhile() -> None:
    live = [True]
    worker = NaiveWorker(lambda: live[0])
    assert worker.build(lambda: live.clear() or live.append(False)) == "released"  # type: ignore[func-returns-value]


@pytest.mark.parametrize(
    ("step", "stage"),
    [
        pytest.param("revoke", "reading", marks=pytest.mark.slow),
        pytest.param("suspend", "writing", marks=pytest.mark.slow),
        ("revoke", "ledger"),
    ],
)
def test_stopped_in_the_middle_of_a_build_nothing_is_released(
    room: Room,  # noqa: F811
    monkeypatch: pytest.MonkeyPatch,
    stage: str,
    step: str,
) -> None:
    from commonweal.web import orders

    as_planned()
    made = ask("build")
    beat, stopped = orders.beat, []

    def stopping(one: Any, told: str | None = None) -> bool:
        if told == stage and not stopped:
            stopped.append(told)
            room.stop(step)
        return beat(one, told)

    monkeypatch.setattr(orders, "beat", stopping)
    room.work()
    assert stopped == [stage]
    found = order(made)
    assert (found.state, found.code) == ("refused", "CW-PERMIT-NOT-LIVE")
    assert not room.events("release.completed")
    assert _whole(room.home / "releases") == []
    room.work()
    assert release().state == ("abandoned" if step == "revoke" else "planned")


def _whole(releases: Path) -> list[str]:
    return [one.name for one in releases.iterdir() if not one.name.startswith(".")]
