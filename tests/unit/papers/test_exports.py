"""The catalogue for others. HDR UK's rules are written here as they were read from its schema of
version 3.0.0; the schema itself is not ours to ship."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any

import jsonschema_rs
import pytest

from commonweal.papers.catalogue import Catalogue
from commonweal.papers.exports import Described, as_csv, croissant, hdruk, rows_of
from commonweal.papers.figures import CatalogueFigures
from tests import factories

TEXT = {"type": "string"}


def text(least: int, most: int) -> dict[str, Any]:
    return {"type": "string", "minLength": least, "maxLength": most}


def closed(required: list[str], **properties: Any) -> dict[str, Any]:
    return {"type": "object", "additionalProperties": False, "required": required,
            "properties": properties}  # fmt: skip


def many(of: Any) -> dict[str, Any]:
    return {"type": "array", "items": of}


def null_or(of: dict[str, Any]) -> dict[str, Any]:
    return {"anyOf": [of, {"type": "null"}]}


SEMVER = {"type": "string", "pattern": r"^([0-9]+)\.([0-9]+)\.([0-9]+)$"}
MAIL = null_or({"type": "string", "format": "email"})
HDRUK = closed(
    ["identifier", "version", "revisions", "issued", "modified", "summary", "accessibility",
     "observations"],
    identifier={"type": "string", "pattern": "^[a-f0-9]{8}-([a-f0-9]{4}-){3}[a-f0-9]{12}$"},
    version=SEMVER,
    revisions=many(closed(["version"], version=SEMVER, url={"type": "null"})),
    issued={"type": "string", "format": "date-time"},
    modified={"type": "string", "format": "date-time"},
    summary=closed(
        ["title", "abstract", "dataCustodian", "populationSize", "contactPoint"],
        title=text(2, 150), abstract=text(5, 500), populationSize={"type": "integer"},
        contactPoint=MAIL,
        dataCustodian=closed(["identifier", "name", "contactPoint"], identifier=text(2, 50),
                             name=text(2, 150), contactPoint=MAIL),
    ),
    documentation=closed(["description"], description=text(2, 10_000),
                         inPipeline={"enum": ["Available", "Not available"]}),
    accessibility=closed(
        ["access"],
        usage=closed([], dataUseLimitation=many({"enum": ["Project-specific restrictions"]}),
                     dataUseRequirements=many({"enum": [
                         "Project-specific restrictions", "Time limit on use",
                         "Disclosure control"]})),
        access=closed(["accessRights"], accessRights=text(2, 50_000),
                      accessServiceCategory={"enum": ["TRE/SDE"]},
                      jurisdiction=many({"type": "string", "pattern": "^[A-Z]{2}(-[A-Z]{2,3})?$"}),
                      dataController=text(2, 50_000)),
        formatAndStandards=closed(
            ["vocabularyEncodingScheme", "conformsTo", "language", "format"],
            vocabularyEncodingScheme=many(
                {"enum": ["LOCAL", "OPCS4", "SNOMED CT", "ICD10", "LOINC", "OTHER"]}),
            conformsTo=many({"enum": ["LOCAL"]}), language=many({"enum": ["en"]}),
            format=many(text(1, 100))),
    ),
    observations=many(closed(
        ["observedNode", "measuredValue", "observationDate", "measuredProperty"],
        observedNode={"enum": ["Persons", "Events", "Findings", "Number of scans per modality"]},
        measuredValue={"type": "integer"}, disambiguatingDescription=text(5, 500),
        observationDate={"type": "string", "format": "date"}, measuredProperty=TEXT)),
    structuralMetadata=closed([], tables=many(closed(
        ["columns"], name=text(1, 500), description=null_or(text(1, 20_000)),
        columns=many({"type": "object", "required": ["name", "dataType", "sensitive"],
                      "properties": {
                          "dataType": TEXT, "sensitive": {"type": "boolean"},
                          "description": text(1, 20_000),
                          "values": many({"type": "object", "required": ["name"], "properties": {
                              "frequency": {"type": "integer"}}})}})))),
)  # fmt: skip


def figures(catalogue: Catalogue, **changes: Any) -> CatalogueFigures:
    plain = {
        "figures": 1, "release": "figures-hospital.r3", "sequence": 3, "dataset": "hospital",
        "supersedes": "figures-hospital.r2",
        "catalogue_digest": catalogue.governed_digest(("hospital",)),
        "measured_at": "2026-03-02T09:00:00.000Z", "commonweal": "1", "people": 12_340,
        "choices": {"applied": ["national"], "checked_on": "2026-03-01"},
        "tables": {
            "patients": {"rows": 12_340, "people": 12_340, "variables": {
                "sex": {"complete": 95, "codes": [{"code": "F", "people": 6_180}],
                        "codes_hidden": True, "forms": {"exact": {"band": "low"}}}}},
            "admissions": {"variables": {}},
        },
    } | changes  # fmt: skip
    return CatalogueFigures.read(plain, "Figures")


@pytest.fixture
def described() -> Described:
    plain = factories.catalogue_data()
    plain["datasets"][0]["source"]["location"] = "secret-place"
    catalogue = Catalogue.read(plain, "The catalogue")
    made = figures(catalogue)
    address = "https://data.example.nhs.uk/data/hospital/"
    return Described(
        catalogue.custodian, catalogue.dataset("hospital"), made, made.measured_at, address
    )


def check(plain: dict[str, Any]) -> None:
    jsonschema_rs.validate(HDRUK, json.loads(json.dumps(plain)), validate_formats=True)


def test_the_hdr_uk_document_keeps_its_rules(described: Described) -> None:
    made = hdruk(described)
    check(made)
    assert made["version"] == "3.0.0"
    assert [one["version"] for one in made["revisions"]] == ["1.0.0", "2.0.0"]
    assert made["summary"]["populationSize"] == 12_340
    nodes = [(one["observedNode"], one["measuredValue"]) for one in made["observations"]]
    assert nodes == [("Persons", 12_340), ("Events", 12_340)], "nothing of a table with few"
    tables = {one["name"]: one for one in made["structuralMetadata"]["tables"]}
    columns = {one["name"]: one for one in tables["patients"]["columns"]}
    assert columns["sex"]["values"] == [{"name": "F", "description": None, "frequency": 6_180}]
    assert "values" not in columns["name"]
    again = hdruk(replace(described, figures=None))
    assert again["identifier"] == made["identifier"]


def test_without_figures_nothing_is_made_up(described: Described) -> None:
    made = hdruk(replace(described, figures=None, contact="data@example.nhs.uk"))
    check(made)
    assert made["summary"]["populationSize"] == -1
    assert made["observations"] == []
    assert made["summary"]["contactPoint"] == "data@example.nhs.uk"


def test_long_and_short_names_fit(described: Described) -> None:
    for title in ("A", "x" * 500, "é" * 151):
        dataset = described.dataset.model_copy(update={"title": title})
        custodian = described.custodian.model_copy(update={"name": title, "ods": None})
        check(hdruk(replace(described, dataset=dataset, custodian=custodian)))


@pytest.mark.parametrize("key", HDRUK["required"])
def test_the_rules_do_refuse(described: Described, key: str) -> None:
    made = hdruk(described)
    with pytest.raises(jsonschema_rs.ValidationError):
        check({k: v for k, v in made.items() if k != key})
    with pytest.raises(jsonschema_rs.ValidationError):
        check({**made, "unknown": 1})


def test_croissant_is_whole(described: Described) -> None:
    made = croissant(described)
    assert made["@type"] == "sc:Dataset"
    assert made["conformsTo"] == "http://mlcommons.org/croissant/1.0"
    for key in ("name", "description", "url", "license", "creator", "datePublished", "version"):
        assert made[key], key
    files = {one["@id"] for one in made["distribution"]}
    assert len(files) == len(described.dataset.tables)
    ids = [made["@id"], *files]
    for records in made["recordSet"]:
        assert records["@type"] == "cr:RecordSet"
        ids.append(records["@id"])
        for field in records["field"]:
            ids.append(field["@id"])
            assert field["@type"] == "cr:Field"
            assert field["dataType"].startswith("sc:")
            assert field["source"]["fileObject"]["@id"] in files
            assert field["source"]["extract"]["column"] == field["name"]
    assert len(ids) == len(set(ids)), "each thing has its own id"
    used = {key for one in _objects({k: v for k, v in made.items() if k != "@context"})
            for key in one if not key.startswith("@")}  # fmt: skip
    schema_org = {"name", "alternateName", "description", "url", "version", "datePublished",
                  "isAccessibleForFree", "license", "creator", "distribution", "contentUrl",
                  "encodingFormat", "size"}  # fmt: skip
    assert used - schema_org <= set(made["@context"]), "every term has a meaning"


def _objects(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, list):
        return [found for one in value for found in _objects(one)]
    if isinstance(value, dict):
        return [value, *(found for one in value.values() for found in _objects(one))]
    return []


def test_what_nobody_can_ask_for_is_no_field(described: Described) -> None:
    fields = {one["name"] for records in croissant(described)["recordSet"]
              for one in records["field"]}  # fmt: skip
    assert "name" not in fields
    assert "sex" in fields


def test_no_export_tells_where_the_data_lie_or_why(described: Described) -> None:
    source = described.dataset.source.location
    variables = [one for table in described.dataset.tables for one in table.variables]
    reasons = [one.reason for one in variables if one.reason]
    texts = [json.dumps(hdruk(described)), json.dumps(croissant(described)),
             as_csv(rows_of(described))]  # fmt: skip
    for made in texts:
        assert source not in made
        assert not any(reason in made for reason in reasons)


def test_csv_says_what_is_known(described: Described) -> None:
    rows = list(csv.DictReader(io.StringIO(as_csv(rows_of(described)))))
    by_name = {(row["table"], row["variable"]): row for row in rows}
    sex = by_name["patients", "sex"]
    assert (sex["complete (percent)"], sex["risk of each form"]) == ("95", "exact: low")
    assert by_name["admissions", "diagnosis"]["complete (percent)"] == ""
    assert len(rows) == sum(len(table.variables) for table in described.dataset.tables)
