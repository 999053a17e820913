"""What makes no permit: papers that do not belong together, and versions that were forged.

Most of these are attacks by somebody who owns the service and its database (S11): everybody said
yes, and still nothing is compiled.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.governance import compiling
from commonweal.governance.agreement.library import ClauseLibrary, clause_library
from commonweal.governance.application.version import ApplicationVersion
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.vocabulary import REFUSED_PURPOSES
from tests import applications, factories
from tests.applications import compiled, forms_of


def refused(
    code: str, version: Any = None, decided: Any = None, agreed: Any = None, **more: Any
) -> str:
    with pytest.raises(CommonwealError) as caught:
        compiled(version or applications.version(), decided, agreed, **more)
    assert caught.value.code == code
    assert caught.value.sentence.endswith(".")
    return caught.value.sentence


@pytest.mark.parametrize("outcome", ["reject", "resubmit", "", "APPROVE"])
def test_no_permit_without_a_yes(outcome: str) -> None:
    version = applications.version()
    agreed = applications.agreement(version, applications.decision(version))
    decided = applications.decision(version, outcome=outcome)
    refused("CW-COMPILE-NOT-APPROVED", version, decided, agreed)


def test_no_permit_for_a_version_that_was_not_decided() -> None:
    version, other = applications.version(), applications.version(number=2)
    decided = applications.decision(other)
    agreed = applications.agreement(other, decided)
    refused("CW-COMPILE-DECISION-OTHER", version, decided, agreed)


def test_no_permit_by_a_decision_older_than_the_version() -> None:
    version = applications.version()
    good = applications.decision(version)
    early = applications.decision(version, decided_at=version.sent_at - timedelta(days=1))
    agreed = applications.agreement(version, good)
    refused("CW-COMPILE-DECISION-OTHER", version, early, agreed)


def test_no_permit_under_an_agreement_about_something_else() -> None:
    version = applications.version()
    decided = applications.decision(version)
    other = applications.decision(version, decided_at=decided.decided_at + timedelta(hours=1))
    refused("CW-COMPILE-AGREEMENT-OTHER", version, decided, applications.agreement(version, other))
    newer = applications.version(number=2)
    agreed = applications.agreement(newer, applications.decision(newer))
    refused("CW-COMPILE-AGREEMENT-OTHER", version, decided, agreed)


@pytest.mark.parametrize(
    "change",
    [
        {"schedule": ()},
        {"ends": date(2027, 4, 1)},
        {"starts": date(2026, 3, 1)},
        {"conditions": ()},
        {"people": (("Mallory", "Researcher", "Nowhere"),)},
        {"places": (("Attic", "Nobody", "England"),)},
        {"purposes": ("service_planning",)},
        {"project": "Another"},
        {"kept": "Everything."},
        {"linkage": "All of the census."},
        {"parties": ()},
    ],
    ids=lambda change: next(iter(change)),
)
def test_no_permit_under_an_agreement_that_says_something_else(change: dict[str, Any]) -> None:
    version = applications.version()
    decided = applications.decision(version)
    forged = applications.agreement(version, decided).model_copy(update=change)
    forged = forged.model_copy(update={"text_digest": forged.digest_of_text()})
    refused("CW-COMPILE-AGREEMENT-TERMS", version, decided, forged)


def test_no_permit_under_an_agreement_with_another_text() -> None:
    version = applications.version()
    decided = applications.decision(version)
    agreed = applications.agreement(version, decided)
    clause = agreed.clauses[3].model_copy(update={"text": "Anybody may be recognised."})
    clauses = (*agreed.clauses[:3], clause, *agreed.clauses[4:])
    refused("CW-AGREEMENT-TEXT", version, decided, agreed.model_copy(update={"clauses": clauses}))
    digest = factories.hash_of("another text")
    refused(
        "CW-AGREEMENT-TEXT", version, decided, agreed.model_copy(update={"text_digest": digest})
    )


def test_no_permit_under_clauses_that_are_not_the_librarys() -> None:
    """The attack: a softer clause, and the digest of the text made to fit."""
    version = applications.version()
    decided = applications.decision(version)
    agreed = applications.agreement(version, decided)
    soft = agreed.clauses[3].model_copy(update={"text": "Anybody may be recognised."})
    for clauses in ((*agreed.clauses[:3], soft, *agreed.clauses[4:]), agreed.clauses[:-1]):
        forged = agreed.model_copy(update={"clauses": clauses})
        forged = forged.model_copy(update={"text_digest": forged.digest_of_text()})
        refused("CW-COMPILE-AGREEMENT-TERMS", version, decided, forged)
    newer = agreed.model_copy(update={"library": 99})
    newer = newer.model_copy(update={"text_digest": newer.digest_of_text()})
    refused("CW-COMPILE-AGREEMENT-TERMS", version, decided, newer)


def test_an_agreement_under_an_older_library_is_made_anew() -> None:
    """The attack: naming an old library, of which nobody knows the clauses any more."""
    version = applications.version()
    decided = applications.decision(version)
    plain = clause_library().plain()
    plain["version"] = 2
    plain["clauses"][2] |= {"version": 2, "text": "Another wording."}
    newer = ClauseLibrary.read(plain, "The library")
    agreed = applications.agreement(version, decided)
    refused("CW-COMPILE-AGREEMENT-TERMS", version, decided, agreed, library=newer)


def test_internal_terms_are_no_agreement_with_others() -> None:
    version = applications.version()
    decided = applications.decision(version)
    agreed = applications.agreement(version, decided)
    internal = agreed.model_copy(update={"scope": "internal", "framework_digest": None})
    refused("CW-COMPILE-AGREEMENT-OTHER", version, decided, internal)
    early = agreed.model_copy(update={"made_at": decided.decided_at - timedelta(days=1)})
    refused("CW-COMPILE-AGREEMENT-OTHER", version, decided, early)


def with_content(version: ApplicationVersion, path: str, value: Any) -> ApplicationVersion:
    """A version with other content, as somebody who owns the database would write it."""
    plain = version.plain()
    applications.put(plain["content"], path, value)
    return ApplicationVersion.read(plain, "The version")


@pytest.mark.parametrize("purpose", list(REFUSED_PURPOSES))
def test_no_committee_can_approve_a_refused_purpose(purpose: str) -> None:
    """The attack: the check before sending was passed by, everybody said yes, all was agreed."""
    good = applications.version()
    agreed = applications.agreement(good, applications.decision(good))
    version = with_content(good, "purpose.codes", ["research", purpose])
    decided = applications.decision(version)
    forged = agreed.model_copy(
        update={
            "version_digest": version.digest(),
            "decision_digest": decided.digest(),
            "purposes": ("research", purpose),
        }
    )
    forged = forged.model_copy(update={"text_digest": forged.digest_of_text()})
    sentence = refused("CW-PERMIT-PURPOSE", version, decided, forged)
    assert REFUSED_PURPOSES[purpose] in sentence
    with pytest.raises(CommonwealError, match="CW-PERMIT-PURPOSE"):
        applications.agreement(version, decided)


def test_no_permit_when_support_does_not_cover_a_variable() -> None:
    good = applications.version(applications.support_data())
    version = with_content(good, "legal.cag.items", ["nhs_number", "born"])
    assert "does not cover" in refused("CW-PERMIT-CAG-ITEMS", version)


def test_what_is_refused_was_to_be_covered_too() -> None:
    """Sending asks that the support covers everything that is asked for."""
    good = applications.version(applications.support_data())
    items = ["nhs_number", "admission_id", "born", "admitted", "diagnosis"]
    version = with_content(good, "legal.cag.items", items)
    refused(
        "CW-COMPILE-INCOMPLETE", version, applications.decision(version, refused=("patients.sex",))
    )


def test_no_permit_when_the_catalogue_has_changed() -> None:
    data = factories.catalogue_data()
    data["datasets"][0]["tables"][0]["variables"][3]["forms"] = ["exact", "rollup(10)"]
    changed = Catalogue.read(data, "The catalogue", "CW-CATALOGUE-INVALID")
    refused("CW-COMPILE-CATALOGUE", catalogue=changed)
    data["datasets"][0]["id"] = "other"
    refused("CW-COMPILE-CATALOGUE", catalogue=Catalogue.read(data, "The catalogue"))


def test_what_changes_nothing_in_a_catalogue_is_no_change() -> None:
    data = factories.catalogue_data()
    data["datasets"][0]["tables"][0]["rows"] = 12
    compiled(applications.version(), catalogue=Catalogue.read(data, "The catalogue"))


def test_no_permit_without_assessments() -> None:
    whole = applications.version(applications.company_data(), "aia")
    for form in ("aia", "dpia"):
        plain = whole.plain()
        plain["answers"] = [each for each in plain["answers"] if each["form"] != form]
        refused("CW-COMPILE-ASSESSMENT", ApplicationVersion.read(plain, "The version"))


SKIPPED_CHECKS = [
    ("safeguards.k", 2),
    ("safeguards.minimum_people", 2),
    ("people.0.training", []),
    ("places.0.assurance.status", "standards_not_met"),
    ("places.0.country", "Narnia"),
    ("declarations", []),
    ("documents.0.kind", "poem"),
    ("data.groups.1.variables.0.without_it", None),
    ("data.groups.2.variables.1.coarser_would_not_do", None),
    ("route.identifiable", True),
    ("organisation.publishes_results", False),
]


@pytest.mark.parametrize(("path", "value"), SKIPPED_CHECKS, ids=str)
def test_who_leaves_out_the_check_before_sending_gets_no_permit(path: str, value: Any) -> None:
    """The attack: the service freezes what could not have been sent, and everybody says yes."""
    version = with_content(applications.version(), path, value)
    assert "could not have been sent" in refused("CW-COMPILE-INCOMPLETE", version)


@pytest.mark.parametrize(
    "rules",
    [
        lambda r: {},
        lambda r: r | {"routes": 0},
        lambda r: r | {"routes": 99},
        lambda r: r | {"zork": 1},
        lambda r: {name: number for name, number in r.items() if name != "routes"},
    ],
)
def test_a_version_cannot_claim_other_lists_than_there_were(rules: Any) -> None:
    plain = with_content(applications.version(), "safeguards.k", 2).plain()
    plain["rules"] = rules(plain["rules"])
    refused("CW-COMPILE-INCOMPLETE", ApplicationVersion.read(plain, "The version"))


def test_an_older_version_of_a_list_does_not_stop_what_keeps_the_new_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    version = applications.version()
    decided = applications.decision(version)
    agreed = applications.agreement(version, decided)
    newer = {name: number + 1 for name, number in version.rules.items()}
    monkeypatch.setattr(compiling, "seed_versions", lambda: newer)
    assert compiled(version, decided, agreed).id == "app-7-1"


def test_no_permit_when_the_time_is_over() -> None:
    # The last day is 31 March as days are counted in London, where summer time has begun.
    refused("CW-COMPILE-PERIOD", at=datetime(2027, 3, 31, 23, 0, tzinfo=UTC))
    compiled(applications.version(), at=datetime(2027, 3, 31, 22, 59, tzinfo=UTC))
    version = applications.version()
    decided = applications.decision(version)
    late = applications.agreement(version, decided, at=datetime(2027, 4, 1, tzinfo=UTC))
    # A clock that is behind the papers does not make it earlier.
    refused("CW-COMPILE-PERIOD", version, decided, late, at=applications.NOW)


def test_a_decision_that_ends_before_the_beginning() -> None:
    version = applications.version()
    good = applications.agreement(version, applications.decision(version))
    decided = applications.decision(version, until=date(2026, 3, 31))
    refused("CW-COMPILE-PERIOD", version, decided, good)


def verdict(**changes: Any) -> Any:
    plain = {"dataset": "hospital", "table": "patients", "variable": "sex", "verdict": "granted"}
    return applications.VariableVerdict(**(plain | changes))


@pytest.mark.parametrize(
    "change",
    [
        lambda v: v[:-1],  # one not decided
        lambda v: (*v, verdict(variable="ethnicity")),  # one not asked for
        lambda v: (*v, v[0]),  # one twice
        lambda v: (*v[:-1], verdict(dataset="other", table="admissions", variable="diagnosis")),
        lambda v: (*v[:-1], v[-1].model_copy(update={"verdict": "why not"})),
        lambda v: (),
    ],
)
def test_exactly_what_was_asked_for_is_decided(change: Any) -> None:
    version = applications.version()
    good = applications.agreement(version, applications.decision(version))
    decided = applications.decision(version, variables=change(applications.verdicts(version)))
    refused("CW-COMPILE-VARIABLES", version, decided, good)


@pytest.mark.parametrize(
    "form", ["exact", "truncate(30)", "secret", "", "shift", "age_band(5,90)", "pseudonym"]
)
def test_a_coarser_form_shows_less(form: str) -> None:
    data = applications.content_data()
    data["data"]["groups"][2]["variables"][1]["form"] = "truncate(3)"
    version = applications.version(data)
    good = applications.agreement(version, applications.decision(version))
    decided = applications.decision(version, coarser={"admissions.diagnosis": form})
    refused("CW-COMPILE-COARSER", version, decided, good)


def test_a_coarser_form_must_be_offered() -> None:
    version = applications.version()
    decided = applications.decision(version, coarser={"admissions.diagnosis": "truncate(2)"})
    refused("CW-PERMIT-FORM-NOT-OFFERED", version, decided)


def test_a_coarser_form_obeys_the_law_of_forms() -> None:
    """S16: the committee cannot make a date coarser beside a shifted one."""
    data = applications.content_data()
    data["data"]["groups"][2]["variables"][0] = applications.asked(
        "admissions", "admitted", "month"
    )
    version = applications.version(data)
    decided = applications.decision(version, coarser={"admissions.admitted": "year"})
    assert forms_of(compiled(version, decided))["admissions.admitted"] == "year"
    shifted = applications.version()
    wrong = applications.decision(shifted, coarser={"patients.sex": "rollup(5)"})
    refused("CW-PERMIT-FORM-NOT-OFFERED", shifted, wrong)


def test_nothing_left_is_no_permit() -> None:
    version = applications.version()
    good = applications.agreement(version, applications.decision(version))
    everything = tuple(".".join(i.place or ()) for _, _, i in version.content.data.asked())
    decided = applications.decision(version, refused=everything)
    refused("CW-COMPILE-NOTHING-LEFT", version, decided, good)


def test_a_version_that_names_a_variable_twice_makes_no_permit() -> None:
    groups = applications.groups()
    groups[2]["variables"].append(applications.asked("patients", "sex", "exact"))
    version = with_content(applications.version(), "data.groups", groups)
    decided = applications.decision(version)
    good = applications.version()
    agreed = applications.agreement(good, applications.decision(good))
    refused("CW-COMPILE-VARIABLES", version, decided, agreed)
