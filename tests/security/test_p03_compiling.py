"""P3: attacks on the way from a decision to a permit, by whoever owns the service's database.

Each attack works on a naive way of compiling that trusts the papers it is given, and fails on ours.
"""

from __future__ import annotations

from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.governance.application.drafts import read_draft
from commonweal.governance.application.version import ApplicationVersion, freeze
from commonweal.governance.compiling import permit_draft
from commonweal.papers.catalogue import Catalogue
from tests import applications, factories


def naive_compile(version: ApplicationVersion, decision: Any, agreement: Any) -> dict[str, Any]:
    """Copies what was approved, names variables by one text, and takes an agreement at its word."""
    if decision.outcome not in ("approve", "approve_with_conditions"):
        raise ValueError("not approved")
    refused = {
        f"{each.table}.{each.variable}" for each in decision.variables if each.verdict == "refused"
    }
    kept = [
        (item.table, item.variable)
        for _, _, item in version.content.data.asked()
        if f"{item.table}.{item.variable}" not in refused
    ]
    return {
        "purposes": list(version.content.purpose.codes),
        "variables": kept,
        "k": version.content.safeguards.k,
        "agreement_hash": agreement.digest(),
    }


def forged(version: ApplicationVersion, path: str, value: Any) -> ApplicationVersion:
    """The version with another answer, written past the check before sending."""
    plain = version.plain()
    applications.put(plain["content"], path, value)
    return ApplicationVersion.read(plain, "The version")


def agreed_on(version: ApplicationVersion, decision: Any, like: Any, **changes: Any) -> Any:
    """An agreement that names this version and decision, though it was made for others."""
    about = {"version_digest": version.digest(), "decision_digest": decision.digest(), **changes}
    paper = like.model_copy(update=about)
    return paper.model_copy(update={"text_digest": paper.digest_of_text()})


def refused(version: ApplicationVersion, decision: Any, agreement: Any, **more: Any) -> str:
    with pytest.raises(CommonwealError) as caught:
        permit_draft(version, decision, agreement, more.get("catalogue", factories.catalogue()))
    return caught.value.code


def test_a_purpose_that_is_never_allowed_is_voted_through() -> None:
    good = applications.version()
    like = applications.agreement(good, applications.decision(good))
    version = forged(good, "purpose.codes", ["research", "insurance"])
    decision = applications.decision(version)
    agreement = agreed_on(version, decision, like, purposes=("research", "insurance"))
    assert "insurance" in naive_compile(version, decision, agreement)["purposes"]
    assert refused(version, decision, agreement) == "CW-PERMIT-PURPOSE"


def test_limits_that_were_never_offered_are_voted_through() -> None:
    good = applications.version()
    version = forged(good, "safeguards.k", 2)
    decision = applications.decision(version)
    agreement = applications.agreement(version, decision)
    assert naive_compile(version, decision, agreement)["k"] == 2
    assert refused(version, decision, agreement) == "CW-COMPILE-INCOMPLETE"


def test_a_softer_clause_is_put_under_the_signatures() -> None:
    version = applications.version()
    decision = applications.decision(version)
    agreement = applications.agreement(version, decision)
    soft = agreement.clauses[3].model_copy(update={"text": "Anybody may be recognised."})
    clauses = (*agreement.clauses[:3], soft, *agreement.clauses[4:])
    softer = agreed_on(version, decision, agreement, clauses=clauses)
    assert naive_compile(version, decision, softer)["agreement_hash"] == softer.digest()
    assert refused(version, decision, softer) == "CW-COMPILE-AGREEMENT-TERMS"


def two_of_one_spelling() -> tuple[Catalogue, ApplicationVersion]:
    """`a.b` of the table `patients`, and `b` of the table `patients.a`: one text, two variables."""
    data = factories.catalogue_data()
    tables = data["datasets"][0]["tables"]
    tables[0]["variables"].append(factories.variable("a.b", "text", "sensitive", "exact"))
    key = factories.variable(
        "nhs_number", "text", "direct_identifier", "pseudonym", identifies="nhs_number"
    )
    twin = [key, factories.variable("b", "text", "sensitive", "exact")]
    tables.append({"name": "patients.a", "person_link": "nhs_number", "variables": twin})
    catalogue = Catalogue.read(data, "The catalogue")
    asked = applications.content_data()
    asked["data"]["groups"][2]["variables"] += [
        applications.asked("patients", "a.b", "exact"),
        applications.asked("patients.a", "b", "exact"),
    ]
    version = freeze(
        "app-7", 1, read_draft(asked), applications.forms(), at=applications.NOW, by="amira",
        catalogue=catalogue,
    )  # fmt: skip
    return catalogue, version


def test_a_refused_variable_comes_in_under_the_spelling_of_another() -> None:
    catalogue, version = two_of_one_spelling()
    verdicts = tuple(
        each.model_copy(update={"verdict": "refused"})
        if (each.table, each.variable) == ("patients.a", "b")
        else each
        for each in applications.verdicts(version)
    )
    decision = applications.decision(version, variables=verdicts)
    agreement = applications.agreement(version, decision)
    # Joined to one text the two cannot be told apart: both go, or (where grants are looked up) both
    # come in.
    naive = set(naive_compile(version, decision, agreement)["variables"])
    granted_by_text = {f"{v.table}.{v.variable}" for v in verdicts if v.verdict == "granted"}
    assert ("patients", "a.b") not in naive
    assert "patients.a.b" in granted_by_text
    draft = permit_draft(version, decision, agreement, catalogue)
    held = {(t.table, v.variable) for t in draft.dataset.tables for v in t.variables}
    assert ("patients", "a.b") in held
    assert ("patients.a", "b") not in held
