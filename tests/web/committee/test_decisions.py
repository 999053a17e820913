"""The chair's decision, what everybody can read of it, and appeals."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from tests.web.committee.house import REASONS, VOTERS, House
from tests.web.committee.test_road import events
from tests.web.conftest import Page, new_client

REJECTED = dict.fromkeys(VOTERS, "reject")


def public(path: str, status: int = 200) -> Page:
    answer = new_client().get(path)
    assert answer.status_code == status, (path, answer.status_code)
    return Page(answer)


def decided(house: House, verdicts: dict[str, str] | None = None, **more: Any) -> Any:
    """An item that was decided, and its decision."""
    item = house.closed(verdicts)
    act = house.decide(item, **more)
    assert act.state == "heard", (act.code, act.sentence)
    item = house.fresh(item)
    return item, item.version.decisions.order_by("pk").last()


def appealed(house: House) -> Any:
    from commonweal.web.committee.models import Appeal

    item, row = decided(house, REJECTED)
    at = f"/committee/applications/{item.version.application.reference}/appeal/"
    house.post("amara", at, grounds="They did not read page 3.")
    return item, row, Appeal.objects.get(decision=row)


def test_variables_are_decided_one_by_one_and_fixed_before_the_vote(house: House) -> None:
    from commonweal.web.committee.services import decision_paper

    item = house.discussing()
    at = f"/committee/items/{item.pk}/variables/"
    shown = house.get("grace", at)
    count = len(item.variables)
    assert shown.text.count("Yes, in less detail") == count
    data = {f"v{n}-verdict": "granted" for n in range(count)}
    missing = Page(house.post("grace", at, 200, **data | {"v4-verdict": "refused"}))
    assert "Say why." in missing.text
    data |= {"v3-verdict": "coarser", "v3-form": "age_band(10,90)", "v3-reason": "Ten years do."}
    data |= {"v4-verdict": "refused", "v4-reason": "It is not needed."}
    offered = house.get("grace", at).html
    wanted = next(f for f in ("age_band(10,90)", "year") if f'value="{f}"' in offered)
    data["v3-form"] = wanted
    house.post("grace", at, **data)
    assert "It is not needed." in house.get("irene", f"/committee/items/{item.pk}/").text
    house.step("grace", item, "open_vote", hours="1")
    late = Page(house.post("grace", at, 200, **data | {"v4-verdict": "granted"}))
    assert "This cannot be changed: the vote has begun." in late.text
    for who in VOTERS:
        house.vote(item, who)
    assert house.decide(house.fresh(item)).state == "heard"
    paper = decision_paper(item.version.decisions.get())
    assert paper.struck == ("patients.sex",)
    assert list(paper.coarser.values()) == [wanted]
    text = public(f"/committee/decisions/{paper.id}/").text
    assert "It is not needed." in text


def test_who_does_not_run_it_changes_no_proposal(house: House) -> None:
    item = house.discussing()
    before = item.variables
    for who in ("irene", "hamish", "xanthe", "edward", "amara"):
        answer = house.browser(who).post(f"/committee/items/{item.pk}/variables/", {})
        assert answer.status_code in (403, 404)
    assert house.fresh(item).variables == before


def test_a_condition_of_one_is_a_condition_of_all_and_cannot_be_left_out(house: House) -> None:
    item = house.closed({"zofia": "approve_with_conditions"})
    at = f"/committee/items/{item.pk}/decide/"
    shown = house.get("grace", at)
    assert "Publish within a year." in shown.html
    assert "approved with conditions" in shown.text
    data = {"summary": "Yes.", "reasons": "It helps.", "condition_0": " "}
    assert "cannot be left out" in Page(house.post("grace", at, 200, **data)).text
    assert item.version.decisions.count() == 0


def test_only_the_chair_signs_the_decision(house: House) -> None:
    item = house.closed()
    for who in ("kate", "irene", "hamish", "xanthe", "edward", "amara", "owen"):
        answer = house.browser(who).get(f"/committee/items/{item.pk}/decide/")
        assert answer.status_code in (403, 404)


@pytest.mark.slow
def test_a_decision_is_made_once(house: House) -> None:
    item, _ = decided(house)
    house.get("grace", f"/committee/items/{item.pk}/decide/", 403)
    assert item.version.decisions.count() == 1


def test_what_was_declared_meanwhile_is_seen_before_it_is_signed(house: House) -> None:
    item = house.closed()
    answer = house.post("grace", f"/committee/items/{item.pk}/decide/", summary="Yes.",
                        reasons="It helps.")  # fmt: skip
    house.clock.advance(timedelta(seconds=1))
    house.declare(item, "jamal", "money")
    settled = house.sign(answer["Location"].strip("/").split("/")[-1])
    # Five votes are left, and the rules ask for six.
    assert (settled.state, settled.code) == ("refused", "CW-COMMITTEE-QUORUM")
    assert item.version.decisions.count() == 0


def test_an_application_that_is_taken_back_is_not_decided(house: House) -> None:
    item = house.closed()
    reference = item.version.application.reference
    answer = house.post("grace", f"/committee/items/{item.pk}/decide/", summary="Yes.",
                        reasons="It helps.")  # fmt: skip
    house.post("amara", f"/applications/{reference}/withdraw/")
    settled = house.sign(answer["Location"].strip("/").split("/")[-1])
    assert (settled.state, settled.code) == ("refused", "CW-STATE-STEP")
    assert "Taken back" in house.get("kate", f"/committee/meetings/{item.meeting_id}/").text


def test_a_refused_application_is_published_with_other_views(house: House) -> None:
    item, row = decided(house, REJECTED, summary="The answer is no.", reasons="It harms.\nReally.")
    assert item.version.application.state == "rejected"
    text = public(f"/committee/decisions/{row.reference}/").text
    assert "rejected" in text
    assert "The answer is no." in text
    assert "3 of 6" in text
    assert not any(name in text for name in ("Grace", "Irene", "Xanthe", "Hamish"))
    assert not any(words in text for words in REASONS.values())  # nobody voted otherwise
    assert "can appeal until" in text


def test_dissent_is_told_without_names(house: House) -> None:
    house.rules(decision_rule="majority")
    _, row = decided(house, {"zofia": "reject"})
    text = public(f"/committee/decisions/{row.reference}/").text
    assert REASONS["zofia"] in text
    assert "Zofia" not in text
    assert REASONS["irene"] not in text


def test_what_is_not_published_is_not_there(house: House) -> None:
    house.closed()
    public("/committee/decisions/nothing/", 404)
    assert "Nothing has been decided yet." in public("/committee/decisions/").text


# --- appeals ------------------------------------------------------------------------------------


def test_an_appeal_that_is_upheld_makes_the_committee_decide_again(house: House) -> None:
    item, row, appeal = appealed(house)
    application = item.version.application
    assert house.fresh(item).version.application.state == "under_appeal"
    assert "They did not read page 3." in house.get("owen", f"/committee/appeals/{appeal.pk}/").text
    house.post(
        "owen", f"/committee/appeals/{appeal.pk}/", result="uphold", reasons="Page 3 counts."
    )
    application.refresh_from_db()
    row.refresh_from_db()
    assert application.state == "ready"
    assert row.set_aside_at is not None
    assert (
        "This decision no longer counts." in public(f"/committee/decisions/{row.reference}/").text
    )
    kinds = [one.type for one in events(application.reference)]
    assert kinds[-2:] == ["decision.appealed", "decision.set_aside"]
    again = house.listed(application)
    house.open(again.meeting)
    house.step("kate", again, "begin")
    house.step("kate", again, "end_declarations")
    house.step("grace", again, "open_vote", hours="1")
    again = house.fresh(again)
    assert again.round == 2  # the ledger heard of the first
    for who in VOTERS:
        house.vote(again, who)
    assert house.decide(house.fresh(again)).state == "heard"
    newer = item.version.decisions.order_by("pk").last()
    assert (newer.outcome, newer.reference != row.reference) == ("approve", True)
    assert newer.reference in public(f"/committee/decisions/{row.reference}/").html


def test_an_appeal_that_is_dismissed_ends_it(house: House) -> None:
    item, row, appeal = appealed(house)
    at = f"/committee/appeals/{appeal.pk}/"
    again = Page(house.post("priya", at, 200, result="dismiss", reasons=""))
    assert "Say why." in again.text
    house.post("priya", at, result="dismiss", reasons="It was read.")
    item.version.application.refresh_from_db()
    assert item.version.application.state == "refused"
    assert "It was read." in public(f"/committee/decisions/{row.reference}/").text
    twice = Page(house.post("owen", at, 200, result="uphold", reasons="No."))
    assert "This cannot be done now." in twice.text


def test_nobody_hears_an_appeal_who_voted_or_is_not_an_officer(house: House) -> None:
    from commonweal.ledger.entry import Actor
    from commonweal.web.accounts.models import Organisation
    from commonweal.web.accounts.services import give_role
    from tests.web.committee.house import person

    _, _, appeal = appealed(house)
    for who in ("grace", "kate", "edward", "amara", "mary", "vera"):
        house.get(who, f"/committee/appeals/{appeal.pk}/", 404)
    hospital = Organisation.objects.get(public_id="meadowbank")
    give_role(person("hamish"), hospital, "siro", Actor("system", "test"))
    from commonweal.web.accounts.models import Membership
    from commonweal.web.ledgerlink.models import governed_write

    with governed_write():
        Membership.objects.filter(user=person("hamish")).update(begins=house.clock.now().date())
    page = house.get("hamish", f"/committee/appeals/{appeal.pk}/", 403)
    assert "did not vote on it" in page.text


def test_an_appeal_comes_in_time_and_once_and_from_the_applicant(house: House) -> None:
    item, _ = decided(house, REJECTED)
    at = f"/committee/applications/{item.version.application.reference}/appeal/"
    house.get("divya", at, 404)
    house.clock.advance(timedelta(days=29))
    house.browsers.clear()
    page = house.get("amara", at, 403)
    assert "they are over" in page.text
    house.clock.advance(-timedelta(days=2))
    house.browsers.clear()
    house.post("amara", at, grounds="In time.")
    house.post("amara", at, 403, grounds="Twice.")


@pytest.mark.slow
def test_a_yes_cannot_be_appealed_against(house: House) -> None:
    item, _ = decided(house)
    house.get("amara", f"/committee/applications/{item.version.application.reference}/appeal/", 403)
