"""Who sees what of outputs that wait and that left: every made-up person, in every state."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.governance.states.output import OUTPUT
from commonweal.web.accounts.people import PEOPLE
from tests.web.conftest import Page
from tests.web.outputs.review_house import OUT, furnish, heard, person, signed_in, vote

pytestmark = pytest.mark.usefixtures("db")
CHECKERS = {"tara", "umar"}
SEEING = CHECKERS | {"edward", "farah", "owen", "priya", "rosa"}
RECALLING = SEEING - {"farah"}
JUDGED = ("in_review", "consolidating")
UNSEEN = ("draft", "submitted", "checking", "blocked", "failed")
LISTS = ("/outputs/review/", "/outputs/review/left", "/outputs/review/history")
ADDRESS = f"/outputs/review/{OUT}/"
FOUND = "What was found in"


def test_everybody_in_every_state() -> None:
    """Findings are for checkers while people judge, recalling for who may once it has left."""
    from commonweal.web.config import clock
    from commonweal.web.outputs import reviewing
    from commonweal.web.outputs.policies import can, check_recall

    row, day = furnish(), clock.today()
    for state in OUTPUT.states:
        row.state = state
        row.save()
        for one in PEOPLE:
            who = person(one.id)
            if one.id not in SEEING or state in UNSEEN:
                with pytest.raises(CommonwealError) as error:
                    reviewing.output_of(who, OUT, day)
                assert error.value.code == "CW-WEB-NOT-FOUND", (one.id, state)
                continue
            seen, roles = reviewing.output_of(who, OUT, day)
            assert can(reviewing.check_read, who, seen, roles) is (
                one.id in CHECKERS and state in JUDGED
            ), (one.id, state)
            assert can(check_recall, who, seen, day) is (
                one.id in RECALLING and state == "released"
            ), (one.id, state)


def test_every_address_for_everybody() -> None:
    row = furnish()
    for one in PEOPLE:
        client = signed_in(one.id)
        wanted = 200 if one.id in SEEING else 404
        for address in LISTS:
            assert client.get(address).status_code == wanted, (one.id, address)
        for state in ("in_review", "consolidating", "released", "rejected", "draft"):
            row.state = state
            row.save()
            answer = client.get(ADDRESS)
            there = one.id in SEEING and state != "draft"
            assert answer.status_code == (200 if there else 404), (one.id, state)
            reads = one.id in CHECKERS and state in JUDGED
            assert (FOUND in answer.content.decode()) is reads, (one.id, state)
            recalled = client.get(f"{ADDRESS}recall").status_code
            if one.id in RECALLING and state == "released":
                assert recalled == 200, one.id
            else:
                assert recalled in (403, 404, 409), (one.id, state, recalled)


def test_nobody_who_is_not_signed_in_sees_anything(client: Any) -> None:
    furnish("released")
    for address in (*LISTS, ADDRESS, f"{ADDRESS}recall"):
        answer = client.get(address)
        assert answer.status_code in (302, 404)
        assert b"Stays" not in answer.content
        assert client.post(address).status_code in (302, 403, 404, 405)


def test_who_may_not_read_findings_finds_none_on_any_page() -> None:
    furnish(votes=[vote("tara", "approve", 1)])
    for who in sorted(SEEING - CHECKERS):
        client = signed_in(who)
        for address in (*LISTS, ADDRESS):
            text = Page(client.get(address)).text
            for secret in ("3 people", "born.csv", "earlier-1", "THRESHOLD", "fails", "Fails",
                           "Small wards", "Tara Singh"):  # fmt: skip
                assert secret not in text, (who, address, secret)
        assert client.post(ADDRESS, {"verdict": "approve"}).status_code >= 400


@pytest.mark.parametrize("part", ["author", "members"])
@pytest.mark.parametrize("name", ["tara", "TARA", "edward"])
def test_people_of_the_project_do_not_see_it_here(part: str, name: str) -> None:
    furnish(**{part: name if part == "author" else ["amara", name]})
    furnish(name="out-2", title="Another one")
    client = signed_in(name.lower())
    for address in (ADDRESS, f"{ADDRESS}recall"):
        assert client.get(address).status_code == 404
        assert client.post(address).status_code == 404
    text = Page(client.get("/outputs/review/")).text
    assert "Another one" in text
    assert "<i>costs</i>" not in text


def test_a_checker_who_said_they_have_an_interest_reads_nothing_more() -> None:
    furnish(votes=[vote("tara", "conflicted", 1)])
    heard("tara", "conflicted", 1)
    tara = signed_in("tara")
    page = Page(tara.get(ADDRESS))
    assert "you have an interest of your own" in page.text
    assert FOUND not in page.text
    assert tara.post(ADDRESS, {"verdict": "approve"}).status_code >= 400
    assert "so you do not judge it" in Page(tara.get("/outputs/review/")).text
    assert "Check an output" not in Page(tara.get("/account/")).text
    assert FOUND in Page(signed_in("umar").get(ADDRESS)).text


def test_an_interest_that_was_declared_on_an_earlier_turn_stands() -> None:
    row = furnish()
    act = heard("tara", "conflicted", 1)
    act.object_digest = "sha256:" + "1" * 64
    act.save()
    assert row.turn == 1
    assert FOUND not in Page(signed_in("tara").get(ADDRESS)).text


def test_a_role_for_another_project_or_elsewhere_or_over_gives_nothing() -> None:
    from commonweal.web.accounts.models import Membership, Organisation
    from commonweal.web.config import clock
    from commonweal.web.ledgerlink.models import governed_write

    furnish()
    day, mine = clock.today(), Membership.objects.filter(user__public_id="tara")
    university = Organisation.objects.get(public_id="university")
    changes: tuple[dict[str, Any], ...] = (
        {"project": "project-9"},
        {"organisation": university},
        {"begins": day - timedelta(days=9), "ends": day},
        {"begins": day + timedelta(days=1)},
    )
    for change in changes:
        before = mine.values().get()
        with governed_write():
            mine.update(**change)
        client = signed_in("tara")
        assert client.get(ADDRESS).status_code == 404, change
        assert b"costs" not in client.get("/outputs/review/").content
        assert "Check an output" not in Page(client.get("/account/")).text
        with governed_write():
            mine.update(**before)
    with governed_write():
        mine.update(project="project-0")
    assert signed_in("tara").get(ADDRESS).status_code == 200


def test_an_output_that_is_over_its_time_is_judged_by_nobody() -> None:
    from commonweal.web.config import clock

    furnish(expires_at=clock.now() - timedelta(minutes=1))
    page = Page(signed_in("tara").get(ADDRESS))
    assert "The time for this output is over." in page.text
    assert FOUND not in page.text
    assert "costs" not in Page(signed_in("tara").get("/outputs/review/")).text


def test_parts_of_an_output_are_for_those_who_judge_it_alone() -> None:
    parts = [f"{ADDRESS}{part}" for part in ("files/1", "together", "code")]
    row = furnish()
    for one in PEOPLE:
        client = signed_in(one.id)
        for state in ("in_review", "consolidating", "released", "rejected", "draft"):
            row.state = state
            row.save()
            reads = one.id in CHECKERS and state in JUDGED
            sees = one.id in SEEING and state not in UNSEEN
            for address in parts:
                status = client.get(address).status_code
                assert status == (200 if reads else 302 if sees else 404), (one.id, state, address)


def test_findings_that_are_not_here_yet_open_nothing() -> None:
    row = furnish()
    row.papers.delete()
    answer = signed_in("tara").get(ADDRESS)
    assert answer.status_code >= 400
    assert FOUND.encode() not in answer.content


def test_an_output_waits_for_those_who_can_judge_it_and_no_longer_for_who_has() -> None:
    furnish(title="Stays by ward")
    words = "Check an output: Stays by ward"
    for who in ("tara", "umar"):
        assert words in Page(signed_in(who).get("/account/")).text
    for who in ("edward", "amara", "farah"):
        assert words not in Page(signed_in(who).get("/account/")).text
    heard("tara", "approve", 1)
    assert words not in Page(signed_in("tara").get("/account/")).text
    assert words in Page(signed_in("umar").get("/account/")).text
