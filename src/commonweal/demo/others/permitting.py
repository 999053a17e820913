"""From the agreement to the permit, and what happens to a permit afterwards."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from commonweal.demo.others.hands import Hands
from commonweal.demo.others.plan import After, Other, Plan
from commonweal.foundation.errors import Failure
from commonweal.governance.forms.answers import Answers
from commonweal.web.applications.contents import fingerprint
from commonweal.web.applications.models import Application
from commonweal.web.applications.services import answers_part
from commonweal.web.projects import services, signing
from commonweal.web.projects.models import Agreement, Framework, Permit, PermitOrder
from commonweal.web.projects.services import Side
from commonweal.web.reviews import services as reviewing
from commonweal.web.reviews.contents import answers_of, form
from commonweal.web.reviews.models import Review

OFFICER, OURS = "edward", "vera"
OFFICERS = ("owen", "priya")
_LONG = timedelta(days=1_400)


def _sides(hands: Hands, one: Other) -> dict[str, Side]:
    ours = {"custodian": Side(hands.person(OURS), "Chief executive")}
    if one.signs is None:
        return ours
    return ours | {"applicant": Side(hands.person(one.signs), "Registrar")}


def offer(hands: Hands, one: Other, row: Application) -> None:
    """The framework contract, where there is none yet, and the offer of the agreement."""
    officer = hands.person(OFFICER)
    if one.signs is not None and services.framework_for(row) is None:
        day = hands.day()
        made = services.offer_framework(officer, row, _sides(hands, one), day, day + _LONG)
        _accept_framework(hands, one, made)
    services.offer(officer, row, _sides(hands, one))


def _accept_framework(hands: Hands, one: Other, row: Framework) -> None:
    for who, role in ((one.signs, "signatory_applicant"), (OURS, "signatory_custodian")):
        row.refresh_from_db()
        hands.sign(signing.accept_framework(hands.person(str(who)), row, frozenset({role})))


def agree(hands: Hands, one: Other, row: Application) -> Permit:
    """Both sides accept, both officers countersign, and the signer makes the permit."""
    for who in (one.signs, OURS) if one.signs is not None else (OURS,):
        hands.sign(signing.accept(hands.person(who), _agreement(row)))
    for who in OFFICERS:
        hands.sign(signing.countersign(hands.person(who), _agreement(row), "agree"))
    hands.signer_works()
    permit = Permit.objects.filter(application=row).first()
    if permit is None:
        why = PermitOrder.objects.get(agreement=_agreement(row)).sentence
        raise Failure("CW-DEMO-USAGE", f"The demonstration's own permit was not made: {why}")
    made: Permit = permit
    return made


def _agreement(row: Application) -> Agreement:
    found: Agreement = Agreement.objects.filter(application=row).latest("made_at")
    return found


# --- afterwards -----------------------------------------------------------------------------------


def afterwards(hands: Hands, one: Other, row: Application, told: After, plan: Plan) -> None:
    """What happened to the permit then."""
    hands.signer_works()
    permit = Permit.objects.get(application=row)
    if told.step == "review":
        _review(hands, one, permit, told, plan)
    else:
        _step(hands, permit, told)
    hands.signer_works()


def _step(hands: Hands, permit: Permit, told: After) -> None:
    """An officer stops a permit, or information governance ends it."""
    who = OFFICER if told.step == "close" else OFFICERS[0]
    hands.sign(signing.take_step(hands.person(who), permit, told.step, told.reason))


def _review(hands: Hands, one: Other, permit: Permit, told: After, plan: Plan) -> None:
    """The project tells of its year, and the hospital accepts it."""
    lead, officer = hands.person(one.by), hands.person(OFFICER)
    row = Review.objects.filter(permit=permit).latest("due_on")
    values: dict[str, Any] = {
        **plan.common["review"], **told.told,
        "from_day": (hands.day() - timedelta(days=330)).isoformat(),
        "until_day": hands.day().isoformat(),
    }  # fmt: skip
    if not values["still_needed"]:
        values.pop("still_needed_why")
    empty = answers_of(row, None)
    asked = tuple(each.id for each in form().questions())
    seen = fingerprint(answers_part(empty, asked))
    reviewing.save_answers(lead, row, asked, lambda _: _filled(empty, values), seen)
    hands.sign(reviewing.send(lead, row))
    row.refresh_from_db()
    hands.sign(reviewing.accept(officer, row, seen=row.digest))


def _filled(empty: Answers, values: dict[str, Any]) -> Answers:
    return empty.model_copy(update={"values": {**empty.values, **values}})
