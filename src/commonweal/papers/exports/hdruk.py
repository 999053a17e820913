"""A dataset as HDR UK dataset metadata 3.0.0, as the Health Data Research Gateway reads it.

What the format asks and the catalogue does not know is left null where the format lets it be; a
size that is not known is -1, because the format has no other word for it.
"""

from __future__ import annotations

import uuid
from typing import Any

from commonweal.foundation.clock import stamp
from commonweal.papers.catalogue import Table, Variable
from commonweal.papers.exports.described import Described

NOT_KNOWN = -1
_VOCABULARIES = {
    "icd10": "ICD10",
    "opcs": "OPCS4",
    "snomed": "SNOMED CT",
    "loinc": "LOINC",
    "bnf": "OTHER",
}
_RIGHTS = (
    "Apply to the custodian for a named purpose. A committee with lay members decides; an approved "
    "project works inside a secure data environment and only checked results leave it."
)


def hdruk(described: Described) -> dict[str, Any]:
    """The metadata document of one dataset, as JSON values."""
    at = stamp(described.figures.measured_at if described.figures else described.at)
    return {
        "identifier": _identifier(described),
        "version": f"{described.sequence}.0.0",
        "revisions": [
            {"version": f"{one}.0.0", "url": None} for one in range(1, described.sequence)
        ],
        "issued": at,
        "modified": at,
        "summary": _summary(described),
        "documentation": {"description": _abstract(described), "inPipeline": "Available"},
        "accessibility": _accessibility(described),
        "observations": _observations(described),
        "structuralMetadata": {
            "tables": [_table(described, one) for one in described.dataset.tables]
        },
    }


def _identifier(described: Described) -> str:
    """The same for every version, so that a portal finds the record again."""
    who = described.custodian.ods or described.custodian.name
    return str(uuid.uuid5(uuid.NAMESPACE_URL, f"commonweal:{who}/{described.dataset.id}"))


def _summary(described: Described) -> dict[str, Any]:
    custodian, figures = described.custodian, described.figures
    people = None if figures is None else figures.people
    return {
        "title": _fit(described.dataset.title, 2, 150),
        "abstract": _abstract(described),
        "dataCustodian": {
            "identifier": custodian.ods or _fit(custodian.name, 2, 50),
            "name": _fit(custodian.name, 2, 150),
            "contactPoint": described.contact,
        },
        "populationSize": NOT_KNOWN if people is None else people,
        "contactPoint": described.contact,
    }


def _abstract(described: Described) -> str:
    tables = described.dataset.tables
    names = ", ".join(table.title or table.name for table in tables)
    word = "table" if len(tables) == 1 else "tables"
    said = f"{described.dataset.title}: {len(tables)} {word} ({names})."
    return _fit(said, 5, 500)


def _fit(text: str, least: int, most: int) -> str:
    """The text within the format's limits, cut at the end or filled up with dots."""
    cut = text if len(text) <= most else f"{text[: most - 3]}..."
    return cut.ljust(least, ".")


def _accessibility(described: Described) -> dict[str, Any]:
    found = {
        _VOCABULARIES.get(variable.identifies or "", "LOCAL")
        for table in described.dataset.tables
        for variable in table.variables
    }
    return {
        "usage": {
            "dataUseLimitation": ["Project-specific restrictions"],
            "dataUseRequirements": [
                "Project-specific restrictions", "Time limit on use", "Disclosure control",
            ],
        },
        "access": {
            "accessRights": _RIGHTS,
            "accessServiceCategory": "TRE/SDE",
            "jurisdiction": ["GB-ENG"],
            "dataController": _fit(described.custodian.name, 2, 50_000),
        },
        "formatAndStandards": {
            "vocabularyEncodingScheme": sorted(found),
            "conformsTo": ["LOCAL"],
            "language": ["en"],
            "format": ["application/vnd.apache.parquet"],
        },
    }  # fmt: skip


def _observations(described: Described) -> list[dict[str, Any]]:
    """Sizes that may be told; none where nothing was measured or too few people are there."""
    figures = described.figures
    if figures is None:
        return []
    day = figures.measured_at.date().isoformat()
    found = []
    if figures.people is not None:
        found.append(_observed("Persons", figures.people, "Count of people, rounded", day))
    for name, table in figures.tables.items():
        if table.rows is not None:
            said = _fit(f"Rows of the table {name}, rounded to tens", 5, 500)
            found.append(_observed("Events", table.rows, said, day))
    return found


def _observed(node: str, value: int, said: str, day: str) -> dict[str, Any]:
    return {
        "observedNode": node,
        "measuredValue": value,
        "disambiguatingDescription": said,
        "observationDate": day,
        "measuredProperty": "Count",
    }


def _table(described: Described, table: Table) -> dict[str, Any]:
    return {
        "name": _fit(table.name, 1, 500),
        "description": table.title,
        "columns": [_column(described, table, one) for one in table.variables],
    }


def _column(described: Described, table: Table, variable: Variable) -> dict[str, Any]:
    figures = described.variable(table.name, variable.name)
    forms = "; ".join(form.sentence for form in variable.offered())
    column: dict[str, Any] = {
        "name": variable.name,
        "dataType": variable.type,
        "description": f"Can be had {forms}." if forms else "Cannot be asked for.",
        "sensitive": variable.role != "other",
    }
    if figures is not None and figures.codes:
        column["values"] = [
            {"name": one.code, "description": None, "frequency": one.people}
            for one in figures.codes
        ]
    return column
