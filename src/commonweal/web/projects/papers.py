"""The papers behind the rows: read, held against the row's digest, and put together.

Everything that is signed or shown comes from here; what a row says beside its paper decides
nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.conf import settings

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault
from commonweal.governance.agreement.model import Agreement as AgreementPaper
from commonweal.governance.agreement.model import Framework as FrameworkPaper
from commonweal.governance.application.version import ApplicationVersion
from commonweal.governance.committee.assessment import AssessmentRecord
from commonweal.governance.committee.decision import Decision as DecisionPaper
from commonweal.governance.compiling import permit_draft
from commonweal.governance.dossier.paper import Dossier, approval_digest
from commonweal.papers.permit import PermitDraft
from commonweal.web.applications.catalogues import catalogue_for
from commonweal.web.applications.services import paper_of
from commonweal.web.committee.services import decision_paper
from commonweal.web.desk.services import record_of
from commonweal.web.projects.models import Agreement, Framework
from commonweal.web.signing.models import ON_LEDGER, Act


def agreement_paper(row: Agreement) -> AgreementPaper:
    """The agreement of a row. Raises `Fault` CW-AGREEMENT-TEXT if the row was changed."""
    found = AgreementPaper.read(parse_json(bytes(row.content), "The agreement"), "The agreement")
    _check(found.digest(), row.digest)
    return found


def framework_paper(row: Framework) -> FrameworkPaper:
    """The framework contract of a row. Raises `Fault` CW-AGREEMENT-TEXT."""
    what = "The framework contract"
    found = FrameworkPaper.read(parse_json(bytes(row.content), what), what)
    _check(found.digest(), row.digest)
    return found


def _check(found: str, written: str) -> None:
    if found != written:
        raise Fault("CW-AGREEMENT-TEXT", "The text was changed in the database after it was made.")


@dataclass(frozen=True)
class Approved:
    """All that the officers countersign together, and that one permit is made from."""

    version: ApplicationVersion
    decision: DecisionPaper
    agreement: AgreementPaper
    draft: PermitDraft
    assessment: AssessmentRecord | None

    def parts(self) -> dict[str, Any]:
        """The parts as plain JSON, by the names that a dossier gives them."""
        found = {
            "version": self.version.plain(),
            "decision": self.decision.plain(),
            "agreement": self.agreement.plain(),
            "draft": self.draft.plain(),
        }
        return found if self.assessment is None else found | {"assessment": self.assessment.plain()}

    def digest(self) -> str:
        """The digest that an officer signs."""
        return approval_digest(**self.parts())


def approved(row: Agreement) -> Approved:
    """The papers of an agreement, with the permit draft compiled from them now.

    The same papers make the same draft; where the catalogue has changed since, nothing is made.
    Raises what `permit_draft` raises, and `Fault` or `Failure` for a row that was changed.
    """
    version = paper_of(row.decision.version)
    decision = decision_paper(row.decision)
    _check(decision.digest(), row.decision.digest)
    agreement = agreement_paper(row)
    catalogue = catalogue_for(version.content.data.dataset)
    draft = permit_draft(version, decision, agreement, catalogue)
    return Approved(version, decision, agreement, draft, _assessment(row, decision))


def _assessment(row: Agreement, decision: DecisionPaper) -> AssessmentRecord | None:
    """The record of the impact assessment; a small change stands on the one before."""
    version = row.decision.version
    while decision.route == "small_change":
        before = getattr(version.application, "amendment", None)
        if before is None:
            return None
        version = before.permit.agreement.decision.version
        decision = decision_paper(before.permit.agreement.decision)
    return record_of(version)


def dossier_of(row: Agreement) -> Dossier:
    """Everything for the signer: the papers, and every act that the ledger heard of about them.

    Votes and declarations are taken from what people signed, not from the committee's tables.
    Raises as `approved`, and `Fault` CW-DOSSIER-INVALID.
    """
    whole = approved(row)
    about = {
        whole.version.digest(), whole.decision.digest(), whole.agreement.digest(), whole.digest(),
        str(whole.draft.plain().get("dpia_hash")),
    }  # fmt: skip
    earlier = _earlier(row, whole.decision)
    if earlier is not None:
        about.add(earlier.digest())
    acts = Act.objects.filter(
        subject=row.application.reference, state__in=ON_LEDGER, object_digest__in=about
    )
    rows = list(acts)
    plain = {
        "dossier": 1,
        "home": settings.HOME.id,
        "application": row.application.reference,
        **whole.parts(),
        "declarations": _written(rows, "conflict"),
        "votes": _written(rows, "vote"),
        "routes": _written(rows, "propose_route"),
        "acts": [one.signed.plain() for one in rows],
    }
    if earlier is not None:
        plain["earlier"] = earlier.plain()
    return Dossier.read(plain, "The dossier", "CW-DOSSIER-INVALID")


def _earlier(row: Agreement, decision: DecisionPaper) -> DecisionPaper | None:
    """The decision of the whole committee that a chair's action builds on, or None."""
    if decision.route != "chair":
        return None
    found = row.decision.version.decisions.filter(reference=decision.replaces).first()
    return None if found is None else decision_paper(found)


def _written(rows: list[Act], kind: str) -> list[dict[str, Any]]:
    """What people wrote with acts of a kind, each text once."""
    texts = dict.fromkeys(
        bytes(one.content) for one in rows if one.kind == kind and one.content is not None
    )
    return [parse_json(text, "What a person wrote") for text in texts]
