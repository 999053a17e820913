"""The road of a change by clicking: applicant, desk, committee, permit and public register."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from tests.web.conftest import Page, new_client
from tests.web.projects.changing import Change, another_purpose, later, one_variable_less
from tests.web.projects.room import Road, put

FROM, WHOLE = "permitted", True


@pytest.fixture
def change(road: Road) -> Change:
    return Change(road.home, of=road)


def shown(client: Any, path: str, status: int = 200) -> str:
    answer = client.get(path)
    assert answer.status_code == status, (path, answer.status_code, Page(answer).text[:800])
    return str(Page(answer).text)


def test_a_small_change_by_clicking(change: Change, browser_of: Callable[[str], Any]) -> None:
    from commonweal.web.applications.models import Application
    from commonweal.web.signing.models import Act

    permit = f"/permits/{change.of.permit.reference}/"
    with later():
        amara = browser_of("amara")
        page = shown(amara, permit)
        assert "Ask for a change" in page
        assert "Ask for a renewal" not in page
        assert "A renewal can be asked for from" in page
        ask = f"/changes/permits/{change.of.permit.reference}/amendment/"
        assert "Everything that was approved is filled in for you" in shown(amara, ask)
        empty = amara.post(ask, {"why": " "})
        assert (empty.status_code, Application.objects.count()) == (400, 1)
        assert "Say in plain words why you ask for this" in Page(empty).text
        begun = amara.post(ask, {"why": "A <b>colleague</b> has left."})
        assert begun.status_code == 302
        change.application = Application.objects.exclude(pk=change.of.application.pk).get()
        reference = change.application.reference
        here = f"/changes/{reference}/"
        assert begun["Location"] == here
        assert "Nothing differs yet from what is allowed now" in shown(amara, here)
        assert f"request about the permit {change.of.permit.reference}" in shown(
            amara, f"/applications/{reference}/"
        )
        # One at a time: the permit says what is under way, and offers no second request.
        page = shown(amara, permit)
        assert f"Change to a project {reference}: Draft" in page
        assert "Ask for a change" not in page
        assert amara.post(ask, {"why": "Again."}).status_code in (403, 409)

        change.write(one_variable_less)
        told = shown(amara, here)
        assert "was taken out" in told
        assert "A <b>colleague</b> has left." in told
        assert amara.post(here, {"why": "Less is needed."}).status_code == 302
        assert "Saved." in shown(amara, here)
        change.sent().taken_up()

        edward = browser_of("edward")
        desk = shown(edward, f"/desk/{reference}/")
        assert desk.index("what would change") < desk.index("Impact assessment")
        assert "Less is needed." in desk
        assert "Agree this small change" in desk
        agree = f"/changes/{reference}/agree/"
        page = shown(edward, agree)
        assert "fewer items or less detail are used" in page
        assert edward.post(agree, {"summary": "Less.", "reasons": " "}).status_code == 400
        signing = edward.post(agree, {"summary": "Less.", "reasons": "On the list."})
        assert signing["Location"].startswith("/sign/")
        with change.custody():
            assert "which the published rules call small" in shown(edward, signing["Location"])
        change.heard(Act.objects.get(pk=signing["Location"].split("/")[2]))
        change.application.refresh_from_db()
        assert change.application.state == "approved"
        change.to_permit()

        newer = f"/permits/{change.permit.reference}/"
        page = shown(amara, newer)
        assert "Permits of this project" in page
        assert "An information governance officer agreed it" in page
        assert "was taken out" in page
        assert "The permit has been replaced by a newer one" in shown(amara, permit)
        public = shown(browser_of("amara"), f"/projects/{change.permit.reference}/")
        assert "How the project has changed" in public
        assert "It may no longer see" in public


def test_a_change_for_the_committee_is_planned_on_the_register(
    change: Change, browser_of: Callable[[str], Any]
) -> None:
    with later() as clock:
        change.begun(why="We also plan services.").write(another_purpose).sent().taken_up()
        edward = browser_of("edward")
        desk = shown(edward, f"/desk/{change.application.reference}/")
        assert "Why this change is not a small one" in desk
        page = shown(edward, f"/changes/{change.application.reference}/agree/")
        assert "the committee decides" in page
        assert "Go on to sign" not in page
        change.reviewed().to_permit()
        title = change.paper.content.project.title
        listed = shown(edward, "/projects/")
        assert listed.count(title) == 2  # the project once, and the hidden words of its change
        assert "A change to it is planned" in listed
        public = shown(edward, f"/projects/{change.permit.reference}/")
        assert "It is also for" in public
        assert "People can say no before" in public
        clock.advance(timedelta(days=28))
        change.work()
        listed = shown(new_client(), "/projects/")
        assert (listed.count(title), "A change to it is planned" in listed) == (1, False)


def test_the_committee_sees_first_what_would_change(
    change: Change, browser_of: Callable[[str], Any]
) -> None:
    from commonweal.web.committee.models import Item, Meeting
    from commonweal.web.committee.packs import pack_of
    from commonweal.web.config import clock
    from commonweal.web.ledgerlink.models import governed_write

    with later(), governed_write():
        change.begun(why="We also plan services.").write(another_purpose).sent()
        del browser_of
        meeting = Meeting(held_at=clock.now(), place="Here", made_by=change.version.sent_by)
        meeting.save()
        for version, first in ((change.version, False), (change.of.version, True)):
            item = Item(version=version, meeting=meeting, title="A project", variables=[])
            item.save()
            found = pack_of(item, change.paper, lay=True)["change"]
            assert (found is None) is first
        found = of(change)
        assert found["why"] == "We also plan services."
        (sentence,) = found["told"]["sentences"]
        assert 'is now "research, public health"' in sentence


def of(change: Change) -> Any:
    from commonweal.web.amending.presenters import of_version

    return of_version(change.version)


def test_who_may_not_open_a_page_is_told_of_none(
    change: Change, browser_of: Callable[[str], Any]
) -> None:
    with later():
        change.begun()
        here = f"/changes/{change.application.reference}/"
        for who in ("amara", "owen", "colin", "grace", "edward"):
            client = browser_of(who)
            assert client.get(here).status_code == (200 if who == "amara" else 404)
            # Nobody at the desk sees a draft, and no applicant the desk's page.
            assert client.get(f"{here}agree/").status_code in (403, 404)
            assert client.get("/changes/a-nothing/").status_code == 404
            first = client.get(f"/changes/{change.of.application.reference}/")
            assert first.status_code == 404
            ask = client.get(f"/changes/permits/{change.of.permit.reference}/nonsense/")
            assert ask.status_code == 404


def test_a_lost_reason_is_kept_and_markup_is_shown_as_typed(
    change: Change, browser_of: Callable[[str], Any]
) -> None:
    with later():
        client = browser_of("amara")
        ask = f"/changes/permits/{change.of.permit.reference}/amendment/"
        long = client.post(ask, {"why": "<script>" + "x" * 6000 + "the end"})
        assert long.status_code == 400
        assert "xthe end" in Page(long).text, "what was typed is not cut"
        assert "<title>Error: " in long.content.decode()
        assert "&lt;script&gt;xxx" in long.content.decode()
        client.post(ask, {"why": "some <i>markup</i>"})
        row = change.of.permit.amendments.get()
        put(row.application, state="withdrawn")
        assert "Ask for a change" in shown(client, f"/permits/{change.of.permit.reference}/")
