"""The closed lists that papers are written with.

Sources: ARCHITECTURE section 2 and 4; UK GDPR Articles 6 and 9; the common-law routes and the
refused purposes of the domain reference (NHS Act 2006 s251; Care Act 2014 s122: no solely
commercial use, no marketing, no insurance).
"""

from __future__ import annotations

from typing import Literal, get_args

Role = Literal[
    "direct_identifier",
    "record_key",
    "quasi_identifier",
    "sensitive",
    "free_text",
    "image",
    "genomic",
    "other",
]
VariableType = Literal["text", "integer", "decimal", "boolean", "date", "timestamp"]
PersonKind = Literal["nhs_number", "other_identifier", "row"]
Processing = Literal["table", "python", "train", "federated", "test_risk", "feasibility"]
Delivery = Literal["enclave", "handover"]
Authority = Literal["committee", "direct"]

Purpose = Literal[
    "research",
    "ai_research",
    "ai_train",
    "ai_test",
    "public_health",
    "service_planning",
    "quality_improvement",
    "clinical_audit",
    "health_technology_assessment",
    "official_statistics",
    "feasibility",
]

REFUSED_PURPOSES: dict[str, str] = {
    "insurance": "insurance",
    "marketing": "marketing",
    "market_research": "market research",
    "advertising": "advertising",
    "sales_targeting": "sales",
    "credit": "credit checks",
    "employment_vetting": "checks by employers",
    "solely_commercial": "commercial ends alone",
    "re_identification": "finding out who people are",
    "law_enforcement_without_order": "law enforcement without a court order",
}
"""Purposes that no permit can carry, with the words that tell people so."""

Article6 = Literal[
    "consent",
    "contract",
    "legal_obligation",
    "vital_interests",
    "public_task",
    "legitimate_interests",
]
Article9 = Literal[
    "explicit_consent",
    "social_protection",
    "vital_interests",
    "not_for_profit_body",
    "made_public",
    "legal_claims",
    "substantial_public_interest",
    "health_or_social_care",
    "public_health",
    "research",
]
CommonLawRoute = Literal[
    "implied_consent_care",
    "explicit_consent",
    "s251_reg2",
    "s251_reg3",
    "s251_reg5",
    "statutory_duty",
    "court_order",
    "overriding_public_interest",
    "not_confidential",
]
DeterminationCode = Literal[
    "individual_care",
    "explicit_consent",
    "reg3_communicable",
    "public_interest",
    "legal_requirement",
    "anonymised",
    "cag_exemption",
    "policy_exemption",
    "out_of_scope_population",
]
"""Reasons why the national opt-out does not apply, each with its evidence."""

OrganisationKind = Literal[
    "nhs_body",
    "university",
    "charity",
    "company",
    "government",
    "local_authority",
    "custodian",
    "other",
]

CodeSystem = Literal["icd10", "snomed", "opcs", "bnf", "loinc"]
"""The code systems that a variable may be declared to hold codes of."""

Identifies = Literal[
    "nhs_number",
    "person_key",
    "hospital_number",
    "name",
    "date_of_birth",
    "date_of_death",
    "age",
    "sex",
    "ethnicity",
    "postcode",
    "area",
    "address",
    "phone",
    "email",
    "ssn",
    "passport",
    "driving_licence",
    "geo_coordinate",
    "gp_practice",
    "staff",
    "organisation",
    "event_date",
    "administrative_date",
    "icd10",
    "snomed",
    "loinc",
    "opcs",
    "bnf",
    "dicom_uid",
    "url",
    "ip_address",
    "device_identifier",
    "free_text",
    "occupation",
    "language",
    "marital_status",
    "religion",
    "birth_place",
    "deprivation",
]

ROLES: tuple[str, ...] = get_args(Role)
PURPOSES: tuple[str, ...] = get_args(Purpose)
