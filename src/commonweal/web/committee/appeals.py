"""Appeals: the applicant asks that others look at a no; upheld, the committee decides again."""

from __future__ import annotations

from django.db import transaction

from commonweal.foundation.canonical import digest
from commonweal.foundation.errors import Refused
from commonweal.governance.committee.appeal import can_appeal, check_hearer, check_in_time
from commonweal.governance.committee.conflicts import excluded
from commonweal.governance.committee.rules import CommitteeRules
from commonweal.governance.states.application import APPLICATION
from commonweal.ledger.details import commitment, new_salt
from commonweal.ledger.entry import Actor, Event
from commonweal.web.accounts.models import User
from commonweal.web.applications.models import Application
from commonweal.web.applications.policies import role_for
from commonweal.web.applications.services import paper_of
from commonweal.web.committee.models import Appeal, Decision
from commonweal.web.committee.policies import HEARING, check_role
from commonweal.web.committee.services import (
    decision_of,
    decision_paper,
    declarations_of,
    every_vote_of,
)
from commonweal.web.config import clock
from commonweal.web.config.rules import rules_named
from commonweal.web.ledgerlink.services import govern


def standing_decision(application: Application) -> Decision:
    """The decision on the newest version. Raises `Refused` CW-STATE-STEP where there is none."""
    version = application.versions.order_by("number").last()
    found = None if version is None else decision_of(version)
    if found is None or found.published_at is None:
        raise Refused("CW-STATE-STEP", "Nothing was decided that one could appeal against.")
    return found


def check_appeal(person: User, application: Application) -> Decision:
    """The decision that a person may appeal against now.

    Raises `Refused` CW-STATE-STEP, CW-STATE-ROLE, CW-APPEAL-LATE.
    """
    role = role_for(person, application, clock.today())
    APPLICATION.check_step(application.state, "appeal", role, met=("within_appeal_time",))
    found = standing_decision(application)
    check_in_time(found.since, rules_of_decision(found), clock.now())
    return found


def appeal(person: User, application: Application, grounds: str) -> Appeal:
    """Appeal. Raises as `check_appeal`."""
    with transaction.atomic():
        fresh = Application.objects.select_for_update().get(pk=application.pk)
        found = check_appeal(person, fresh)
        role = role_for(person, fresh, clock.today())
        fresh.state = APPLICATION.check_step(
            fresh.state, "appeal", role, met=("within_appeal_time",)
        )
        row = Appeal(
            application=fresh, decision=found, grounds=grounds, salt=new_salt(), made_by=person,
            made_at=clock.now(),
        )  # fmt: skip
        fields = {
            "application": fresh.reference, "decision": found.reference,
            "grounds": commitment(bytes(row.salt), grounds.encode()),
        }  # fmt: skip
        govern(Event("decision.appealed", Actor(role, person.public_id), fields), row, fresh)
    return row


# --- when a no is final -------------------------------------------------------------------------


def end(person: User, application: Application, *, action: str) -> Decision:
    """Accept a no (`accept_decision`) or take an appeal back (`take_appeal_back`): the no is final.

    Raises `Refused` CW-STATE-STEP, CW-STATE-ROLE.
    """
    with transaction.atomic():
        fresh = Application.objects.select_for_update().get(pk=application.pk)
        role = role_for(person, fresh, clock.today())
        if (fresh.state, action) not in ENDINGS:
            raise Refused("CW-STATE-STEP", "There is no answer that could be ended so now.")
        fresh.state = APPLICATION.check_step(fresh.state, action, role)
        found = standing_decision(fresh)
        how = ENDINGS[("rejected" if action == "accept_decision" else "under_appeal", action)]
        rows: list[Appeal] = []
        if how == "appeal_taken_back":
            rows = list(Appeal.objects.filter(application=fresh, result=""))
            for row in rows:
                row.result = "taken_back"
        _final(found, fresh, how, Actor(role, person.public_id), rows)
    return found


ENDINGS = {
    ("rejected", "accept_decision"): "accepted",
    ("under_appeal", "take_appeal_back"): "appeal_taken_back",
}
"""State and action: why a no is then final."""


def _final(
    decision: Decision, application: Application, how: str, actor: Actor, rows: list[Appeal]
) -> None:
    decision.final_at, decision.final_how = clock.now(), how
    fields = {
        "application": application.reference, "decision": decision.reference, "how": how,
    }  # fmt: skip
    govern(Event("decision.final", actor, fields), decision, application, *rows)


def end_appeal_times() -> int:
    """Make each no final against which nobody appealed in time; how many it was."""
    done = 0
    for pk in Application.objects.filter(state="rejected").values_list("pk", flat=True):
        with transaction.atomic():
            fresh = Application.objects.select_for_update().get(pk=pk)
            if fresh.state != "rejected":
                continue
            found = standing_decision(fresh)
            if can_appeal(found.since, rules_of_decision(found), clock.now()):
                continue
            fresh.state = APPLICATION.check_step(
                fresh.state, "end_appeal_time", "system", met=("appeal_time_over",)
            )
            _final(found, fresh, "time_over", Actor("system", "committee"), [])
        done += 1
    return done


def rules_of_decision(row: Decision) -> CommitteeRules:
    """The rules by which something was decided: by those it can be appealed against."""
    return rules_named(decision_paper(row).rules_digest)


# --- hearing ------------------------------------------------------------------------------------


def check_may_hear(person: User, row: Appeal) -> None:
    """Refuse who voted, decided, declared a conflict or is named. Raises CW-APPEAL-HEARER."""
    paper = paper_of(row.decision.version)
    declared = declarations_of(row.decision.version)
    voted = {one.person for one in every_vote_of(row.decision.version)}
    out = excluded(declared, paper.digest(), ())
    check_hearer(person.public_id, voted, tuple(out), tuple(paper.involved))


def hear(person: User, row: Appeal, *, uphold: bool, reasons: str) -> Appeal:
    """Uphold the appeal, so that the committee decides again, or dismiss it.

    Raises `Refused` CW-STATE-STEP, CW-APPEAL-HEARER.
    """
    action = "uphold_appeal" if uphold else "dismiss_appeal"
    with transaction.atomic():
        fresh = Application.objects.select_for_update().get(pk=row.application_id)
        held = Appeal.objects.select_related("decision__version").get(pk=row.pk)
        hearing = check_role(person, HEARING, fresh.reference)
        role = APPLICATION.role_among(fresh.state, action, hearing)
        if held.result:
            raise Refused("CW-STATE-STEP", "This appeal was heard already.")
        check_may_hear(person, held)
        fresh.state = APPLICATION.check_step(fresh.state, action, role, met=("heard_by_others",))
        held.result = "upheld" if uphold else "dismissed"
        held.reasons, held.heard_by, held.heard_at = reasons, person, clock.now()
        actor, about = Actor(role, person.public_id), held.decision
        fields = {"application": fresh.reference, "decision": about.reference}
        if uphold:
            about.set_aside_at = held.heard_at
            event = Event("decision.set_aside", actor, fields | {"reason": "appeal_upheld"})
            govern(event, held, about, fresh)
        else:
            about.final_at, about.final_how = held.heard_at, "appeal_dismissed"
            hashed = digest({"reasons": reasons})
            event = Event("appeal.dismissed", actor, fields | {"reasons_hash": hashed})
            govern(event, held, about, fresh)
    return held


def open_appeals() -> list[Appeal]:
    """Appeals that wait to be heard, the oldest first."""
    rows = Appeal.objects.filter(result="").select_related("application", "decision")
    return list(rows)
