"""What officers sign, and what must never become a permit after both sides accepted."""

from __future__ import annotations

import json

import pytest

from commonweal.foundation.canonical import digest, parse_json
from tests.web.projects.room import Road, code, ordered, put, refused, user

FROM = "agreed"


def test_one_officer_is_not_enough(road: Road) -> None:
    road.countersign("owen")
    road.work()
    assert (road.order, road.permit) == (None, None)
    ordered(road)
    assert refused(road) == "CW-DOSSIER-ACT-MISSING"


@pytest.mark.parametrize("kind", ["vote", "conflict", "decide", "advise", "send"])
def test_an_act_that_the_ledger_knows_cannot_be_left_out(road: Road, kind: str) -> None:
    from commonweal.web.signing.models import Act

    road.countersign()
    (act, *_) = Act.objects.filter(subject=road.application.reference, kind=kind)
    act.delete()
    assert refused(road) in ("CW-DOSSIER-ACT-MISSING", "CW-DOSSIER-DIGEST")


def test_a_decision_that_was_changed_makes_nothing(road: Road) -> None:
    road.countersign()
    row = road.agreement.decision
    plain = parse_json(bytes(row.content), "The decision")
    plain["summary"] = "Everybody may use everything."
    from commonweal.governance.committee.decision import Decision

    changed = Decision.read(plain, "The decision")
    put(row, content=changed.canonical())
    assert refused(road) == "CW-AGREEMENT-TEXT"
    put(row, content=changed.canonical(), digest=changed.digest())
    ordered(road)
    assert refused(road) == "CW-COMPILE-AGREEMENT-OTHER"


def test_a_version_that_was_changed_makes_nothing(road: Road) -> None:
    from commonweal.web.applications.models import Version

    road.countersign()
    changed = bytes(road.version.content).replace(b"Asthma admissions", b"Asbestos cases...")
    put(road.version, content=changed)
    assert refused(road) == "CW-WEB-VERSION"
    put(road.version, content=changed, digest=digest(parse_json(changed, "It")))
    assert Version.objects.get(pk=road.version.pk).digest != road.paper.digest()
    ordered(road)
    assert refused(road).startswith("CW-COMPILE-")


def test_an_agreement_that_was_changed_makes_nothing(road: Road) -> None:
    road.countersign()
    row = road.agreement
    plain = parse_json(bytes(row.content), "The agreement")
    plain["signatories"][0]["name"] = "Somebody Else"
    from commonweal.governance.agreement.model import Agreement

    changed = Agreement.read(plain, "The agreement")
    put(row, content=changed.canonical(), digest=changed.digest())
    assert refused(road) in ("CW-AGREEMENT-TEXT", "CW-DOSSIER-ACT-MISSING")


def test_who_voted_cannot_be_the_guardian(road: Road) -> None:
    """The roster has the last word, whatever role the service's own rows give."""
    from commonweal.ledger.entry import Actor
    from commonweal.web.accounts.models import Organisation
    from commonweal.web.accounts.services import give_role
    from commonweal.web.projects.signing import countersign

    hospital = Organisation.objects.get(kind="custodian")
    give_role(user("hamish"), hospital, "caldicott_guardian", Actor("system", "tests"))
    act = countersign(user("hamish"), road.agreement, "agree")
    settled = road.sign(act)
    assert (settled.state, settled.code) == ("refused", "CW-ACT-ROLE")
    assert road.agreement.state == "with_officers"


def test_one_person_cannot_sign_in_both_offices(road: Road) -> None:
    from commonweal.ledger.entry import Actor
    from commonweal.web.accounts.models import Organisation
    from commonweal.web.accounts.services import give_role
    from commonweal.web.projects.signing import countersign

    road.countersign("owen")
    hospital = Organisation.objects.get(kind="custodian")
    give_role(user("owen"), hospital, "siro", Actor("system", "tests"))
    assert code(lambda: countersign(user("owen"), road.agreement, "agree")) == "CW-STATE-GUARD"


def test_an_officer_refuses_once_and_for_all(road: Road) -> None:
    from commonweal.web.projects.signing import countersign

    road.countersign("owen")
    assert code(lambda: countersign(user("priya"), road.agreement, "refuse", " ")) != ""
    road.countersign("priya", verdict="refuse", words="The risk is too high.")
    row = road.agreement
    assert (row.state, row.stopped_by) == ("refused_by_officer", "siro")
    assert row.reasons == "The risk is too high."
    assert code(road.offer) == "CW-STATE-STEP"
    # Who owns the database writes the state back, and lets both sign: the ledger remembers.
    put(row, state="with_officers")
    road.countersign()
    assert refused(road) == "CW-DOSSIER-REFUSED"


def test_a_refusal_holds_for_another_wording_too(road: Road) -> None:
    road.countersign("owen", verdict="refuse", words="The risk is too high.")
    put(road.agreement, state="withdrawn")
    road.offer()
    road.accept()
    road.countersign()
    assert refused(road) == "CW-DOSSIER-REFUSED"


def test_what_an_officer_publishes_is_what_the_ledger_holds(road: Road) -> None:
    from commonweal.web.ledgerlink.models import Intent
    from commonweal.web.signing.models import Act

    road.countersign("owen", verdict="refuse", words="The risk is too high.")
    (intent,) = Intent.objects.filter(type="officer.stopped")
    act = Act.objects.get(kind="countersign", subject=road.application.reference)
    written = parse_json(bytes(act.content), "The reasons")
    assert intent.event().fields["reasons_hash"] == digest(written)
    assert (written["office"], written["reasons"]) == (
        "caldicott_guardian",
        "The risk is too high.",
    )
    assert "owen" not in str(written)


def test_a_catalogue_that_changed_stops_the_countersigning(road: Road) -> None:

    from commonweal.vault.custody import remember_catalogue
    from commonweal.web.applications.catalogues import catalogue_for
    from commonweal.web.projects.signing import countersign

    plain = catalogue_for("hospital").plain()
    plain["datasets"][0]["tables"][0]["variables"][-1]["role"] = "sensitive"
    file = road.home.with_name("newer.json")
    file.write_text(json.dumps(plain))
    with road.custody() as custody:
        remember_catalogue(custody, file)
    assert (
        code(lambda: countersign(user("owen"), road.agreement, "agree")) == "CW-COMPILE-CATALOGUE"
    )


def test_after_a_stop_both_officers_sign_anew(road: Road) -> None:
    from commonweal.web.projects import services

    road.countersign("owen")
    services.pause(user("owen"), road.agreement, "I read it again tomorrow.")
    assert code(lambda: services.go_on(user("priya"), road.agreement)) == "CW-STATE-ROLE"
    services.go_on(user("owen"), road.agreement)
    assert (road.agreement.state, road.agreement.reasons) == ("with_officers", "")
    road.countersign("priya")
    assert road.order is None
    road.countersign("owen")
    road.work()
    assert road.order.state == "done", road.order.sentence
