# ruff: noqa: E501, RUF001 (a table reads best with one case a line)
"""The catalogue: which mistakes of a person it refuses, and what its digest covers."""

from __future__ import annotations

from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.forms import FORMS, Form, fits
from commonweal.papers.vocabulary import ROLES
from tests import factories

TABLES = "datasets.0.tables"
KEYS = ("person_key", "nhs_number", "hospital_number")
NAMES = (*KEYS, "name", "address", "phone", "email", "ssn", "passport", "driving_licence")


def read(*changes: tuple[str, Any]) -> Catalogue:
    data = factories.catalogue_data()
    for path, value in changes:
        factories.put(data, path, value)
    return Catalogue.read(data, "The catalogue", "CW-CATALOGUE-INVALID")


def one_variable(**fields: Any) -> tuple[str, Any]:
    return f"{TABLES}.0.variables.8", {"name": "extra", "type": "text", **fields}


REFUSED: list[tuple[str, list[tuple[str, Any]]]] = [
    ("another version", [("catalogue", 2)]),
    ("true for a version of another kind", [("catalogue", "1")]),
    ("an unknown key", [("approved", True)]),
    ("no dataset", [("datasets", [])]),
    ("a dataset twice", [("datasets.1", factories.catalogue_data()["datasets"][0])]),
    ("a bad ODS code", [("custodian.ods", "rxx")]),
    ("a table twice", [(f"{TABLES}.1.name", "Patients")]),
    ("a variable twice", [one_variable(name="SEX")]),
    ("a variable twice to the eye", [one_variable(name="s\u0435x")]),
    ("a name with a line break", [one_variable(name="a\nb")]),
    ("a name that runs backwards", [one_variable(name="a\u202eb")]),
    ("an unknown role", [one_variable(role="harmless")]),
    ("an unknown type", [one_variable(type="blob")]),
    ("an unknown form", [one_variable(forms=["plain"])]),
    ("a form that does not fit the type", [one_variable(role="other", forms=["shift"])]),
    ("a direct identifier as it is", [one_variable(role="direct_identifier", forms=["exact"])]),
    ("a direct identifier cut", [one_variable(role="direct_identifier", forms=["truncate(3)"])]),
    ("a direct identifier rolled up", [one_variable(role="direct_identifier", forms=["rollup(9)"])]),
    ("a record key as it is", [one_variable(role="record_key", forms=["exact"])]),
    ("free text as it is", [one_variable(role="free_text", forms=["exact"])]),
    ("free text cut", [one_variable(role="free_text", forms=["truncate(100)"])]),
    ("an image as it is", [one_variable(role="image", forms=["exact"])]),
    *[
        (f"a {kind} as {role}", [one_variable(role=role, identifies=kind)])
        for kind in NAMES
        for role in ROLES
        if role not in ("direct_identifier", "record_key")
    ],
    *[
        (f"a {kind} as a key", [one_variable(role="record_key", identifies=kind)])
        for kind in NAMES
        if kind not in KEYS
    ],
    *[
        (f"a {kind} as {role}", [one_variable(role=role, identifies=kind)])
        for kind in ("date_of_birth", "postcode")
        for role in ROLES
        if role not in ("direct_identifier", "quasi_identifier")
    ],
    ("an administrative text", [one_variable(role="other", administrative=True)]),
    (
        "an administrative date as it is",
        [one_variable(type="date", role="other", administrative=True, forms=["exact"])],
    ),
    ("a person table that is not there", [("datasets.0.person.table", "people")]),
    ("a person variable that is not there", [("datasets.0.person.variable", "id")]),
    ("a person table linked by something else", [(f"{TABLES}.0.person_link", "name")]),
    ("no person variable", [("datasets.0.person.variable", factories.REMOVE)]),
    ("a national number that is not there", [("datasets.0.person.national", "nhs")]),
    ("a national number declared harmless", [("datasets.0.person.national", "sex")]),
    ("one row is one person, but there is a link", [("datasets.0.person", {"kind": "row"})]),
    ("one row is one person, with a table", [("datasets.0.person.kind", "row")]),
    ("a link to no table", [(f"{TABLES}.2.person_link.to_table", "visits")]),
    ("a link to no variable", [(f"{TABLES}.2.person_link.to_variable", "id")]),
    ("a link from no variable", [(f"{TABLES}.2.person_link.variable", "id")]),
    ("a link to a table without people", [(f"{TABLES}.1.person_link", None)]),
    ("a link to itself", [(f"{TABLES}.2.person_link.to_table", "tests"),
                          (f"{TABLES}.2.person_link.to_variable", "test_id")]),
    ("a link that is declared harmless", [(f"{TABLES}.2.variables.1.role", "other"),
                                          (f"{TABLES}.2.variables.1.forms", [])]),
    ("the target of a link declared harmless", [(f"{TABLES}.1.variables.0.role", "other"),
                                                (f"{TABLES}.1.variables.0.forms", ["exact"])]),
]  # fmt: skip


@pytest.mark.parametrize(("what", "changes"), REFUSED, ids=[row[0] for row in REFUSED])
def test_refused(what: str, changes: list[tuple[str, Any]]) -> None:
    with pytest.raises(CommonwealError) as caught:
        read(*changes)
    assert caught.value.code in ("CW-CATALOGUE-INVALID", "CW-CATALOGUE-UNKNOWN")
    assert caught.value.exit_code == 3


@pytest.mark.parametrize(
    ("identifies", "role"),
    [
        *[(kind, "direct_identifier") for kind in (*NAMES, "date_of_birth", "postcode")],
        *[(kind, "record_key") for kind in KEYS],
        *[(kind, "quasi_identifier") for kind in ("date_of_birth", "postcode")],
        *[(kind, None) for kind in (*NAMES, "date_of_birth", "postcode")],
    ],
)
def test_roles_that_what_identifies_may_have(identifies: str, role: str | None) -> None:
    variable = (
        read(one_variable(role=role, identifies=identifies))
        .dataset("hospital")
        .table("patients")
        .variable("extra")
    )
    assert (variable.role, variable.identifies) == (role, identifies)


def test_the_refusal_names_table_and_column() -> None:
    with pytest.raises(CommonwealError, match=r"patients\.extra identifies postcode: its role is "):
        read(one_variable(role="other", identifies="postcode"))


def test_routes_to_the_person() -> None:
    dataset = read().dataset("hospital")
    assert dataset.route(dataset.table("admissions")) == ()
    (link,) = dataset.route(dataset.table("tests"))
    assert (link.to_table, link.to_variable) == ("admissions", "admission_id")
    assert dataset.national_variable == "nhs_number"


@pytest.mark.parametrize("name", ["Hospital", "hospital ", ""])
def test_unknown_names_are_faults(name: str) -> None:
    with pytest.raises(CommonwealError, match="CW-CATALOGUE-UNKNOWN"):
        read().dataset(name)


def test_forms_are_written_in_one_spelling_and_once() -> None:
    catalogue = read(
        one_variable(type="date", role="other", forms=["age_band(5, 90)", "age_band( 5,90 )"])
    )
    assert catalogue.dataset("hospital").table("patients").variable("extra").forms == (
        "age_band(5,90)",
    )


SAME_DIGEST: list[tuple[str, Any]] = [
    ("datasets.0.source.location", "elsewhere"),
    (f"{TABLES}.0.rows", 9),
    (f"{TABLES}.0.variables.3.reason", "Because."),
    (f"{TABLES}.0.variables.3.profile", {"distinct": 2**70}),
    ("custodian.name", "Another"),
]
OTHER_DIGEST: list[tuple[str, Any]] = [
    (f"{TABLES}.0.variables.3.role", "sensitive"),
    (f"{TABLES}.0.variables.3.forms", []),
    (f"{TABLES}.0.variables.3.type", "integer"),
    (f"{TABLES}.0.variables.3.identifies", None),
    (f"{TABLES}.0.variables.3.name", "gender"),
    (f"{TABLES}.1.person_link", {"variable": "nhs_number", "to_table": "patients", "to_variable": "nhs_number"}),
    (f"{TABLES}.0.variables.8", {"name": "extra", "type": "text"}),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value"), SAME_DIGEST)
def test_what_may_change_without_a_new_permit(path: str, value: Any) -> None:
    assert read((path, value)).governed_digest(("hospital",)) == read().governed_digest(
        ("hospital",)
    )


@pytest.mark.parametrize(("path", "value"), OTHER_DIGEST)
def test_what_needs_a_new_permit(path: str, value: Any) -> None:
    assert read((path, value)).governed_digest(("hospital",)) != read().governed_digest(
        ("hospital",)
    )


@pytest.mark.parametrize("kind", FORMS)
def test_a_form_that_fits_a_type_can_be_offered_by_some_role(kind: str) -> None:
    arguments = {"age_band": "(5,90)", "truncate": "(3)", "rollup": "(10)", "round": "(0.5)"}
    form = Form.parse(kind + arguments.get(kind, ""))
    offered = 0
    for type_ in ("text", "integer", "decimal", "boolean", "date", "timestamp"):
        for role in ROLES:
            try:
                read(one_variable(type=type_, role=role, forms=[form.text]))
            except CommonwealError:
                continue
            assert fits(form, type_)
            offered += 1
    assert offered > 0


@pytest.mark.parametrize(
    ("text", "kind", "arguments"),
    [
        ("exact", "exact", ()),
        (" shift ", "shift", ()),
        ("age_band(5, 90)", "age_band", (5, 90)),
        ("round(0.50)", "round", (0.5,)),
        ("truncate(3.0)", "truncate", (3,)),
    ],
)
def test_forms_are_read(text: str, kind: str, arguments: tuple[float, ...]) -> None:
    form = Form.parse(text)
    assert (form.kind, tuple(map(float, form.arguments))) == (kind, arguments)


@pytest.mark.parametrize(
    "text",
    [
        *("", "Exact", "exact()", "exact(1)", "plain", "age_band", "age_band(5)", "age_band(5,90,1)"),
        *("age_band(0,90)", "age_band(5,91)", "age_band(5,200)", "age_band(60,120)", "age_band(90,5)"),
        *("age_band(5,90", "age_band 5,90", "age_band(-5,90)", "age_band(five,90)", "age_band(5.5,90)"),
        *("truncate(0)", "truncate(1.5)", "truncate(100000)", "rollup(1)", "rollup(0)"),
        *("round(0)", "round(1e3)", "round(0.0000001)", "round(10000000000)", "round(1.2.3)"),
        *("exact\x00", "exact\nshift", "ｅxact", "shift;exact"),
    ],
)  # fmt: skip
def test_wrong_forms_are_refused(text: str) -> None:
    with pytest.raises(CommonwealError, match="CW-FORM-UNKNOWN"):
        Form.parse(text)
