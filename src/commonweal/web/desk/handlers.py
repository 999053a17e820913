"""What follows from the Data Protection Officer's signature."""

from __future__ import annotations

from django.urls import reverse

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.application.answers import DPIA
from commonweal.governance.committee.advice import ADVICE_WORDS, DpoAdvice
from commonweal.ledger.details import commitment, new_salt
from commonweal.ledger.entry import Actor, Event
from commonweal.web.applications.models import Application, Version
from commonweal.web.applications.services import paper_of
from commonweal.web.config import clock
from commonweal.web.desk.advising import check_open
from commonweal.web.desk.models import Advice
from commonweal.web.desk.policies import check_outside, standing_of
from commonweal.web.desk.services import advice_row
from commonweal.web.ledgerlink.services import govern
from commonweal.web.signing.handlers import Told
from commonweal.web.signing.models import Act


def advice_in(act: Act) -> DpoAdvice:
    """The advice that was written with an act. Raises `Fault` CW-ACT-INVALID."""
    if act.content is None:
        raise Fault("CW-ACT-INVALID", "There is no advice with this signature.")
    return DpoAdvice.read(parse_json(bytes(act.content), "The advice"), "The advice")


def version_in(act: Act) -> Version:
    """The version an act is about. Raises `Fault` CW-ACT-INVALID."""
    rows = Version.objects.select_related("application")
    found = rows.filter(pk=act.wish.get("version"), application__reference=act.subject).first()
    if found is None:
        raise Fault("CW-ACT-INVALID", "The signature is about no version that was sent.")
    return found


class AdviceHandler:
    """Acts of the kind `advise`."""

    def check(self, act: Act) -> None:
        """Raise unless this advice may be given now, on this version, by this person."""
        version, advice = version_in(act), advice_in(act)
        Application.objects.select_for_update().get(pk=version.application_id)
        if advice_row(version, act.id) is not None:
            return  # followed already; the worker stopped in between
        check_open(Application.objects.get(pk=version.application_id))
        at = standing_of(act.person, act.subject, clock.today())
        if "dpo" not in at.roles:
            raise Refused("CW-STATE-ROLE", "Only the Data Protection Officer gives this advice.")
        check_outside(at)
        if at.version.pk != version.pk:
            raise Refused(
                "CW-STATE-STEP", "A newer version was sent. Read it and give your advice on that."
            )
        same = (act.person.public_id, version.digest, act.object_digest, act.verdict)
        found = (advice.person, advice.version_digest, advice.assessment_digest, advice.verdict)
        if found != same or paper_of(version).form_digest(DPIA) != act.object_digest:
            raise Fault("CW-ACT-INVALID", "The advice is not about what was signed.")

    def follow(self, act: Act) -> None:
        """Write the advice, once."""
        version = version_in(act)
        if advice_row(version, act.id) is not None:
            return
        salt, content = new_salt(), bytes(act.content or b"")
        row = Advice(
            version=version, person=act.person, content=content, act=act.id, salt=salt,
            made_at=clock.now(),
        )  # fmt: skip
        fields = {"application": act.subject, "advice": commitment(salt, content)}
        govern(Event("advice.given", Actor("dpo", act.person.public_id), fields), row)

    def told(self, act: Act) -> Told:
        """What the officer reads again before signing."""
        advice = advice_in(act)
        lines = [("Your advice", ADVICE_WORDS[advice.verdict]), ("In your words", advice.words)]
        lines += [("A condition", one) for one in advice.conditions]
        return Told(
            "Your advice on the data protection impact assessment",
            reverse("desk:advice", args=[act.subject]),
            tuple(lines),
        )
