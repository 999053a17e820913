"""Making a framework contract and a project's agreement.

An agreement comes from the version and the decision about it, and from nothing else that somebody
types: parties, data, people, places, period and conditions are read off them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from typing import Any, TypeVar

from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import Refused
from commonweal.governance.agreement.library import (
    Circumstances,
    ClauseLibrary,
    Scope,
    clause_library,
)
from commonweal.governance.agreement.model import (
    WRITING,
    AgreedParty,
    Agreement,
    Contract,
    Framework,
    Signatory,
)
from commonweal.governance.application.decided import DecisionLike, Narrowed, narrow
from commonweal.governance.application.model import ApplicationContent
from commonweal.governance.application.people import Applicant, Party
from commonweal.governance.application.seeds import Organisations, read_seed
from commonweal.governance.application.version import ApplicationVersion
from commonweal.papers.base import look
from commonweal.papers.catalogue import Custodian
from commonweal.papers.permit import PermittedDataset

_C = TypeVar("_C", bound=Contract)


def make_framework(
    id_: str,
    organisation: AgreedParty,
    custodian: Custodian,
    signatories: Sequence[Signatory],
    *,
    starts: date,
    ends: date,
    at: datetime,
    library: ClauseLibrary | None = None,
) -> Framework:
    """The framework contract of an organisation, from today's library.

    Raises `PaperInvalid` CW-AGREEMENT-INVALID where a party, a signatory or a date does not fit.
    """
    there = Circumstances(kinds=frozenset({organisation.kind}))
    words = {
        "custodian": custodian.name,
        "organisation": organisation.name,
        "starts": _day(starts),
        "ends": _day(ends),
    }
    plain = {
        "framework": 1,
        "id": id_,
        "parties": [_custodian(custodian), {**organisation.plain(), "part": "recipient"}],
        "signatories": [each.plain() for each in signatories],
        "starts": starts.isoformat(),
        "ends": ends.isoformat(),
        "made_at": stamp(at),
        **_clauses("framework", there, words, library or clause_library()),
    }
    return _with_digest(Framework, plain, "The framework contract")


def make_agreement(
    id_: str,
    version: ApplicationVersion,
    decision: DecisionLike,
    custodian: Custodian,
    signatories: Sequence[Signatory],
    *,
    at: datetime,
    framework: Framework | None = None,
    library: ClauseLibrary | None = None,
) -> Agreement:
    """The agreement of the project that was decided on; internal terms for the custodian's own.

    Raises `Refused` as `narrow` does, CW-AGREEMENT-FRAMEWORK where the framework contract is
    missing, another organisation's or too short, CW-AGREEMENT-EARLY where it would be older than
    the decision, and `PaperInvalid` CW-AGREEMENT-INVALID.
    """
    narrowed = narrow(version, decision)
    if at < decision.decided_at:
        raise Refused("CW-AGREEMENT-EARLY", "The agreement would be older than the decision.")
    content = version.content
    internal = content.organisation.kind == "custodian"
    scope: Scope = "internal" if internal else "project"
    if not internal:
        _check_framework(framework, narrowed)
    terms = agreed_terms(narrowed, custodian)
    plain: dict[str, Any] = {
        **{name: value for name, value in terms.items() if value is not None},
        "agreement": 1,
        "id": id_,
        "scope": scope,
        "version_digest": version.digest(),
        "decision_digest": decision.digest(),
        "signatories": [each.plain() for each in signatories],
        "made_at": stamp(at),
        **agreed_clauses(narrowed, custodian, library or clause_library()),
    }
    if framework is not None and not internal:
        plain["framework_digest"] = framework.digest()
    return _with_digest(Agreement, plain, "The agreement")


def agreed_terms(narrowed: Narrowed, custodian: Custodian) -> dict[str, Any]:
    """What an agreement says of the project: read off version and decision, never typed.

    Compiling asks for it again and refuses an agreement that says something else.
    """
    content = narrowed.version.content
    internal = content.organisation.kind == "custodian"
    return {
        "parties": [_custodian(custodian), *_parties(content, internal=internal)],
        "project": content.project.title,
        "purposes": list(content.purpose.codes),
        "kept": content.retention.kept,
        "schedule": schedule(narrowed),
        "linkage": content.data.linkage,
        "people": [[m.name, m.role, m.employer] for m in content.people],
        "places": [[p.name, p.organisation, p.country] for p in content.places],
        "conditions": list(agreed_conditions(narrowed)),
        "starts": narrowed.starts.isoformat(),
        "ends": narrowed.ends.isoformat(),
    }


def agreed_clauses(
    narrowed: Narrowed, custodian: Custodian, library: ClauseLibrary
) -> dict[str, Any]:
    """The clauses that a library gives to this project, filled in, and the library's version."""
    content = narrowed.version.content
    scope: Scope = "internal" if content.organisation.kind == "custodian" else "project"
    words = _project_words(narrowed, custodian)
    return _clauses(scope, _circumstances(content), words, library)


def agreed_conditions(narrowed: Narrowed) -> tuple[str, ...]:
    """The decision's conditions, then those to which the kind of organisation is bound."""
    rules = read_seed(Organisations).of(narrowed.version.content.organisation.kind)
    bound = rules.bound_to if rules is not None else ()
    return tuple(dict.fromkeys((*narrowed.decision.conditions, *bound)))


def schedule(narrowed: Narrowed) -> list[dict[str, Any]]:
    """The annex of data: each variable in its form, as the permit will write it."""
    dataset = PermittedDataset.read(narrowed.data[0], "The data", "CW-AGREEMENT-INVALID")
    return [
        {"table": table.table, "variable": item.variable, "form": item.form}
        | ({} if item.since is None else {"since": item.since})
        for table in dataset.tables
        for item in table.variables
    ]


def _check_framework(framework: Framework | None, narrowed: Narrowed) -> None:
    asking = narrowed.version.content.organisation
    if framework is None:
        raise Refused(
            "CW-AGREEMENT-FRAMEWORK",
            "The organisation has no framework contract with the custodian.",
        )
    bound = framework.recipient
    same_name = look(bound.name) == look(asking.name or "")
    same_number = None in (bound.reference, asking.reference) or bound.reference == asking.reference
    if not (same_name and same_number) or bound.kind != asking.kind:
        raise Refused(
            "CW-AGREEMENT-FRAMEWORK", "The framework contract is with another organisation."
        )
    if framework.starts > narrowed.starts or framework.ends < narrowed.ends:
        raise Refused(
            "CW-AGREEMENT-FRAMEWORK",
            "The framework contract does not hold from the first to the last day of the project.",
        )


def _project_words(narrowed: Narrowed, custodian: Custodian) -> dict[str, str]:
    content = narrowed.version.content
    countries = sorted({place.country for place in content.places if place.country is not None})
    destroyed = content.retention.destroyed_by
    return {
        "custodian": custodian.name,
        "organisation": content.organisation.name or "",
        "title": content.project.title or "",
        "starts": _day(narrowed.starts),
        "ends": _day(narrowed.ends),
        "destroyed_by": _day(destroyed) if destroyed is not None else "the last day",
        "minimum_people": str(content.safeguards.minimum_people),
        "territory": " and ".join(countries),
    }


def _circumstances(content: ApplicationContent) -> Circumstances:
    def held(*words: str | None) -> frozenset[str]:
        return frozenset(word for word in words if word is not None)

    return Circumstances(
        kinds=held(content.organisation.kind),
        purposes=frozenset(content.purpose.codes),
        processing=frozenset(content.access.processing),
        delivery=held(content.access.delivery),
        common_law=held(content.legal.common_law),
    )


def _parties(content: ApplicationContent, *, internal: bool) -> list[dict[str, Any]]:
    asking = [] if internal else [_party(content.organisation, "recipient")]
    controllers = (_party(each, "controller") for each in content.responsible.controllers)
    processors = (_party(each, "processor") for each in content.responsible.processors)
    return [*asking, *controllers, *processors]


def _party(each: Applicant | Party, part: str) -> dict[str, Any]:
    plain = {"name": each.name, "kind": each.kind, "reference": each.reference, "part": part}
    return {name: value for name, value in plain.items() if value is not None}


def _custodian(custodian: Custodian) -> dict[str, Any]:
    plain = {"name": custodian.name, "kind": "custodian", "part": "custodian"}
    return plain if custodian.ods is None else {**plain, "reference": custodian.ods}


def _clauses(
    scope: Scope, there: Circumstances, words: dict[str, str], library: ClauseLibrary
) -> dict[str, Any]:
    chosen = library.chosen(scope, there)
    return {
        "library": library.version,
        "clauses": [
            {
                "number": number,
                "id": clause.id,
                "version": clause.version,
                "heading": clause.heading,
                "text": clause.filled(words),
            }
            for number, clause in enumerate(chosen, 1)
        ],
    }


def _with_digest(kind: type[_C], plain: dict[str, Any], what: str) -> _C:
    """The paper with the digest of its own text: written once without it, to have the text."""
    unwritten = kind.read(
        plain | {"writing": WRITING, "text_digest": "sha256:" + "0" * 64},
        what,
        "CW-AGREEMENT-INVALID",
    )
    # The text does not show its own digest, so it is the same before and after.
    return unwritten.model_copy(update={"text_digest": unwritten.digest_of_text()})


def _day(day: date) -> str:
    return f"{day.day} {day:%B %Y}"
