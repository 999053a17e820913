"""What follows from the acts about the way in which a version is decided, and when time is over."""

from __future__ import annotations

from django.db import transaction
from django.urls import reverse

from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.committee.route import RouteProposal, check_proposal
from commonweal.governance.committee.vocabulary import CRITERION_WORDS
from commonweal.governance.states.application import APPLICATION
from commonweal.governance.states.item import ITEM
from commonweal.ledger.details import new_salt
from commonweal.ledger.entry import Actor, Event
from commonweal.web.applications.models import Application, Version
from commonweal.web.applications.services import paper_of
from commonweal.web.committee import telling
from commonweal.web.committee.agenda import as_asked
from commonweal.web.committee.ballots import locked, move
from commonweal.web.committee.chair_handlers import ChairHandler
from commonweal.web.committee.handlers import item_for, publish_decision
from commonweal.web.committee.models import Item, Meeting, RouteAct
from commonweal.web.committee.policies import check_not_out
from commonweal.web.committee.shorter import (
    STAYS,
    builds_on_decision,
    call_of,
    check_call_in,
    check_few,
    end_sitting,
    is_over,
    read_proposal,
    record_proposal,
)
from commonweal.web.config import clock
from commonweal.web.config.rules import rules_in_force
from commonweal.web.desk.publishing import to_committee
from commonweal.web.desk.services import is_settled
from commonweal.web.ledgerlink.services import govern
from commonweal.web.signing.handlers import Told
from commonweal.web.signing.models import Act


class ShortHandler:
    """The secretary proposes that a few members decide; they begin at once."""

    def _read(self, act: Act) -> tuple[Application, Version, RouteProposal]:
        rows = Application.objects.select_for_update().filter(reference=act.subject)
        application = rows.first()
        version = None if application is None else application.versions.order_by("number").last()
        if application is None or version is None or version.pk != act.wish.get("version"):
            raise Fault("CW-WEB-SIGNING", "What this is about is not the newest version.")
        return application, version, read_proposal(act, version)

    def _next(self, application: Application, version: Version) -> str:
        met = ("assessment_settled",) if is_settled(version) else ()
        return APPLICATION.check_step(
            application.state, "put_to_committee", "committee_secretary", met=met
        )

    def check(self, act: Act) -> None:
        """Raises as `check_few`, `check_proposal`, `check_not_out`; `Refused` CW-STATE-STEP."""
        application, version, made = self._read(act)
        self._next(application, version)
        if made.route != "proportionate":
            raise Refused("CW-COMMITTEE-ROUTE", "Only the short route is offered here.")
        paper = paper_of(version)
        check_not_out(act.person, version, paper)
        check_few(act.wish.get("present", []), version, paper)
        check_proposal(made, rules_in_force(), paper.content, None)

    def follow(self, act: Act) -> None:
        """A sitting of the few, with the one item on it; its members declare first."""
        if RouteAct.objects.filter(act=act.pk).exists():
            return
        application, version, made = self._read(act)
        paper = paper_of(version)
        application.state = self._next(application, version)
        now = clock.now()
        sitting = Meeting.objects.create(
            route=made.route, held_at=now, place="By the short route", state="open",
            present=list(act.wish["present"]), made_by=act.person,
        )  # fmt: skip
        item = Item(
            version=version, meeting=sitting,
            title=(paper.content.project.title or application.reference)[:500],
            variables=[as_asked(path) for path in paper.asked], proposal=made.canonical(),
            state=ITEM.check_step("listed", "begin", "committee_secretary"),
        )  # fmt: skip
        record_proposal(act, made, item, application)
        to_committee(version, act.person, act.role)
        telling.few(item)

    def told(self, act: Act) -> Told:
        """What is proposed, and why each condition is met."""
        application, version, made = self._read(act)
        lines = [("What you propose", "A few members decide this, and not a whole meeting.")]
        lines += [(CRITERION_WORDS[one.condition].capitalize(), one.reason) for one in made.grounds]
        title = paper_of(version).content.project.title or application.reference
        return Told(title, reverse("committee:short"), tuple(lines))


class RouteHandler:
    """A way to a decision without a meeting: the short route, or the chair's action."""

    def _of(self, act: Act) -> ShortHandler | ChairHandler:
        return ChairHandler() if act.verdict == "chair" else ShortHandler()

    def check(self, act: Act) -> None:
        """Raises what the route's own handler raises."""
        self._of(act).check(act)

    def follow(self, act: Act) -> None:
        """What follows on this route."""
        self._of(act).follow(act)

    def told(self, act: Act) -> Told:
        """What is proposed."""
        return self._of(act).told(act)


class CallInHandler:
    """A member calls a case in: the whole committee decides it at a meeting, or has decided it."""

    def check(self, act: Act) -> None:
        """Raises what `check_call_in` raises."""
        item, _ = item_for(act)
        if check_call_in(act.person, item) != act.role:
            raise Refused("CW-COMMITTEE-MEMBER", "The call names a seat that you do not hold.")

    def follow(self, act: Act) -> None:
        """The case waits for a meeting; what the few had decided counts for nothing.

        Where the whole committee had decided before, that stays, and the next meeting hears of it.
        """
        if RouteAct.objects.filter(act=act.pk).exists():
            return
        item, _ = item_for(act)
        actor, route = Actor(act.role, act.person.public_id), item.meeting.route
        role = check_call_in(act.person, item)
        action, guard = call_of(item)
        item.state = ITEM.check_step(item.state, action, role, met=(guard,))
        item.closed_at = item.closed_at or clock.now()
        row = RouteAct(
            version=item.version, kind=act.kind, route=route, person=act.person, salt=new_salt(),
            act=act.pk, made_at=clock.now(),
        )  # fmt: skip
        undone = list(item.version.decisions.filter(published_at__isnull=True))
        for one in undone:
            one.set_aside_at = clock.now()
        fields = {"application": act.subject, "route": route}
        govern(Event("route.called_in", actor, fields), row, item, *undone)
        end_sitting(item)
        telling.called_in(item)

    def told(self, act: Act) -> Told:
        """What follows from it."""
        item, _ = item_for(act)
        line = ("What follows", "The few members no longer decide this. A meeting does.")
        if builds_on_decision(item):
            line = ("What follows", STAYS)
        return Told(item.title, reverse("committee:item", args=[item.pk]), (line,))


def take_effect() -> int:
    """Let what a few decided, and nobody called in, take effect; how many it was."""
    waiting = Item.objects.filter(state="waiting").select_related("version", "meeting")
    done = 0
    for one in waiting:
        if not is_over(one):
            continue
        with transaction.atomic():
            item = locked(one)
            if item.state != "waiting":
                continue
            row = item.version.decisions.filter(set_aside_at__isnull=True).last()
            act = None if row is None else Act.objects.filter(pk=row.act).first()
            if row is None or act is None:
                raise Fault("CW-WEB-SIGNING", "What a few decided is not there any more.")
            to = ITEM.check_step("waiting", "take_effect", "system", met=("call_in_over",))
            move(item, to, Actor("system", "committee"))
            publish_decision(item, row, act)
            end_sitting(item)
        done += 1
    return done
