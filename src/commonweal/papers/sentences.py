"""A permit in plain English, for people who will never read JSON (`permit show`).

Short sentences without jargon: a cohort is "the people", k is "the smallest group of people who
look alike". Where a permit was issued without a committee, it says so, with the words
`authority: direct`, in every place where it is shown (ARCHITECTURE 4, P1).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import NamedTuple

from commonweal.papers.cohort import AtLeast, Cohort, Condition, Value
from commonweal.papers.model_outputs import ModelOutputs
from commonweal.papers.permit import Permit, PermitDraft, PermittedTable
from commonweal.papers.permit_state import SENTENCES, State

PURPOSE_WORDS: dict[str, str] = {
    "research": "research",
    "ai_research": "research into artificial intelligence",
    "ai_train": "teaching an artificial intelligence tool",
    "ai_test": "testing an artificial intelligence tool",
    "public_health": "public health",
    "service_planning": "planning of services",
    "quality_improvement": "making care better",
    "clinical_audit": "checking care against standards",
    "health_technology_assessment": "finding out whether a treatment or device is worth using",
    "official_statistics": "official statistics",
    "feasibility": "finding out whether a study could work",
}
ACTION_WORDS: dict[str, str] = {
    "table": "make tables of counts and averages",
    "python": "run their own analysis programs",
    "train": "train models",
    "federated": "train or calculate together with other sites, without moving rows",
    "test_risk": "test whether anybody could be recognised",
    "feasibility": "ask how many people a study could have",
}
ARTICLE_6_WORDS: dict[str, str] = {
    "consent": "consent",
    "contract": "a contract",
    "legal_obligation": "a duty in law",
    "vital_interests": "saving a life",
    "public_task": "a task in the public interest",
    "legitimate_interests": "legitimate interests",
}
ARTICLE_9_WORDS: dict[str, str] = {
    "explicit_consent": "explicit consent",
    "social_protection": "employment and social protection law",
    "vital_interests": "saving a life",
    "not_for_profit_body": "the work of a not-for-profit body",
    "made_public": "what people have made public themselves",
    "legal_claims": "legal claims",
    "substantial_public_interest": "substantial public interest",
    "health_or_social_care": "health or social care",
    "public_health": "public health",
    "research": "research",
}
COMMON_LAW_WORDS: dict[str, str] = {
    "implied_consent_care": "people expect it as part of their individual care",
    "explicit_consent": "people have said yes",
    "s251_reg2": "section 251 support, regulation 2 (cancer)",
    "s251_reg3": "section 251 support, regulation 3 (risks to public health)",
    "s251_reg5": "section 251 support, regulation 5 (medical purposes)",
    "statutory_duty": "a law requires it",
    "court_order": "a court has ordered it",
    "overriding_public_interest": "the public interest outweighs confidentiality",
    "not_confidential": "details that identify people are removed or replaced by a code first",
}
OPERATION_WORDS: dict[str, str] = {
    "eq": "is",
    "ne": "is not",
    "lt": "is less than",
    "le": "is at most",
    "gt": "is more than",
    "ge": "is at least",
    "in": "is one of",
    "starts_with": "starts with",
    "is_missing": "is missing",
    "is_present": "is recorded",
}
AUTHORITY_SENTENCES: dict[str, tuple[str, ...]] = {
    "direct": (
        "authority: direct.",
        "This permit was issued at the command line, without a committee.",
    ),
    "committee": (
        "authority: committee.",
        "A committee with lay members decided on the project, accountable officers on this permit.",
    ),
}
_MANY = 20


class Section(NamedTuple):
    """A heading and its sentences."""

    heading: str
    sentences: tuple[str, ...]


def permit_sentences(permit: PermitDraft, state: State | None = None) -> list[Section]:
    """`permit` (or a draft) as sections of sentences. `state`: what the ledger says, if asked."""
    sections = [
        Section("State", tuple(_state(permit, state))),
        Section("Who", tuple(_who(permit))),
        Section("What for", tuple(_what_for(permit))),
        Section("Legal basis", tuple(_legal_basis(permit))),
        Section("Which people", tuple(_people(permit))),
        *(Section(f"What is shown: {t.table}", tuple(_table(t))) for t in permit.dataset.tables),
        Section("Whose choices are honoured", tuple(_choices(permit))),
        Section("Limits of risk", tuple(_risk(permit))),
        Section("What may be done", tuple(_processing(permit))),
        Section("From when until when", tuple(_period(permit))),
    ]
    if permit.conditions:
        sections.append(Section("Conditions", tuple(_stop(text) for text in permit.conditions)))
    if isinstance(permit, Permit):
        sections.append(Section("Authority", AUTHORITY_SENTENCES[permit.authority]))
    return sections


def cohort_words(cohort: Cohort) -> str:
    """The people that a cohort chooses, to complete "The data are about ..."."""
    if cohort.everyone:
        return "everyone in these records"
    return f"people with {_phrase(cohort)}"


def _phrase(cohort: Cohort, *, inside: bool = False) -> str:
    if cohort.everyone:
        return "any record"
    if cohort.where is not None:
        return f"a record in {_condition(cohort.where)}"
    if cohort.at_least is not None:
        return _at_least(cohort.at_least)
    if cohort.not_ is not None:
        return f"none of this: ({_phrase(cohort.not_)})"
    word = " and " if cohort.all is not None else " or "
    joined = word.join(_phrase(child, inside=True) for child in cohort.children())
    return f"({joined})" if inside and len(cohort.children()) > 1 else joined


def _at_least(counted: AtLeast) -> str:
    records = "record" if counted.n == 1 else "records"
    words = f"at least {counted.n} {records} in {_condition(counted.of)}"
    if counted.within_days is None:
        return words
    return f"{words}, within {_days(counted.within_days)} of each other by {counted.date}"


def _condition(condition: Condition) -> str:
    start = f"{condition.table} where {condition.variable} {OPERATION_WORDS[condition.op]}"
    if condition.value is None:
        return start
    values = condition.value if isinstance(condition.value, tuple) else (condition.value,)
    shown = ", ".join(_value(value) for value in values[:_MANY])
    more = len(values) - _MANY
    return f"{start} {shown}" + (f" or {more:,} other values" if more > 0 else "")


def _value(value: Value) -> str:
    if isinstance(value, bool):
        return "true" if value else "false"
    return f'"{value}"' if isinstance(value, str) else f"{value}"


def _state(permit: PermitDraft, state: State | None) -> Iterable[str]:
    if not isinstance(permit, Permit):
        yield "This is a draft. Nothing is allowed by it."
        return
    yield SENTENCES[state] if state else "The state was not asked for: see the ledger."
    yield from AUTHORITY_SENTENCES[permit.authority]


def _who(permit: PermitDraft) -> Iterable[str]:
    yield f"{permit.organisation.name} asks."
    controllers = _and([each.name for each in permit.controllers])
    yield f"{controllers} decide{_s(permit.controllers)} about the data."
    if permit.processors:
        yield f"{_and([p.name for p in permit.processors])} work{_s(permit.processors)} for them."
    for person in permit.people:
        yield f"{person.name} ({person.id}) may work with the data: {_stop(person.role)}"
    if permit.sites:
        yield f"The sites are {_and(permit.sites)}."


def _what_for(permit: PermitDraft) -> Iterable[str]:
    yield f'The project is called "{permit.project.title}".'
    yield _stop(permit.project.lay_summary)
    yield f"The purpose is {_and([PURPOSE_WORDS[p] for p in permit.purposes])}."


def _legal_basis(permit: PermitDraft) -> Iterable[str]:
    basis = permit.legal_basis
    article_6 = ARTICLE_6_WORDS[basis.uk_gdpr_article_6]
    yield f"Data protection law allows it for {article_6} (Article 6)."
    yield f"Health data may be used for {ARTICLE_9_WORDS[basis.uk_gdpr_article_9]} (Article 9)."
    yield f"Confidentiality is respected because: {COMMON_LAW_WORDS[basis.common_law]}."
    if basis.cag is not None:
        yield (
            f"Section 251 support has the number {basis.cag.reference} and is reviewed by "
            f"{_date(basis.cag.next_review)}."
        )
    if basis.ethics is not None:
        yield (
            f"{basis.ethics.committee} gave ethical approval {basis.ethics.reference} on "
            f"{_date(basis.ethics.given_on)}."
        )


def _people(permit: PermitDraft) -> Iterable[str]:
    yield f"The data are about {cohort_words(permit.cohort)}."
    # The vault counts as if such codes had never been recorded (P10).
    if next(permit.cohort.conditions(), None) is not None:
        named = [each.list for each in permit.restricted_codes]
        but = f", except those that are included here ({_and(named)})" if named else ""
        yield f"Codes that the law restricts do not count when these people are chosen{but}."
    ages = permit.reference_date or permit.from_
    yield f"Ages are taken on {_date(ages)}."


def _table(table: PermittedTable) -> Iterable[str]:
    for item in table.variables:
        since = f", counted from {item.since}" if item.since else ""
        why = f" Needed because: {_stop(item.why)}" if item.why else ""
        yield f"{item.variable}: {item.parsed.sentence}{since}.{why}"


def _choices(permit: PermitDraft) -> Iterable[str]:
    yield "Objections, withdrawals and choices made at this hospital are always honoured."
    determination = permit.choices.determination
    if determination is None:
        yield "People who have set the national data opt-out are left out."
    else:
        yield (
            "The national data opt-out is not applied, by a decision of "
            f"{determination.decided_by} on {_date(determination.decided_on)} "
            f"({determination.code})."
        )
        if determination.expires is not None:
            yield f"That decision runs out after {_date(determination.expires)}."
    exemption = permit.choices.include_people_without_identifier
    if exemption is None:
        yield "People without a valid identifier are left out, because their choices are unknown."
    else:
        yield (
            "People without an identifier are included, by a decision of "
            f"{exemption.decided_by} on {_date(exemption.decided_on)}."
        )
    for restricted in permit.restricted_codes:
        gateway = _stop(restricted.legal_gateway)
        yield f"Legally restricted codes ({restricted.list}) are included: {gateway}"
    other = "Other codes" if permit.restricted_codes else "Codes"
    yield f"{other} that the law restricts are left out."


def _risk(permit: PermitDraft) -> Iterable[str]:
    risk = permit.risk
    yield f"Every person looks like at least {risk.k - 1} others in the data."
    if risk.distinct_l is not None and risk.distinct_l > 1:
        yield f"Every such group has at least {risk.distinct_l} different sensitive values."
    if risk.prosecutor_mean is not None:
        mean = _share(risk.prosecutor_mean)
        yield f"The mean chance of recognising a person stays at or under {mean}."
    if risk.marketer is not None:
        yield f"At most {_share(risk.marketer)} of all people could be recognised in one attack."
    if risk.suppress_up_to:
        yield f"Up to {_share(risk.suppress_up_to)} of people may be left out to keep these limits."
    if permit.optimise_generalisation:
        yield (
            "To keep these limits the hospital may show details more coarsely than is agreed here. "
            "It never shows them more finely."
        )
    if permit.intruder_test is not None:
        yield (
            "A test attack must succeed for fewer than "
            f"{_share(permit.intruder_test.upper_bound)} of people."
        )
    yield f"Published figures are about at least {permit.outputs.minimum_people} people."
    if permit.outputs.models is not None:
        yield from _models(permit.outputs.models)
    yield "The risk is never zero."


def _models(limits: ModelOutputs) -> Iterable[str]:
    """What a permit asks of models beyond what the hospital asks of all of them."""
    if limits.none_leaves:
        yield "No model leaves the secure place."
    if limits.auc is not None:
        yield (
            "Shown one person whose data made a model and one whose did not, an attack may name "
            f"the right one in at most {_share(limits.auc)} of tries."
        )
    if limits.true_positives is not None:
        yield (
            f"At most {_share(limits.true_positives)} of the people whose data made a model may be "
            "named by an attack that is seldom wrong."
        )
    if limits.advantage is not None:
        yield (
            "The best attack on a model may be right more often than wrong by at most "
            f"{_share(limits.advantage)}."
        )
    if limits.attribute_gain is not None:
        yield (
            "A hidden detail may be guessed from a model at most "
            f"{_share(limits.attribute_gain)} more often of people whose data made it."
        )
    if limits.people_behind_leaf is not None:
        yield (
            f"Each part of a model that is a tree is about at least {limits.people_behind_leaf} "
            "people."
        )
    if limits.shadows is not None:
        yield (
            f"A model is made again at least {limits.shadows} times on other people, to test it."
        )
    if limits.differentially_private:
        yield "Models are made in a way that hides each single person. This is not measured."


def _processing(permit: PermitDraft) -> Iterable[str]:
    yield f"They may {_and([ACTION_WORDS[p] for p in permit.processing])}."
    if permit.delivery == "enclave":
        yield "The data stay in the secure place. Only checked results leave."
    else:
        yield "The data are handed over to the project, outside the secure place."
    if "train" in permit.processing:
        yield f"The hospital keeps back {_share(permit.holdout_share)} of people to test models."
    if permit.link_across_refreshes:
        yield "A person keeps the same code when the data are made again."
    else:
        yield "A person gets a new code when the data are made again from newer records."
    if permit.genomic:
        yield "Genomic data are included."


def _period(permit: PermitDraft) -> Iterable[str]:
    yield f"The permit runs from {_date(permit.from_)} to the end of {_date(permit.until)}."
    if isinstance(permit, Permit):
        yield f"It was issued on {_date(permit.issued_at)}."
        if permit.say_no_until > permit.issued_at:
            yield f"People can say no until {_date(permit.say_no_until)}. No work starts before."
        else:
            yield "There is no time to say no before work starts."
    if permit.supersedes is not None:
        yield f"It replaces the permit {permit.supersedes}."
    if permit.review_dates:
        yield f"It is reviewed on {_and([_date(day) for day in permit.review_dates])}."


def _and(words: Sequence[str]) -> str:
    return words[0] if len(words) == 1 else f"{', '.join(words[:-1])} and {words[-1]}"


def _s(things: Sequence[object]) -> str:
    return "s" if len(things) == 1 else ""


def _stop(text: str) -> str:
    bare = text.strip()
    return bare if bare.endswith((".", "!", "?")) else f"{bare}."


def _days(days: int) -> str:
    return "1 day" if days == 1 else f"{days:,} days"


def _date(day: date | datetime) -> str:
    return f"{day.day} {day:%B %Y}"


def _share(share: float) -> str:
    return f"{share * 100:.6g} per cent"
