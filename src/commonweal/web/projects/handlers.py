"""What follows from the acts of this app, once the ledger has heard of them.

`check` locks the application and holds the step against the table of states; `follow` writes what
`check` let pass. The signer and its judge check all of it again before anything is signed as a
permit, so nothing here has to be believed.
"""

from __future__ import annotations

from django.urls import reverse

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.agreement.reasons import OfficerReasons
from commonweal.governance.dossier.steps import GOOD_FOR, STEPS, StepKind
from commonweal.governance.states.agreement import AGREEMENT
from commonweal.governance.states.framework import FRAMEWORK
from commonweal.ledger.entry import Actor
from commonweal.web.accounts.models import Membership
from commonweal.web.committee.services import decision_of
from commonweal.web.config import clock
from commonweal.web.ledgerlink.services import govern
from commonweal.web.projects.models import (
    GATHERING,
    REFUSED,
    WAITING,
    Agreement,
    Framework,
    Permit,
    PermitOrder,
    PermitStep,
)
from commonweal.web.projects.papers import agreement_paper, approved, framework_paper
from commonweal.web.projects.policies import check_permit_step, roles_at
from commonweal.web.projects.services import (
    agreement_event,
    framework_event,
    is_internal_paper,
    locked,
    names,
    side_of,
    stopped_event,
)
from commonweal.web.projects.standing import state_of
from commonweal.web.projects.telling import to_sign
from commonweal.web.register.presenters import REASONS
from commonweal.web.signing.handlers import Told
from commonweal.web.signing.models import HEARD, Act


def _actor(act: Act) -> Actor:
    return Actor(act.role, act.person.public_id)


def _none() -> Fault:
    return Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")


def _agreement(act: Act) -> Agreement:
    try:
        return locked(str(act.wish.get("agreement", "")))
    except Agreement.DoesNotExist:
        raise _none() from None


def _require_role(act: Act, held: frozenset[str]) -> None:
    if act.role not in held:
        raise Refused("CW-STATE-ROLE", "The account does not hold the role that this needs.")


class AgreeHandler:
    """A signatory accepts an agreement, or the framework contract of an organisation."""

    def check(self, act: Act) -> None:
        """Refuse whoever is not named, and a text that is not the one that is offered now."""
        if "framework" in act.wish:
            _FRAMEWORKS.check(act)
            return
        row = _agreement(act)
        _require_role(act, roles_at(act.person, row.application, clock.today()))
        paper = agreement_paper(row)
        self._next(
            row, act, internal=is_internal_paper(paper), named=names(paper, act.role, act.person)
        )
        _check_object(act, row.application.reference, paper.digest())
        _check_stands(row)

    def follow(self, act: Act) -> None:
        """Write that this side accepted."""
        if "framework" in act.wish:
            _FRAMEWORKS.follow(act)
            return
        row = _agreement(act)
        paper = agreement_paper(row)
        row.state = self._next(row, act, internal=is_internal_paper(paper), named=True)
        event = agreement_event("agreement.accepted", row, _actor(act), side=side_of(act.role))
        govern(event, row)
        to_sign(row, paper)

    def told(self, act: Act) -> Told:
        """The agreement, by its title."""
        if "framework" in act.wish:
            return _FRAMEWORKS.told(act)
        row = _agreement(act)
        paper = agreement_paper(row)
        link = reverse("projects:agreement", args=[row.reference])
        return Told(paper.title, link, (("Reference", row.reference),))

    @staticmethod
    def _next(row: Agreement, act: Act, *, internal: bool, named: bool) -> str:
        action = "accept_internal_terms" if internal and row.state == "offered" else "accept"
        guard = "internal_terms" if action == "accept_internal_terms" else "named_signatory"
        met = (guard,) if named else ()
        return AGREEMENT.check_step(row.state, action, act.role, met=met)


class _Frameworks:
    """The same for framework contracts."""

    def check(self, act: Act) -> None:
        row = self._row(act)
        paper = framework_paper(row)
        held = Membership.objects.filter(user=act.person, role=act.role).select_related(
            "organisation"
        )
        there = {
            one.role for one in held
            if one.holds_on(clock.today()) and not one.project
            and (one.organisation_id == row.organisation_id
                 if act.role == "signatory_applicant" else one.organisation.kind == "custodian")
        }  # fmt: skip
        _require_role(act, frozenset(there))
        self._next(row, act, named=names(paper, act.role, act.person))
        _check_object(act, row.reference, paper.digest())

    def follow(self, act: Act) -> None:
        row = self._row(act)
        row.state = self._next(row, act, named=True)
        if row.state == "in_force":
            self._replace(row)
        event = framework_event("framework.accepted", row, _actor(act), side=side_of(act.role))
        govern(event, row)
        to_sign(row, framework_paper(row))

    def told(self, act: Act) -> Told:
        row = self._row(act)
        link = reverse("projects:framework", args=[row.reference])
        return Told(framework_paper(row).title, link, (("Reference", row.reference),))

    @staticmethod
    def _replace(row: Framework) -> None:
        for old in Framework.objects.select_for_update().filter(
            organisation=row.organisation, state="in_force"
        ):
            old.state = FRAMEWORK.check_step(
                old.state, "replace", "system", met=("ledger_says_so",)
            )
            event = framework_event(
                "framework.ended", old, Actor("system", "service"), reason="replaced"
            )
            govern(event, old)

    @staticmethod
    def _row(act: Act) -> Framework:
        rows = Framework.objects.select_for_update(of=("self",)).select_related("organisation")
        found = rows.filter(reference=str(act.wish.get("framework", ""))).first()
        if found is None:
            raise _none()
        return found

    @staticmethod
    def _next(row: Framework, act: Act, *, named: bool) -> str:
        met = ("named_signatory",) if named else ()
        return FRAMEWORK.check_step(row.state, "accept", act.role, met=met)


_FRAMEWORKS = _Frameworks()


def _check_object(act: Act, subject: str, digest: str) -> None:
    if (act.subject, act.object_digest) != (subject, digest):
        raise Refused("CW-STATE-STEP", "The text has changed since this was opened.")


def _check_stands(row: Agreement) -> None:
    """Refuse where the decision no longer stands, as after an appeal."""
    found = decision_of(row.decision.version)
    if found is None or found.pk != row.decision_id:
        raise Refused("CW-STATE-STEP", "The decision behind this agreement no longer stands.")


class CountersignHandler:
    """Caldicott Guardian and SIRO agree to all of it, or refuse with published reasons (P2)."""

    def check(self, act: Act) -> None:
        """Refuse a person who signed in the other office, or papers that have changed."""
        row = _agreement(act)
        _require_role(act, roles_at(act.person, row.application, clock.today()))
        self._next(row, act, self._met(act))
        _check_stands(row)
        _check_object(act, row.application.reference, approved(row).digest())
        if act.verdict == "refuse":
            _reasons(act, row)

    def follow(self, act: Act) -> None:
        """Write the countersignature or the refusal; both officers' yes orders the permit."""
        row = _agreement(act)
        row.state = self._next(row, act, {"made_from_decision", "somebody_else"})
        if act.verdict == "refuse":
            said = _reasons(act, row)
            row.stopped_by, row.reasons = act.role, said.reasons
            PermitOrder.objects.filter(agreement=row).delete()
            govern(stopped_event(row, _actor(act), said), row)
            return
        govern(agreement_event("officer.countersigned", row, _actor(act), decision=True), row)
        to_sign(row, agreement_paper(row))
        if row.state == "countersigned":
            PermitOrder.objects.update_or_create(
                agreement=row,
                defaults={"state": WAITING, "dossier": None, "code": "", "sentence": "",
                          "made_at": clock.now(), "settled_at": None},
            )  # fmt: skip

    def told(self, act: Act) -> Told:
        """The agreement, and the reasons of a refusal."""
        row = _agreement(act)
        lines = [("Reference", row.reference)]
        if act.verdict == "refuse":
            lines.append(("Reasons that are published", _reasons(act, row).reasons))
        link = reverse("projects:countersign", args=[row.reference])
        return Told(agreement_paper(row).project, link, tuple(lines))

    @staticmethod
    def _met(act: Act) -> set[str]:
        """The guards that hold: papers from the decision, and another person than the first."""
        before = Act.objects.filter(
            kind="countersign",
            state=HEARD,
            subject=act.subject,
            object_digest=act.object_digest,
            verdict="agree",
        ).exclude(role=act.role)
        met = {"made_from_decision"}
        if not before.filter(person=act.person).exists():
            met.add("somebody_else")
        return met

    @staticmethod
    def _next(row: Agreement, act: Act, met: set[str]) -> str:
        role = act.role
        if act.verdict == "refuse":
            return AGREEMENT.check_step(row.state, "refuse", role, met=("reasons_published",))
        office = {"caldicott_guardian": "guardian", "siro": "siro"}.get(role, "guardian")
        return AGREEMENT.check_step(row.state, f"countersign_as_{office}", role, met=met)


def _reasons(act: Act, row: Agreement) -> OfficerReasons:
    """What the officer wrote. Raises `Fault` where it is not about this agreement."""
    plain = parse_json(bytes(act.content or b"null"), "The reasons")
    said = OfficerReasons.read(plain, "The reasons", "CW-AGREEMENT-INVALID")
    wanted = (row.application.reference, row.reference, act.role, "refused")
    if (said.application, said.agreement, said.office, said.step) != wanted:
        raise Fault("CW-AGREEMENT-INVALID", "The reasons are about something else.")
    return said


class StepHandler:
    """A step of a permit: paused, suspended, resumed, revoked or closed."""

    def check(self, act: Act) -> None:
        """Refuse a step that the permit cannot take now, or a second act of one person for it."""
        permit = self._permit(act)
        _require_role(act, roles_at(act.person, permit.application, clock.today()))
        check_permit_step(act.kind, state_of(permit), act.role)
        if (act.subject, act.object_digest) != (permit.reference, permit.digest):
            raise Refused("CW-STATE-STEP", "This is about another permit.")
        found = self._open(permit, act.kind)
        if found is not None and found.state == WAITING:
            raise Refused("CW-STATE-STEP", "This step has been signed and is being taken.")
        if found is not None and self._signed_by(found, act):
            raise Refused("CW-STATE-GUARD", "A second person must do this.")

    def follow(self, act: Act) -> None:
        """Add the act to the step; with enough people's acts the signer takes it."""
        permit = self._permit(act)
        step = self._open(permit, act.kind) or PermitStep(
            permit=permit, kind=act.kind, reason=act.wish.get("reason", ""),
            made_by=act.person, made_at=clock.now(),
        )  # fmt: skip
        kind: StepKind = act.kind
        if act.pk not in step.acts:
            step.acts = [*step.acts, act.pk]
        step.state = WAITING if len(step.acts) >= STEPS[kind].people else GATHERING
        step.save()

    def told(self, act: Act) -> Told:
        """The permit, the step and its reason."""
        permit = self._permit(act)
        lines = [("Permit", permit.reference)]
        if act.wish.get("reason"):
            lines.append(("Reason", REASONS.get(act.wish["reason"], act.wish["reason"])))
        link = reverse("projects:permit", args=[permit.reference])
        return Told(f"Permit {permit.reference}", link, tuple(lines))

    @staticmethod
    def _permit(act: Act) -> Permit:
        rows = Permit.objects.select_for_update(of=("self",)).select_related(
            "application__organisation"
        )
        found = rows.filter(reference=str(act.wish.get("permit", ""))).first()
        if found is None:
            raise _none()
        return found

    @staticmethod
    def _open(permit: Permit, kind: str) -> PermitStep | None:
        """The step of this kind that is under way. Acts that are too old begin none."""
        found = permit.steps.filter(kind=kind, state__in=(GATHERING, WAITING)).first()
        if found is None or found.state == WAITING or clock.now() - found.made_at < GOOD_FOR:
            return found
        found.state, found.settled_at = REFUSED, clock.now()
        found.code, found.sentence = "CW-STEP-ACTS", "Nobody else signed this in time."
        found.save()
        return None

    @staticmethod
    def _signed_by(step: PermitStep, act: Act) -> bool:
        return Act.objects.filter(pk__in=step.acts, person=act.person).exclude(pk=act.pk).exists()
