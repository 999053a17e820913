"""A table for each month from one that has left: chosen on a page, made by the airlock, read, then
signed; and nobody gets it of an output that is not theirs."""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import Page
from tests.web.outputs.review_house import person, signed_in
from tests.web.outputs.room import PERMIT, PROJECT, SEXES, Airlock
from tests.web.outputs.test_layouts import acts, months, sign

NEW = "/outputs/standing/new"


def said(first: str, until: str, **changed: str) -> dict[str, str]:
    return {"how": "table", "source": "job-1/sexes.json", "first": first, "until": until,
            "period": "all", "settles": "7", "name": "by-sex"} | changed  # fmt: skip


def orders() -> list[Any]:
    from commonweal.web.outputs.models import DRAFT, OutputOrder

    return list(OutputOrder.objects.filter(kind=DRAFT).order_by("asked_at"))


def furnish_left(**changed: Any) -> Any:
    """An output that has left, as the airlock tells it."""
    from commonweal.web.config import clock
    from commonweal.web.outputs.models import Output

    files = [{"path": "sexes.json", "kind": "request", "type": "json"},
             {"path": "sexes.csv", "kind": "table", "type": "csv", "made_from": "sexes.json"},
             {"path": "chart.png", "kind": "figure", "type": "png"}]  # fmt: skip
    now = clock.now()
    return Output.objects.create(**{
        "reference": "job-1", "permit": PERMIT, "project": PROJECT, "job": "job-1",
        "author": "amara", "title": "Who came", "turn": 1, "digest": f"sha256:{'0' * 64}",
        "manifest": {"files": files}, "state": "released", "expires_at": now, "ended_at": now,
        "living": PERMIT, "takers": ["amara", "bethan"],
    } | changed)  # fmt: skip


def test_from_a_table_that_left_to_one_that_waits_for_two_people(airlock: Airlock) -> None:
    from commonweal.web.outputs.models import Layout

    airlock.job()
    airlock.released()
    first, until = months(airlock)
    amara = signed_in("amara")
    page = Page(amara.get(NEW))
    assert "People by sex: sexes.csv" in page.text
    answer = amara.post(NEW, said(first, until))
    assert answer.status_code == 302, Page(answer).text
    place = answer.headers["Location"]
    assert "The airlock is making it" in Page(amara.get(place)).text
    airlock.work()
    page = Page(amara.get(place))
    for words in ("Groups of sex", "People by sex, ", f"by-sex.{first}", f"by-sex.{until}",
                  "All: it is the state of things", "Large groups only."):  # fmt: skip
        assert words in page.text, words
    (seen,) = [one["value"] for one in page.every("input") if one.get("name") == "seen"]
    assert amara.post(place, {"seen": "sha256:other"}).status_code == 400
    assert acts()[-1].kind != "propose_standing"
    assert signed_in("bethan").get(place).status_code == 404, "it is the order of somebody else"
    sign(airlock, amara.post(place, {"seen": str(seen)}))
    airlock.work(2)
    row = Layout.objects.get(reference="by-sex")
    assert (row.state, list(row.months)) == ("proposed", [first, until])
    assert row.digest == seen
    assert row.paper["layout"]["by"] == SEXES["by"]
    assert sorted(row.paper["groups"][0]["labels"]) == ["F", "M"]
    # Whoever owns the database writes an order in the name of somebody whom the permit leaves out.
    from commonweal.web.outputs.services import ask_draft_of

    wish = {"id": "stolen", "request": "sexes.json", "first": first, "until": until}
    order = ask_draft_of(person("mary"), furnished(), wish)
    airlock.work()
    order.refresh_from_db()
    assert (order.state, order.code, order.content) == ("refused", "CW-LEAVING-AUTHOR", None)
    airlock.later(minutes=61)
    assert "for an hour only" in Page(signed_in("amara").get(place)).text
    airlock.work()
    assert all(one.content is None for one in orders())


def furnished() -> Any:
    from commonweal.web.outputs.models import Output

    return Output.objects.get(reference="job-1")


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    ("changed", "sentence"),
    [
        ({"source": ""}, "Choose a table."),
        ({"source": "job-1/other.json"}, "not one of the available choices"),
        ({"source": "job-2/sexes.json"}, "not one of the available choices"),
        ({"first": ""}, "Choose the first month."),
        ({"until": ""}, "Choose the last month."),
        ({"until": "2099-01"}, "not one of the available choices"),
        ({"period": ""}, "required"),
        ({"period": "patients.name"}, "not one of the available choices"),
        ({"settles": "-1"}, "not one of the available choices"),
        ({"name": ""}, "Type a short name."),
        ({"name": "Not <a> name"}, "id"),
    ],
)
def test_what_cannot_be_is_said_and_nothing_is_asked(
    changed: dict[str, str], sentence: str
) -> None:
    furnish_left()
    first = _month()
    answer = signed_in("amara").post(NEW, said(first, first) | changed)
    assert answer.status_code in (200, 400)
    page = Page(answer)
    assert sentence in page.text
    assert "<a> name" not in page.html
    assert orders() == []


def _month() -> str:
    from commonweal.web.config import clock

    return f"{clock.today():%Y-%m}"


@pytest.mark.usefixtures("db")
def test_months_in_the_wrong_order() -> None:
    from commonweal.papers.standing import month_after

    furnish_left()
    first = _month()
    answer = signed_in("amara").post(NEW, said(month_after(first), first))
    assert "The last month is before the first." in Page(answer).text
    assert orders() == []


@pytest.mark.usefixtures("db")
@pytest.mark.parametrize(
    "changed",
    [{"state": "in_review"}, {"state": "recalled"}, {"takers": ["bethan"]}, {"living": "newer"},
     {"author": "bethan", "permit": "other", "living": "other"}, {"job": ""},
     {"manifest": {"files": []}}],
)  # fmt: skip
def test_only_tables_that_left_and_are_ones_own_are_offered(changed: dict[str, Any]) -> None:
    furnish_left(**changed)
    amara = signed_in("amara")
    page = Page(amara.get(NEW))
    assert "Who came" not in page.text
    assert "No table of your projects has left yet." in page.text
    assert "Bring a file instead" in page.text
    first = _month()
    assert amara.post(NEW, said(first, first)).status_code in (200, 400, 404)
    assert orders() == []


@pytest.mark.usefixtures("db")
def test_it_is_asked_once_at_a_time_and_read_by_who_asked() -> None:
    from tests.web.outputs.test_layouts import furnish

    furnish_left()
    amara, first = signed_in("amara"), _month()
    place = amara.post(NEW, said(first, first)).headers["Location"]
    again = amara.post(NEW, said(first, first, name="another"))
    assert "under way" in Page(again).text
    assert len(orders()) == 1
    for who in ("bethan", "tara", "edward", "mary"):
        assert signed_in(who).get(place).status_code in (403, 404), who
    assert amara.get("/outputs/standing/draft/x").status_code == 404
    assert amara.post(place, {"seen": ""}).status_code == 200
    assert acts() == []
    furnish()
    orders()[0].delete()
    taken = Page(amara.post(NEW, said(first, first)))
    assert "is there already" in taken.text


@pytest.mark.usefixtures("db")
def test_one_that_was_refused_says_why() -> None:
    from commonweal.web.outputs import services

    furnish_left()
    amara, first = signed_in("amara"), _month()
    place = amara.post(NEW, said(first, first)).headers["Location"]
    order = services.take(("draft",))
    assert order is not None
    services.refuse(order, "CW-STANDING-UNKNOWN", "Only a table can be made each month.")
    page = Page(amara.get(place))
    assert "Only a table can be made each month." in page.text
    assert "Go on to sign" not in page.text


def test_columns_that_say_a_month_come_from_the_permit(monkeypatch: pytest.MonkeyPatch) -> None:
    from types import SimpleNamespace

    from commonweal.web.outputs import drafting

    data = [{"dataset": "d", "tables": [{"table": "admissions", "variables": [
        {"variable": "admitted", "form": "month"}, {"variable": "left", "form": "year"},
    ]}]}]  # fmt: skip
    found = {"one": SimpleNamespace(permit={"data": data}), "two": None}
    monkeypatch.setattr(drafting, "entry_or_none", found.get)
    assert drafting.month_columns(["one", "two", "one"]) == ["admissions.admitted"]
