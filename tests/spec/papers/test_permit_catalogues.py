"""Rules that a draft meets only against an unusual catalogue: tables without people, and dates in
disguise."""

from __future__ import annotations

from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.permit import PermitDraft
from commonweal.papers.permit_rules import check_draft, faults, wanted
from commonweal.papers.refusal import PermitRefused
from tests import factories

DATES = "CW-PERMIT-DATE-FORMS"
NEXT = "data.0.tables.1.variables.4"
"""Behind the variables that the draft asks for of admissions."""


def where(name: str, op: str, value: Any = None) -> dict[str, Any]:
    given = {} if value is None else {"value": value}
    return {"where": {"table": "patients", "variable": name, "op": op, **given}}


def test_a_table_without_a_link_shows_nothing_about_people() -> None:
    plain = factories.catalogue_data()
    for table in plain["datasets"][0]["tables"]:
        if table["name"] in ("admissions", "tests"):
            table["person_link"] = None
    catalogue = Catalogue.read(plain, "The catalogue", "CW-CATALOGUE-INVALID")
    draft = PermitDraft.read(factories.draft_data(), "The draft", "CW-PERMIT-INVALID")
    with pytest.raises(PermitRefused) as caught:
        check_draft(draft, catalogue)
    assert "CW-PERMIT-NO-PERSON" in {
        fault.code for fault in faults(draft, catalogue, wanted(draft, catalogue))
    }
    assert caught.value.code.startswith("CW-PERMIT-")


@pytest.mark.parametrize(
    "fields",
    [
        {"identifies": "nhs_number"},
        {"identifies": "hospital_number"},
        {"links_to": {"table": "admissions", "variable": "admission_id"}},
    ],
)
def test_a_key_that_leads_to_people_is_not_shown_without_a_link(fields: dict[str, Any]) -> None:
    plain = factories.catalogue_data()
    key = factories.variable("key", "text", "record_key", "record_code", **fields)
    bare = factories.variable("bare", "text", "record_key", "record_code")
    plain["datasets"][0]["tables"].append({"name": "wards", "variables": [key, bare]})
    catalogue = Catalogue.read(plain, "The catalogue", "CW-CATALOGUE-INVALID")
    for column, code in (("key", "CW-PERMIT-NO-PERSON"), ("bare", None)):
        data = factories.draft_data()
        asked_for = [{"variable": column, "form": "record_code"}]
        data["data"][0]["tables"].append({"table": "wards", "variables": asked_for})
        draft = PermitDraft.read(data, "The draft", "CW-PERMIT-INVALID")
        found = next(faults(draft, catalogue, wanted(draft, catalogue)), None)
        assert (found.code if found else None) == code


@pytest.mark.parametrize(
    ("column", "form"), [("opened", "shift"), ("opened", "interval"), ("ward", "rollup(5)")]
)
def test_a_form_that_needs_people_is_refused_where_there_are_none(column: str, form: str) -> None:
    plain = factories.catalogue_data()
    wards = [
        factories.variable("opened", "date", "other", "shift", "interval"),
        factories.variable("ward", "text", "other", "rollup(5)"),
    ]
    plain["datasets"][0]["tables"].append({"name": "wards", "variables": wards})
    data = factories.draft_data()
    data["data"][0]["tables"].append(
        {"table": "wards", "variables": [{"variable": column, "form": form}]}
    )
    draft = PermitDraft.read(data, "The draft", "CW-PERMIT-INVALID")
    with pytest.raises(PermitRefused) as caught:
        check_draft(draft, Catalogue.read(plain, "The catalogue", "CW-CATALOGUE-INVALID"))
    assert caught.value.code == "CW-PERMIT-FORM-NOT-BUILT"


@pytest.mark.parametrize(
    ("type_", "identifies", "shown", "code"),
    [
        ("integer", "date_of_birth", "exact", "CW-PERMIT-COHORT"),
        ("text", "date_of_birth", "exact", "CW-PERMIT-COHORT"),
        ("text", "event_date", "shift", DATES),
        ("integer", "date_of_death", "shift", DATES),
    ],
)
def test_a_cohort_compares_no_date_in_disguise(
    type_: str, identifies: str, shown: str, code: str
) -> None:
    plain = factories.catalogue_data()
    plain["datasets"][0]["tables"][0]["variables"].append(
        factories.variable("x", type_, "quasi_identifier", identifies=identifies)
    )
    value = "1950" if type_ == "text" else 1950
    data = factories.put(factories.draft_data(), "data.0.tables.1.variables.2.form", shown) | {
        "cohort": where("x", "ge", value)
    }
    draft = PermitDraft.read(data, "The draft", "CW-PERMIT-INVALID")
    with pytest.raises(PermitRefused) as caught:
        check_draft(draft, Catalogue.read(plain, "The catalogue", "CW-CATALOGUE-INVALID"))
    assert caught.value.code == code
    seen = {"cohort": where("x", "is_present")}
    check_draft(
        PermitDraft.read(data | seen, "The draft", "CW-PERMIT-INVALID"),
        Catalogue.read(plain, "The catalogue", "CW-CATALOGUE-INVALID"),
    )


@pytest.mark.parametrize(
    ("type_", "identifies", "form"),
    [
        ("integer", "age", "exact"),
        ("integer", "age", "round(1)"),
        ("integer", "age", "rollup(2)"),
        ("integer", "age", "age_band(1,90)"),
        ("text", "event_date", "exact"),
        ("text", "event_date", "truncate(4)"),
        ("integer", "date_of_death", "exact"),
    ],
)
def test_dates_and_ages_in_disguise_undo_a_shift_too(
    type_: str, identifies: str, form: str
) -> None:
    data = factories.catalogue_data()
    disguised = factories.variable("x", type_, "quasi_identifier", form, identifies=identifies)
    data["datasets"][0]["tables"][1]["variables"].append(disguised)
    catalogue = factories.Catalogue.read(data, "The catalogue")
    draft = factories.put(factories.draft_data(), NEXT, {"variable": "x", "form": form})
    with pytest.raises(CommonwealError, match=DATES):
        check_draft(PermitDraft.read(draft, "The draft"), catalogue)
