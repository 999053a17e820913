"""Determinations that do not stand, and what a decision says in words."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import Refused
from commonweal.papers.vocabulary import PURPOSES
from commonweal.vault.choices.decision import decide
from tests import factories

AT = date(2026, 3, 2)
DATASET = factories.catalogue().dataset("hospital")


def determined(code: str, route: str, more: Any = (), **changes: Any) -> Any:
    determination = {
        "code": code,
        "decided_by": "Dr Ada Guardian",
        "decided_on": "2026-02-01",
        "evidence": "Letter of 1 February.",
        **dict(more),
    }
    basis = {**factories.draft_data()["legal_basis"], "common_law": route}
    if route.startswith("s251_reg") and route != "s251_reg3":
        basis["cag"] = {
            "reference": "25/CAG/0042",
            "decision_maker": "hra",
            "supported_on": "2025-06-01",
            "next_review": "2026-06-01",
            "items": ["nhs_number"],
        }
    choices = {"national_opt_out": "exempt", "determination": determination}
    return factories.draft(**{"legal_basis": basis, "choices": choices, **changes})


def refusal(permit: Any, at: date = AT) -> Refused:
    with pytest.raises(Refused) as refused:
        decide(permit, DATASET, at)
    assert refused.value.exit_code == 4
    return refused.value


def test_a_decision_from_tomorrow_is_refused() -> None:
    permit = determined("out_of_scope_population", "not_confidential", {"decided_on": "2026-03-03"})
    assert refusal(permit).code == "CW-CHOICES-NOT-YET"
    assert not decide(permit, DATASET, AT + timedelta(days=1)).national


def test_a_decision_holds_to_its_last_day() -> None:
    permit = determined("out_of_scope_population", "not_confidential", {"expires": "2026-03-02"})
    assert not decide(permit, DATASET, AT).national
    assert refusal(permit, AT + timedelta(days=1)).code == "CW-PERMIT-DETERMINATION-EXPIRED"


def test_cag_exemption_with_its_reference() -> None:
    permit = determined("cag_exemption", "s251_reg5", {"reference": "25/CAG/0042"})
    assert not decide(permit, DATASET, AT).national


@pytest.mark.parametrize(
    "reference", ["CAG", "25/CAG/42", "x25/CAG/0042", "25/cag/0042", "٢٥/CAG/0042"]
)
def test_cag_exemption_needs_a_reference_of_cags_form(reference: str) -> None:
    permit = determined("cag_exemption", "s251_reg5", {"reference": reference})
    assert refusal(permit).code == "CW-CHOICES-CAG-REFERENCE"


@pytest.mark.parametrize(
    "purpose", [p for p in PURPOSES if p not in ("clinical_audit", "quality_improvement")]
)
def test_individual_care_is_no_reason_for_other_purposes(purpose: str) -> None:
    permit = determined(
        "individual_care", "implied_consent_care", purposes=["clinical_audit", purpose]
    )
    assert refusal(permit).code == "CW-CHOICES-PURPOSE"


def test_exempt_without_a_determination_cannot_be_forged() -> None:
    permit = factories.draft()
    forged = permit.choices.model_copy(update={"national_opt_out": "exempt"})
    assert refusal(permit.model_copy(update={"choices": forged})).code == "CW-CHOICES-EVIDENCE"


def test_people_without_identifier_need_a_decision_that_was_made() -> None:
    def permit(day: str) -> Any:
        exemption = {"decided_by": "Dr Ada Guardian", "decided_on": day, "evidence": "Letter."}
        return factories.draft(choices={"include_people_without_identifier": exemption})

    assert decide(permit("2026-03-02"), DATASET, AT).include_without_identifier
    assert refusal(permit("2026-03-03")).code == "CW-CHOICES-NOT-YET"


def test_anonymised_changes_only_the_national_list() -> None:
    usual = decide(factories.draft(), DATASET, AT)
    permit = determined(
        "anonymised", "not_confidential", {"reference": "RIA-9", "expires": "2026-12-31"}
    )
    decision = decide(permit, DATASET, AT)
    assert decision.kinds == usual.kinds
    assert decision.objections
    assert not any("anonymised" in sentence for sentence in decision.sentences)
    assert any("de-personalised" in sentence for sentence in decision.sentences)


def test_a_decision_in_words() -> None:
    said = decide(factories.draft(), DATASET, AT).sentences
    assert said == (
        "The national opt-out applies: people who opted out are left out.",
        "People who objected, or who withdrew from this project, are left out.",
        "People who said no to research here are left out.",
        "People without a valid identifier are left out, because they cannot be checked.",
    )
