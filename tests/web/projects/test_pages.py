"""The road by clicking: what each person sees and presses, and what a wrong click gets."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.web.committee.test_assessments import advised
from tests.web.conftest import Page
from tests.web.projects.room import Road, put, user

BOTH = {
    "applicant": "colin", "applicant_office": "Registrar",
    "custodian": "vera", "custodian_office": "Chief executive",
}  # fmt: skip


def shown(client: Any, path: str, status: int = 200) -> Page:
    answer = client.get(path)
    assert answer.status_code == status, answer.content[:2000]
    return Page(answer)


def signed(road: Road, client: Any, path: str, **fields: str) -> Page:
    """Press the button, read what is signed, and sign it; the page that was signed on."""
    from commonweal.web.signing.models import Act

    answer = client.post(path, fields)
    assert answer.status_code == 302, Page(answer).text[:1500]
    assert answer["Location"].startswith("/sign/")
    with road.custody():
        asked = shown(client, answer["Location"])
    settled = road.sign(Act.objects.get(pk=answer["Location"].split("/")[2]))
    assert settled.state == "heard", settled.sentence
    assert settled.back.startswith("/permits/")
    return asked


def assert_told(agreement: str) -> None:
    """Each who had to sign was told, in turn, and then the writers of the permit."""
    from commonweal.web.letters.models import Letter

    rows = Letter.objects.order_by("pk").select_related("person")
    found = [(one.person.public_id, one.kind, one.path) for one in rows]
    sign, both = "signature_asked", f"{agreement}countersign/"
    turns = [("colin", sign, agreement), ("vera", sign, agreement), ("owen", sign, both),
             ("priya", sign, both)]  # fmt: skip
    assert [one for one in turns if one in found] == turns
    assert any((who, kind) == ("amara", "permit_announced") for who, kind, _ in found)


def test_from_a_decision_to_a_permit_by_clicking(
    road: Road, browser_of: Callable[[str], Any]
) -> None:
    edward, colin, vera = (browser_of(one) for one in ("edward", "colin", "vera"))
    reference = road.application.reference
    assert "waiting for an agreement" in shown(edward, "/permits/").text
    there = f"/permits/agreements/for/{reference}/"
    assert edward.get(there)["Location"] == f"/permits/frameworks/for/{reference}/"
    page = Page(edward.post(f"/permits/frameworks/for/{reference}/", BOTH | {"starts.day": "x"}))
    assert page.text.startswith("Error: ")
    assert "first day" in page.text
    days = {"starts.day": "1", "starts.month": "1", "starts.year": "2020",
            "ends.day": "1", "ends.month": "1", "ends.year": "2099"}  # fmt: skip
    answer = edward.post(f"/permits/frameworks/for/{reference}/", BOTH | days)
    assert answer.status_code == 302, Page(answer).text[:1500]
    framework = answer["Location"]
    assert "Nobody is to be recognised" in shown(colin, framework).text
    for client in (colin, vera):
        signed(road, client, framework, do="accept")

    missing = edward.post(there, BOTH | {"applicant_office": ""})
    assert missing.status_code == 400
    assert 'value="Chief executive"' in missing.content.decode()
    agreement = edward.post(there, BOTH)["Location"]
    page = shown(colin, agreement)
    assert "Purpose, and no other" in page.text
    assert "Annex B: data" in page.text
    assert "Ask for other wording" in page.text
    for client, turn in ((colin, True), (vera, False)):
        listed = shown(client, "/permits/").text
        assert ("It is your turn" in listed) is turn
    assert "I accept this agreement for my organisation" in signed(
        road, colin, agreement, do="accept"
    ).text  # fmt: skip
    assert "the hospital's signatory is next" in shown(colin, agreement).text
    signed(road, vera, agreement, do="accept")

    advised(road.version)
    for who in ("owen", "priya"):
        client = browser_of(who)
        assert shown(client, agreement).every("a", href=f"{agreement}countersign/")
        page = shown(client, f"{agreement}countersign/")
        assert "What the committee decided" in page.text
        assert "What the permit would say" in page.text
        assert "The study may use the records." in page.text
        assert "What the Data Protection Officer advised The assessment is sound." in page.text
        assert "It was thought through." in page.text
        assert "Evidence Document protocol (" in page.text
        assert ", version 1.0" in page.text
        assert "DUO" not in page.text
        signed(road, client, f"{agreement}countersign/", verdict="agree")
    road.work()
    assert_told(agreement)

    permit = f"/permits/{road.paper.permit_id}/"
    page = shown(browser_of("amara"), permit)
    assert "Planned: people can say no before" in page.text
    assert "It is the one on the public register and on the ledger." in page.text
    assert "authority: committee" in page.text
    assert "6 members of the committee voted, 3 of them lay members" in page.text
    assert "What you can do" not in page.text
    page = shown(browser_of("owen"), permit)
    assert page.every("a", href=f"{permit}suspend/")
    assert not page.every("a", href=f"{permit}resume/")
    page = shown(browser_of("owen"), f"{permit}suspend/")
    assert "Something went wrong." in page.text
    assert "Reason Something went wrong." in signed(
        road, browser_of("owen"), f"{permit}suspend/", reason="incident"
    ).text  # fmt: skip
    road.work()
    assert "all work is stopped until it is resumed" in shown(edward, permit).text
    ga4gh = json.loads(edward.get(f"{permit}ga4gh").content)
    assert (ga4gh["visas"], ga4gh["permit"]) == ([], road.paper.permit_id)


def test_what_is_asked_for_comes_back_and_is_offered_anew(
    road: Road, browser_of: Callable[[str], Any]
) -> None:
    road.framework()
    row = road.offer()
    path = f"/permits/agreements/{row.reference}/"
    amara, edward = browser_of("amara"), browser_of("edward")
    empty = amara.post(path, {"do": "ask", "words": "  "})
    assert (empty.status_code, "Write what should be changed" in Page(empty).text) == (400, True)
    long = amara.post(path, {"do": "ask", "words": "x" * 5_001 + "the end"})
    assert long.status_code == 400
    assert "at most 5,000 characters; this one has 5,008" in Page(long).text
    assert "xthe end" in Page(long).text, "what was typed is neither cut nor lost"
    assert amara.post(path, {"do": "ask", "words": "Name the <b>other</b> registrar."})
    page = shown(edward, path)
    assert "Name the <b>other</b> registrar." in page.text
    assert "<b>other</b>" not in page.html
    answer = edward.post(f"/permits/agreements/for/{road.application.reference}/", BOTH)
    assert answer["Location"] == path
    road.agreement.refresh_from_db()
    assert (road.agreement.state, road.agreement.asked) == ("offered", "")


def test_a_refusal_needs_reasons_and_keeps_what_was_typed(
    road: Road, browser_of: Callable[[str], Any]
) -> None:
    road.agreed()
    path = f"/permits/agreements/{road.agreement.reference}/"
    owen = browser_of("owen")
    answer = owen.post(f"{path}countersign/", {"verdict": "refuse", "words": " "})
    assert answer.status_code == 400
    asked = signed(road, owen, f"{path}countersign/", verdict="refuse", words="Too risky.")
    assert "I refuse that data are used" in asked.text
    assert "Too risky." in asked.text
    page = shown(browser_of("colin"), path)
    assert "Why an officer refused Too risky." in page.text
    offered = browser_of("edward").post(
        f"/permits/agreements/for/{road.application.reference}/", BOTH
    )
    assert "An officer refused this use of data" in Page(offered).text


def test_what_the_signer_refused_is_said_and_can_be_tried_again(
    road: Road, browser_of: Callable[[str], Any]
) -> None:
    road.countersigned()
    row = road.agreement.decision
    kept = bytes(row.content)
    put(row, content=kept.replace(b"asthma", b"asthmA"))
    road.work()
    path = f"/permits/agreements/{road.agreement.reference}/"
    edward = browser_of("edward")
    page = shown(edward, path)
    assert "The permit was not made" in page.text
    assert "CW-AGREEMENT-TEXT" in page.text
    assert "Nothing is lost" in page.text
    assert "The permit was not made" not in shown(browser_of("colin"), path).text
    put(row, content=kept)
    assert edward.post(f"{path}again/").status_code == 302
    road.work()
    assert road.permit.state == "announced"


def test_it_can_be_printed_and_kept(road: Road, browser_of: Callable[[str], Any]) -> None:
    import hashlib

    from commonweal.web.projects.papers import agreement_paper

    road.framework()
    row = road.offer()
    colin = browser_of("colin")
    text = colin.get(f"/permits/agreements/{row.reference}/text")
    assert text["Content-Disposition"].startswith("attachment")
    found = "sha256:" + hashlib.sha256(text.content).hexdigest()
    assert found == agreement_paper(row).text_digest
    printed = colin.get(f"/permits/agreements/{row.reference}/print")
    assert printed["Content-Disposition"].startswith("attachment")
    assert b"<script" not in printed.content
    page = shown(colin, f"/permits/frameworks/{row.framework.reference}/print")
    assert "Framework contract with" in page.text


@pytest.mark.parametrize("fields", [{}, {"do": ""}, {"do": "delete"}, {"do": "accept\x00"}])
def test_an_unknown_button_does_nothing(
    road: Road, browser_of: Callable[[str], Any], fields: dict[str, str]
) -> None:
    road.framework()
    row = road.offer()
    answer = browser_of("colin").post(f"/permits/agreements/{row.reference}/", fields)
    assert answer.status_code == 400
    row.refresh_from_db()
    assert row.state == "offered"


def test_pages_ask_as_much_of_the_database_with_more_rows(
    road: Road, browser_of: Callable[[str], Any]
) -> None:
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    road.permitted()
    client = browser_of("edward")

    def asked() -> int:
        with CaptureQueriesContext(connection) as found:
            assert client.get("/permits/").status_code == 200
        return len(found)

    asked()
    few = asked()
    copy_rows(road, 30)
    assert asked() == few


def copy_rows(road: Road, count: int) -> None:
    """More agreements and permits, with one project each."""
    from commonweal.web.applications.models import Application, Draft
    from commonweal.web.ledgerlink.models import governed_write

    agreement, permit = road.agreement, road.permit
    for number in range(count):
        with governed_write():
            row = Application(
                organisation=road.application.organisation, begun_by=user("amara"),
                begun_at=road.application.begun_at, state="approved",
            )  # fmt: skip
            row.save()
            Draft.objects.create(
                application=row, saved_at=row.begun_at, saved_by=user("amara"), title="A study"
            )
            agreement.pk, agreement._state.adding = None, True
            agreement.reference, agreement.application = f"copy-{number}", row
            agreement.save()
        permit.pk, permit._state.adding = None, True
        permit.reference, permit.application, permit.agreement = f"permit-{number}c", row, agreement
        permit.save()
