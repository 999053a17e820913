"""What follows when an officer agrees a small change and the ledger has heard of it."""

from __future__ import annotations

from django.urls import reverse

from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.committee.decision import Decision as DecisionPaper
from commonweal.governance.committee.decision import headline
from commonweal.ledger.details import commitment
from commonweal.ledger.entry import Actor, Event
from commonweal.papers.act_table import fingerprint
from commonweal.web.amending.policies import amendment_of, machine_of
from commonweal.web.amending.services import check_agree, small_decision
from commonweal.web.applications.models import Application, Version
from commonweal.web.applications.services import paper_of
from commonweal.web.committee.models import Decision
from commonweal.web.committee.telling import published
from commonweal.web.config import clock
from commonweal.web.desk.publishing import decided
from commonweal.web.ledgerlink.services import govern
from commonweal.web.projects.policies import staff_roles
from commonweal.web.signing.handlers import Told
from commonweal.web.signing.models import Act


class AgreeChangeHandler:
    """The act of kind `agree_change`. The signer of the permit works all of it out again."""

    def check(self, act: Act) -> None:
        """Refuse a change that is not small, a decision that is not the one of this change, and
        whoever may not agree it."""
        application, version, made = self._read(act)
        roles = staff_roles(act.person, clock.today())
        if check_agree(act.person, application, frozenset(roles)) != version:
            raise Refused("CW-STATE-STEP", "Another version was sent since this was opened.")
        again = small_decision(version, made.summary, "\n".join(made.reasons), made.decided_at)
        if again.digest() != act.object_digest:
            raise Refused("CW-DECISION-OTHER", "The decision is not the one of this change.")

    def follow(self, act: Act) -> None:
        """The decision, published as every decision is; the application goes on as approved."""
        application, version, made = self._read(act)
        if version.decisions.filter(act=act.pk).exists():
            return
        row = amendment_of(application)
        if row is None:  # `check` let none pass
            return
        application.state = machine_of(row).check_step(
            application.state, "agree_small_change", act.role, met=("minor_change",)
        )
        content = paper_of(version).content
        decision = Decision(
            version=version, reference=made.id, content=made.canonical(), digest=made.digest(),
            outcome=made.outcome, title=(content.project.title or "")[:500],
            asked_by=(content.organisation.name or "")[:500], act=act.pk,
            made_at=made.decided_at, published_at=clock.now(),
        )  # fmt: skip
        fields = {
            "application": application.reference, "decision": made.id,
            "decision_hash": made.digest(), "outcome": made.outcome, "route": made.route,
            "about": row.kind, "rules_hash": made.rules_digest, "by_deadlock": "no",
            "version": commitment(bytes(version.salt), bytes(version.content)),
        }  # fmt: skip
        actor = Actor(act.role, act.person.public_id)
        govern(Event("application.decided", actor, fields), decision, application)
        decided(version, made.outcome, act.person, act.role)
        published(application, decision)

    def told(self, act: Act) -> Told:
        """What is agreed, as it will be published."""
        application, _, made = self._read(act)
        lines = [("Decision", headline(made)), ("In plain words", made.summary)]
        lines += [("Reason", text) for text in made.reasons]
        lines += [("Condition", text) for text in made.conditions]
        lines.append(("Fingerprint", fingerprint(made.digest())))
        link = reverse("amending:agree", args=[application.reference])
        return Told(f"Change {application.reference}", link, tuple(lines))

    @staticmethod
    def _read(act: Act) -> tuple[Application, Version, DecisionPaper]:
        made = DecisionPaper.read(act.wish.get("decision"), "The decision", "CW-DECISION-INVALID")
        rows = Application.objects.select_for_update(of=("self",)).select_related("organisation")
        application = rows.filter(reference=act.subject).first()
        version = None if application is None else application.versions.last()
        if application is None or version is None:
            raise Fault("CW-WEB-NOT-FOUND", "There is no application of this reference.")
        if made.digest() != act.object_digest or made.version_digest != version.digest:
            raise Refused("CW-DECISION-OTHER", "The decision is not the one that was proposed.")
        return application, version, made
