"""A dataset as schema.org and Croissant 1.0 (JSON-LD), as dataset search engines read it.

The data themselves are nowhere to be downloaded: the address of each table's file is that of its
page, where access is asked for, and the dataset is marked as live, so that no checksum is promised.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import quote

from commonweal.papers.catalogue import Table, Variable
from commonweal.papers.exports.described import Described

CONFORMS = "http://mlcommons.org/croissant/1.0"
_TYPES = {
    "text": "sc:Text",
    "integer": "sc:Integer",
    "decimal": "sc:Float",
    "boolean": "sc:Boolean",
    "date": "sc:Date",
    "timestamp": "sc:DateTime",
}
_OWN = (
    "citeAs", "column", "dataType", "equivalentProperty", "excludes", "extract", "field",
    "fileObject", "fileProperty", "fileSet", "format", "includes", "isLiveDataset", "jsonPath",
    "key", "md5", "parentField", "path", "recordSet", "references", "regex", "repeated", "replace",
    "samplingRate", "separator", "source", "subField", "transform",
)  # fmt: skip


def _context() -> dict[str, Any]:
    """The terms of Croissant 1.0."""
    own: dict[str, Any] = {name: f"cr:{name}" for name in _OWN}
    own["dataType"] = {"@id": "cr:dataType", "@type": "@vocab"}
    return {
        "@language": "en",
        "@vocab": "https://schema.org/",
        "sc": "https://schema.org/",
        "cr": "http://mlcommons.org/croissant/",
        "rai": "http://mlcommons.org/croissant/RAI/",
        "dct": "http://purl.org/dc/terms/",
        "conformsTo": "dct:conformsTo",
        "data": {"@id": "cr:data", "@type": "@json"},
        "examples": {"@id": "cr:examples", "@type": "@json"},
        **own,
    }


def croissant(described: Described) -> dict[str, Any]:
    """The JSON-LD document of one dataset."""
    dataset, figures = described.dataset, described.figures
    at = figures.measured_at if figures is not None else described.at
    made: dict[str, Any] = {
        "@context": _context(),
        "@type": "sc:Dataset",
        "@id": described.address,
        "name": dataset.id,
        "alternateName": dataset.title,
        "description": _description(described),
        "conformsTo": CONFORMS,
        "url": described.address,
        "version": f"{described.sequence}.0.0",
        "datePublished": at.date().isoformat(),
        "isLiveDataset": True,
        "isAccessibleForFree": False,
        "license": described.address,
        "citeAs": _citation(described, at.year),
        "creator": {"@type": "sc:Organization", "name": described.custodian.name},
        "distribution": [_file(described, table) for table in dataset.tables],
        "recordSet": [_records(described, table) for table in dataset.tables],
    }
    if figures is not None and figures.people is not None:
        made["size"] = f"about {figures.people} people"
    return made


def _description(described: Described) -> str:
    return (
        f"{described.dataset.title}, held by {described.custodian.name}. Records of patients: they "
        "can be used for approved purposes only, inside a secure data environment."
    )


def _citation(described: Described, year: int) -> str:
    """How a paper names the dataset: holder, year, title, version, address."""
    return (
        f"{described.custodian.name} ({year}): {described.dataset.title}, version "
        f"{described.sequence}.0.0. {described.address}"
    )


def _id(*parts: str) -> str:
    return "/".join(quote(part, safe="") for part in parts)


def _file(described: Described, table: Table) -> dict[str, Any]:
    return {
        "@type": "cr:FileObject",
        "@id": _id("file", table.name),
        "name": table.name,
        "description": "Not for download: its page says how to ask for it.",
        "contentUrl": described.address,
        "encodingFormat": "application/vnd.apache.parquet",
    }


def _records(described: Described, table: Table) -> dict[str, Any]:
    figures = described.table(table.name)
    size = "" if figures is None or figures.rows is None else f" About {figures.rows} rows."
    return {
        "@type": "cr:RecordSet",
        "@id": _id(table.name),
        "name": table.name,
        "description": f"{table.title or table.name}.{size}",
        "field": [_field(table, one) for one in table.variables if one.forms],
    }


def _field(table: Table, variable: Variable) -> dict[str, Any]:
    forms = "; ".join(form.sentence for form in variable.offered())
    return {
        "@type": "cr:Field",
        "@id": _id(table.name, variable.name),
        "name": variable.name,
        "description": f"Can be had {forms}.",
        "dataType": _TYPES[variable.type],
        "source": {
            "fileObject": {"@id": _id("file", table.name)},
            "extract": {"column": variable.name},
        },
    }
