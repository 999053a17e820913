"""The rules of choices, as data.

Sources: National data opt-out operational policy guidance (when the opt-out applies, its
exemptions and the evidence for each); the Health Service (Control of Patient Information)
Regulations 2002; UK GDPR Article 21. DECISIONS P4: the opt-out applies unless a person has
recorded why not. DECISIONS P5: how choices outrank each other.

A pair of common-law route and determination that is not in `RULES` is refused.
`docs/reference/choices.md` is generated from these tables.
"""

from __future__ import annotations

from dataclasses import dataclass

from commonweal.papers.vocabulary import (
    CommonLawRoute,
    DeterminationCode,
    OrganisationKind,
    Processing,
    Purpose,
)


@dataclass(frozen=True)
class Rule:
    """What follows from one pair of common-law route and determination.

    `national`: the national opt-out applies. `objections`: objections and withdrawals apply.
    `consent`: only people whose consent to the project is recorded may be in.
    `evidence`: the fields of the determination that must be filled.
    """

    route: CommonLawRoute
    determination: DeterminationCode | None
    national: bool
    objections: bool
    consent: bool
    evidence: tuple[str, ...]
    sentence: str


_SAID = ("decided_by", "evidence")
_SAID_WITH_REFERENCE = ("decided_by", "evidence", "reference")

_APPLIES = "The national opt-out applies: people who opted out are left out."
_CARE = "The use is individual care by the people's own care team, so the opt-out does not apply."
_CONSENT_AND_OPT_OUT = (
    "Only people who consented to this project are in; their consent outranks the national opt-out."
)
_CONSENT = "Only people who consented to this project are in, so the opt-out does not apply."
_CAG = "The Confidentiality Advisory Group advised that the opt-out does not apply to this flow."
_POLICY = "National policy says that the opt-out does not apply to this flow."
_REG3 = "The use is against risks to public health (regulation 3): the opt-out does not apply."
_LAW = "The law or a court orders this use, so neither the opt-out nor objections apply."
_PUBLIC = "A signed public interest test found that the opt-out does not apply here."
_ANONYMISED = (
    "A person decided that the opt-out does not apply; the data are still called de-personalised."
)
_OTHER_PEOPLE = "These people are outside the national opt-out, as a person has recorded."
_OTHER_PEOPLE_CONSENT = (
    "These people are outside the national opt-out; "
    "only those who consented to this project are in."
)

RULES: tuple[Rule, ...] = (
    # route, determination: national, objections, consent
    Rule("implied_consent_care", None, True, True, False, (), _APPLIES),
    Rule("implied_consent_care", "individual_care", False, True, False, _SAID, _CARE),
    Rule(
        "implied_consent_care", "out_of_scope_population", False, True, False, _SAID, _OTHER_PEOPLE
    ),
    Rule("explicit_consent", None, True, True, True, (), _CONSENT_AND_OPT_OUT),
    Rule("explicit_consent", "explicit_consent", False, True, True, _SAID, _CONSENT),
    Rule(
        "explicit_consent",
        "out_of_scope_population",
        False,
        True,
        True,
        _SAID,
        _OTHER_PEOPLE_CONSENT,
    ),
    Rule("s251_reg2", None, True, True, False, (), _APPLIES),
    Rule("s251_reg2", "cag_exemption", False, True, False, _SAID_WITH_REFERENCE, _CAG),
    Rule("s251_reg2", "policy_exemption", False, True, False, _SAID_WITH_REFERENCE, _POLICY),
    Rule("s251_reg2", "out_of_scope_population", False, True, False, _SAID, _OTHER_PEOPLE),
    Rule("s251_reg3", None, True, True, False, (), _APPLIES),
    Rule("s251_reg3", "reg3_communicable", False, True, False, _SAID, _REG3),
    Rule("s251_reg3", "out_of_scope_population", False, True, False, _SAID, _OTHER_PEOPLE),
    Rule("s251_reg5", None, True, True, False, (), _APPLIES),
    Rule("s251_reg5", "cag_exemption", False, True, False, _SAID_WITH_REFERENCE, _CAG),
    Rule("s251_reg5", "policy_exemption", False, True, False, _SAID_WITH_REFERENCE, _POLICY),
    Rule("s251_reg5", "out_of_scope_population", False, True, False, _SAID, _OTHER_PEOPLE),
    Rule("statutory_duty", None, True, True, False, (), _APPLIES),
    Rule("statutory_duty", "legal_requirement", False, False, False, _SAID_WITH_REFERENCE, _LAW),
    Rule("statutory_duty", "policy_exemption", False, True, False, _SAID_WITH_REFERENCE, _POLICY),
    Rule("statutory_duty", "out_of_scope_population", False, True, False, _SAID, _OTHER_PEOPLE),
    Rule("court_order", None, True, True, False, (), _APPLIES),
    Rule("court_order", "legal_requirement", False, False, False, _SAID_WITH_REFERENCE, _LAW),
    Rule("court_order", "out_of_scope_population", False, True, False, _SAID, _OTHER_PEOPLE),
    Rule("overriding_public_interest", None, True, True, False, (), _APPLIES),
    Rule(
        "overriding_public_interest",
        "public_interest",
        False,
        True,
        False,
        _SAID_WITH_REFERENCE,
        _PUBLIC,
    ),
    Rule(
        "overriding_public_interest",
        "out_of_scope_population",
        False,
        True,
        False,
        _SAID,
        _OTHER_PEOPLE,
    ),
    Rule("not_confidential", None, True, True, False, (), _APPLIES),
    Rule(
        "not_confidential",
        "anonymised",
        False,
        True,
        False,
        (*_SAID_WITH_REFERENCE, "expires"),
        _ANONYMISED,
    ),
    Rule("not_confidential", "out_of_scope_population", False, True, False, _SAID, _OTHER_PEOPLE),
)

CARE_PURPOSES: frozenset[Purpose] = frozenset({"clinical_audit", "quality_improvement"})
"""The only purposes that may count as individual care; any other is beyond it."""


@dataclass(frozen=True)
class KindRule:
    """When a kind of choice applies: always, or if one of the named things is in the permit."""

    kind: str
    always: bool = False
    purposes: frozenset[Purpose] = frozenset()
    processing: frozenset[Processing] = frozenset()
    organisations: frozenset[OrganisationKind] = frozenset()
    primary_care: bool = False
    names_project: bool = False
    says_yes: bool = False


KINDS: tuple[KindRule, ...] = (
    KindRule("withdrawal", always=True, names_project=True),
    KindRule("project_objection", always=True, names_project=True),
    KindRule("project_consent", always=True, names_project=True, says_yes=True),
    KindRule(
        "no_ai_training",
        purposes=frozenset({"ai_research", "ai_train", "ai_test"}),
        processing=frozenset({"train", "federated"}),
    ),
    KindRule("no_companies", organisations=frozenset({"company"})),
    KindRule(
        "no_research_here",
        purposes=frozenset(
            {
                "research",
                "ai_research",
                "ai_train",
                "ai_test",
                "health_technology_assessment",
                "feasibility",
            }
        ),
    ),
    KindRule("type1", primary_care=True),
    KindRule("local_objection", always=True),
)
"""Every kind that objections.csv may hold."""

BY_KIND = frozenset({"no_ai_training", "no_companies", "no_research_here"})
"""Kinds that are counted together as `by_kind`."""

REASONS: tuple[str, ...] = (
    "withdrawal",
    "project_objection",
    "no_project_consent",
    "by_kind",
    "type1",
    "local_objection",
    "not_allowed_nationally",
    "no_valid_identifier",
)
"""Why a person is left out. Each person counts under the first that holds: the most specific."""
