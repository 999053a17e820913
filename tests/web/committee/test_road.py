"""The whole road: from an application that is ready to a decision that everybody can read."""

from __future__ import annotations

from typing import Any

from tests.web.committee.house import REASONS, VOTERS, House


def test_from_ready_to_a_published_yes_with_conditions(house: House) -> None:
    item = house.closed({"zofia": "approve_with_conditions"})
    assert item.state == "closed"
    act = house.decide(item, condition_0="Results are published within a year.")
    assert act.state == "heard", (act.code, act.sentence)
    item = house.fresh(item)
    assert (item.state, item.version.application.state) == ("decided", "approved")
    assert_told(item)
    from commonweal.web.committee.services import decision_of, decision_paper

    row = decision_of(item.version)
    assert row is not None
    paper = decision_paper(row)
    assert paper.outcome == "approve_with_conditions"
    assert paper.conditions == ("Results are published within a year.",)
    assert (paper.votes.cast, paper.votes.lay, paper.votes.excluded) == (6, 3, 1)
    from tests.web.conftest import Page, new_client

    public = new_client()
    text = Page(public.get(f"/committee/decisions/{row.reference}/")).text
    assert "approved with conditions" in text
    assert "Results are published within a year." in text
    assert "One member had a conflict of interest and took no part." in text
    assert not any(words in text for words in REASONS.values())
    listed = Page(public.get("/committee/decisions/")).text
    assert "Asthma admissions in winter" in listed


def assert_told(item: Any) -> None:
    """Members were asked for their votes, the chair for the decision; the applicant knows of it."""
    from commonweal.web.letters.models import Letter

    found = {(one.person.public_id, one.kind) for one in Letter.objects.select_related("person")}
    assert {who for who, kind in found if kind == "signature_asked"} == set(VOTERS)
    assert ("amara", "decision_published") in found
    assert ("edward", "your_turn") in found
    page = f"/committee/decisions/{item.version.decisions.get().reference}/"
    assert {one.path for one in Letter.objects.filter(kind="decision_published")} == {page}


def test_a_member_declares_and_votes_on_the_pages(house: House) -> None:
    item = house.listed()
    at = f"/committee/items/{item.pk}/"
    house.open(item.meeting)
    house.step("kate", item, "begin")
    page = house.post("irene", at + "declare/", 200)
    assert "Say whether you have a conflict of interest." in page.content.decode()
    house.heard("irene", at + "declare/", conflict="no")
    told = house.post("xanthe", at + "declare/", 200, conflict="yes", kinds=["other"])
    assert "Say what the other reason is." in told.content.decode()
    house.heard("xanthe", at + "declare/", conflict="yes", kinds=["other"], told="A secret-zq.")
    for who in VOTERS:
        if who != "irene":
            house.declare(item, who)
    house.step("grace", item, "end_declarations")
    house.step("grace", item, "open_vote", hours="24")
    wrong = house.post("irene", at + "vote/", 200, verdict="approve_with_conditions",
                       reasons="Words-that-stay.")  # fmt: skip
    assert "Say what the conditions are." in wrong.content.decode()
    assert "Words-that-stay." in wrong.content.decode()
    house.heard("irene", at + "vote/", verdict="approve_with_conditions", reasons="It helps.",
                conditions="Publish it.\r\n\r\nTell people.")  # fmt: skip
    from commonweal.web.committee.services import declarations_of, votes_of

    vote = votes_of(item.version, 1)[0]
    assert vote.conditions == ("Publish it.", "Tell people.")
    assert [one.person for one in declarations_of(item.version) if not one.free] == ["xanthe"]
    for who in ("grace", "kate", "irene", "edward", "amara"):
        assert "A secret-zq." not in house.browser(who).get(at).content.decode()


def events(reference: str) -> list[Any]:
    from commonweal.web.ledgerlink.models import Intent

    return [
        one.event()
        for one in Intent.objects.order_by("pk")
        if one.event().fields.get("application") == reference
    ]


def test_every_step_is_an_event_without_words(house: House) -> None:
    item = house.closed()
    house.decide(item)
    found = events(item.version.application.reference)
    kinds = [one.type for one in found]
    assert kinds.count("conflict.declared") == 7
    assert kinds.count("vote.cast") == len(VOTERS)
    assert kinds[-3:] == ["vote.cast", "vote.closed", "application.decided"]
    assert "Because" not in str([dict(one.fields) for one in found])
