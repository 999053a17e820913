"""From an approved version to a permit draft, with nothing typed anew.

`ORIGINS` is the one table that says where each field of the draft comes from and what may narrow
it; `permit_draft` does what the table says, and `docs/reference/permit-origins.md` is made from it.
The draft never holds a variable, form, person, purpose, day or kind of work that is not in the
version, nor anything that the decision took away.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.london import london_day
from commonweal.governance.agreement.library import ClauseLibrary, clause_library
from commonweal.governance.agreement.make import agreed_clauses, agreed_conditions, agreed_terms
from commonweal.governance.agreement.model import Agreement
from commonweal.governance.application.answers import AIA, DPIA, AnsweredForm
from commonweal.governance.application.complete import problems
from commonweal.governance.application.decided import DecisionLike, Narrowed, narrow
from commonweal.governance.application.model import ApplicationContent
from commonweal.governance.application.seeds import seed_versions
from commonweal.governance.application.version import ApplicationVersion
from commonweal.governance.problems import stopping
from commonweal.papers.catalogue import Catalogue, Custodian
from commonweal.papers.permit import PermitDraft
from commonweal.papers.permit_rules import check_draft


@dataclass(frozen=True)
class Sources:
    """The papers that a draft is compiled from."""

    narrowed: Narrowed
    agreement: Agreement

    @property
    def version(self) -> ApplicationVersion:
        """The version that was decided on."""
        return self.narrowed.version

    @property
    def content(self) -> ApplicationContent:
        """Its sections."""
        return self.narrowed.version.content


@dataclass(frozen=True)
class Origin:
    """Where one field of a permit draft comes from.

    `of`: what it is read off. `narrowed_by`: what of the decision can make it less. `make`: its
    plain value, or None where the draft leaves the field out.
    """

    field: str
    of: str
    narrowed_by: str
    make: Callable[[Sources], Any]


def _project(sources: Sources) -> dict[str, Any]:
    project = sources.content.project
    return {"id": project.id, "title": project.title, "lay_summary": project.lay_summary}


def _organisation(part: Any) -> dict[str, Any]:
    plain = {"name": part.name, "kind": part.kind, "reference": part.reference}
    return {key: value for key, value in plain.items() if value is not None}


def _people(sources: Sources) -> list[dict[str, Any]]:
    return [{"id": m.account, "name": m.name, "role": m.role} for m in sources.content.people]


def _legal_basis(sources: Sources) -> dict[str, Any]:
    legal = sources.content.legal
    plain: dict[str, Any] = {
        "uk_gdpr_article_6": legal.article_6,
        "uk_gdpr_article_9": legal.article_9,
        "common_law": legal.common_law,
    }
    if legal.cag is not None and not legal.cag.is_empty:
        plain["cag"] = {k: v for k, v in legal.cag.plain().items() if k != "letter"}
    if legal.ethics is not None and not legal.ethics.is_empty:
        shown = ("reference", "committee", "given_on")
        plain["ethics"] = {k: v for k, v in legal.ethics.plain().items() if k in shown}
    return plain


def _choices(sources: Sources) -> dict[str, Any]:
    part = sources.content.opt_out
    plain: dict[str, Any] = {"national_opt_out": part.treatment}
    said = part.plain()
    if part.treatment == "exempt":
        shown = ("code", "decided_by", "decided_on", "evidence", "reference", "expires")
        plain["determination"] = {key: said[key] for key in shown if key in said}
    if part.without_identifier == "include":
        plain["include_people_without_identifier"] = {
            "decided_by": part.without_identifier_by,
            "decided_on": said.get("without_identifier_on"),
            "evidence": part.without_identifier_why,
        }
    return plain


def _risk(sources: Sources) -> dict[str, Any]:
    shown = ("k", "distinct_l", "prosecutor_mean", "marketer", "shift_candidates",
             "suppress_up_to", "rare_people")  # fmt: skip
    said = sources.content.safeguards.plain()
    return {key: said[key] for key in shown if key in said}


def _outputs(sources: Sources) -> dict[str, Any]:
    limits = sources.content.safeguards
    return {
        "profile": limits.output_profile,
        "minimum_people": limits.minimum_people,
        "models": _models(sources),
    }


def _models(sources: Sources) -> dict[str, Any] | None:
    """No model leaves unless the application asked for it, in a version that was decided on."""
    asked = sources.content.access.models
    if asked is None or not asked.leave:
        return {"may_leave": False}
    return asked.limits or None


def _intruder(sources: Sources) -> dict[str, Any] | None:
    bound = sources.content.safeguards.intruder_upper_bound
    return None if bound is None else {"upper_bound": bound}


def _cohort(sources: Sources) -> dict[str, Any] | None:
    cohort = sources.content.subjects.cohort
    return None if cohort is None else cohort.plain()


def _day_of_ages(sources: Sources) -> str | None:
    day = sources.content.data.reference_date
    return None if day is None else day.isoformat()


def _reviews(sources: Sources) -> list[str]:
    ends = sources.narrowed.ends
    return [day.isoformat() for day in sources.content.period.review_dates if day <= ends]


_NOTHING = "nothing"

ORIGINS: tuple[Origin, ...] = (
    Origin("permit", "the form of paper, always 1", _NOTHING, lambda _: 1),
    Origin(
        "id",
        "the application's id and the version's number",
        _NOTHING,
        lambda s: s.version.permit_id,
    ),
    Origin("version", "the version's number", _NOTHING, lambda s: s.version.number),
    Origin(
        "supersedes", "`project.replaces`", _NOTHING, lambda s: s.content.project.replaces
    ),
    Origin("project", "`project`: id, title, lay summary", _NOTHING, _project),
    Origin(
        "organisation",
        "`organisation`: name, kind, number",
        _NOTHING,
        lambda s: _organisation(s.content.organisation),
    ),
    Origin(
        "controllers",
        "`responsible.controllers`",
        _NOTHING,
        lambda s: [_organisation(each) for each in s.content.responsible.controllers],
    ),
    Origin(
        "processors",
        "`responsible.processors`",
        _NOTHING,
        lambda s: [_organisation(each) for each in s.content.responsible.processors],
    ),
    Origin("people", "`people`: account, name, role", _NOTHING, _people),
    Origin(
        "purposes", "`purpose.codes`", _NOTHING, lambda s: list(s.content.purpose.codes)
    ),
    Origin("legal_basis", "`legal`", _NOTHING, _legal_basis),
    Origin("choices", "`opt_out`", _NOTHING, _choices),
    Origin(
        "data",
        "`data.groups`: each variable, its form, the reason for it or for its group",
        "variables that were refused; coarser forms",
        lambda s: s.narrowed.data,
    ),
    Origin("cohort", "`subjects.cohort`", _NOTHING, _cohort),
    Origin("reference_date", "`data.reference_date`", _NOTHING, _day_of_ages),
    Origin(
        "shift_weeks",
        "`safeguards.shift_weeks`",
        _NOTHING,
        lambda s: s.content.safeguards.shift_weeks,
    ),
    Origin(
        "restricted_codes",
        "`data.restricted_codes`",
        _NOTHING,
        lambda s: [each.plain() for each in s.content.data.restricted_codes],
    ),
    Origin("genomic", "`data.genomic`", _NOTHING, lambda s: bool(s.content.data.genomic)),
    Origin("risk", "`safeguards`, the custodian's standard in it", _NOTHING, _risk),
    Origin(
        "processing", "`access.processing`", _NOTHING, lambda s: list(s.content.access.processing)
    ),
    Origin("delivery", "`access.delivery`", _NOTHING, lambda s: s.content.access.delivery),
    Origin(
        "holdout_share",
        "`safeguards.holdout_share`",
        _NOTHING,
        lambda s: s.content.safeguards.holdout_share,
    ),
    Origin(
        "link_across_refreshes",
        "`access.link_across_refreshes`",
        _NOTHING,
        lambda s: bool(s.content.access.link_across_refreshes),
    ),
    Origin(
        "optimise_generalisation",
        "`safeguards.optimise_generalisation`",
        _NOTHING,
        lambda s: bool(s.content.safeguards.optimise_generalisation),
    ),
    Origin("intruder_test", "`safeguards.intruder_upper_bound`", _NOTHING, _intruder),
    Origin("sites", "`access.sites`", _NOTHING, lambda s: list(s.content.access.sites)),
    Origin(
        "outputs",
        "`safeguards`: rules for results; `access.models`: whether models may leave, and limits",
        _NOTHING,
        _outputs,
    ),
    Origin("from", "`period.starts`", _NOTHING, lambda s: s.narrowed.starts.isoformat()),
    Origin(
        "until", "`period.ends`", "an earlier last day", lambda s: s.narrowed.ends.isoformat()
    ),
    Origin("review_dates", "`period.review_dates`", "an earlier last day", _reviews),
    Origin(
        "conditions",
        "the decision's conditions, then what the kind of organisation is bound to",
        "the decision adds to them",
        lambda s: list(agreed_conditions(s.narrowed)),
    ),
    Origin("agreement_hash", "the agreement's digest", _NOTHING, lambda s: s.agreement.digest()),
    Origin(
        "aia_hash", "the digest of the answers to `aia`", _NOTHING,
        lambda s: s.version.form_digest(AIA),
    ),
    Origin(
        "dpia_hash", "the digest of the answers to `dpia`", _NOTHING,
        lambda s: s.version.form_digest(DPIA),
    ),
)  # fmt: skip
"""Every field of a permit draft, in the permit's own order."""


def permit_draft(
    version: ApplicationVersion,
    decision: DecisionLike,
    agreement: Agreement,
    catalogue: Catalogue,
    *,
    at: datetime | None = None,
    library: ClauseLibrary | None = None,
) -> PermitDraft:
    """The draft of the permit that was decided on and agreed. The same papers give the same draft.

    `catalogue`: what the custodian offers today. `at`: the time of compiling; the agreement's own
    time where it is left out, and never before it. Issuing looks at the clock again. `library`: the
    custodian's clauses, where they are not those that ship.

    1. Decision and version belong together, and no purpose is refused. 2. So does the agreement.
    3. The catalogue is as it was decided on. 4. Assessments are there. 5. The time is not over.
    6. The draft is made, and the permit's own rules allow it. 7. The version is one that could be
    sent at the time when it was, by the lists that it was held against.

    Raises `Refused`, `PermitRefused` (the permit's own rules), `Fault` CW-AGREEMENT-TEXT
    and `PaperInvalid` CW-COMPILE-INVALID.
    """
    narrowed = narrow(version, decision)
    _check_agreement(narrowed, agreement, catalogue.custodian)
    _check_clauses(narrowed, agreement, catalogue.custodian, library or clause_library())
    _check_catalogue(version, catalogue)
    _check_assessments(version)
    when = agreement.made_at if at is None else max(at, agreement.made_at)
    if london_day(when) > narrowed.ends:
        raise Refused("CW-COMPILE-PERIOD", "The project's last day is over.")
    sources = Sources(narrowed, agreement)
    made = ((origin.field, origin.make(sources)) for origin in ORIGINS)
    plain = {field: value for field, value in made if value is not None}
    draft = PermitDraft.read(plain, "The compiled draft", "CW-COMPILE-INVALID")
    check_draft(draft, catalogue)
    _check_complete(version, catalogue)
    return draft


def _check_agreement(narrowed: Narrowed, agreement: Agreement, custodian: Custodian) -> None:
    content = narrowed.version.content
    named = (agreement.version_digest, agreement.decision_digest)
    if named != (narrowed.version.digest(), narrowed.decision.digest()):
        raise Refused(
            "CW-COMPILE-AGREEMENT-OTHER", "The agreement is not about this version and decision."
        )
    if agreement.made_at < narrowed.decision.decided_at:
        raise Refused("CW-COMPILE-AGREEMENT-OTHER", "The agreement is older than the decision.")
    if (agreement.scope == "internal") != (content.organisation.kind == "custodian"):
        raise Refused(
            "CW-COMPILE-AGREEMENT-OTHER", "Internal terms are for the custodian's own teams only."
        )
    terms = agreed_terms(narrowed, custodian)
    agreed = agreement.plain()
    if {name: agreed.get(name) for name in terms} != terms:
        raise Refused(
            "CW-COMPILE-AGREEMENT-TERMS",
            "What the agreement says of the project is not what was decided.",
        )
    agreement.check_text()


def _check_clauses(
    narrowed: Narrowed, agreement: Agreement, custodian: Custodian, library: ClauseLibrary
) -> None:
    """The clauses are those of the library in force: of another nothing can be told any more.

    Else whoever writes the agreement would name an old library, and with it any clauses.
    """
    if agreement.library != library.version:
        raise Refused(
            "CW-COMPILE-AGREEMENT-TERMS",
            f"The agreement was made from version {agreement.library} of the clauses, and version "
            f"{library.version} is in force.",
            remedy="Make the agreement anew and let both sides accept it.",
        )
    ours = agreed_clauses(narrowed, custodian, library)
    agreed = agreement.plain()
    if {name: agreed[name] for name in ours} != ours:
        raise Refused(
            "CW-COMPILE-AGREEMENT-TERMS", "The agreement's clauses are not those of the library."
        )


def _check_catalogue(version: ApplicationVersion, catalogue: Catalogue) -> None:
    try:
        today = catalogue.governed_digest((version.content.data.dataset or "",))
    except Fault as fault:
        raise Refused("CW-COMPILE-CATALOGUE", fault.sentence) from None
    if today != version.catalogue_digest:
        raise Refused(
            "CW-COMPILE-CATALOGUE",
            "The catalogue has changed since the application was sent: it must be decided anew.",
        )


def _check_complete(version: ApplicationVersion, catalogue: Catalogue) -> None:
    """Whoever froze the version may have left out the check before sending: it is done again.

    Always by the lists in force, whatever versions it names: else it would name old ones, and none
    of this would be looked at. An honest version that was sent before a list changed passes where
    it keeps the new list too. What a form's own definition says is for who has the definitions.
    """
    today = seed_versions()
    held = {name: version.rules.get(name, 0) for name in today}
    known = set(version.rules) == set(today) and all(
        1 <= number <= today[name] for name, number in held.items()
    )
    if not known:
        raise Refused(
            "CW-COMPILE-INCOMPLETE", "The version was held against lists that do not exist."
        )
    forms = {each.form: AnsweredForm(each) for each in version.answers}
    found = stopping(problems(version.content, forms, version.sent_at, catalogue=catalogue))
    if found and held != today:
        raise Refused(
            "CW-COMPILE-INCOMPLETE",
            f"The lists have changed since it was sent, and it does not keep them. "
            f"{found[0].sentence}",
            remedy="Ask for a new version, and decide on that.",
        )
    if found:
        raise Refused(
            "CW-COMPILE-INCOMPLETE", f"The version could not have been sent. {found[0].sentence}"
        )


def _check_assessments(version: ApplicationVersion) -> None:
    if version.content.uses_ai and version.form_digest(AIA) is None:
        raise Refused(
            "CW-COMPILE-ASSESSMENT",
            "Artificial intelligence is used, and there is no algorithmic impact assessment.",
        )
    if version.form_digest(DPIA) is None:
        raise Refused("CW-COMPILE-ASSESSMENT", "There is no data protection impact assessment.")
