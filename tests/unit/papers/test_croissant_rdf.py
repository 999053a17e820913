"""Our Croissant document as others read it: expanded by a JSON-LD processor, held against shapes.

The shapes are Croissant 1.0's classes and properties in our own table. The project's own validator,
`mlcroissant`, found no error and no warning in this document (version 1.1.1, outside the tests: it
needs a package that is published as source only, which our locks do not take).
"""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
import rdflib
from rdflib.namespace import RDF

from commonweal.papers.catalogue import Catalogue
from commonweal.papers.exports import Described, croissant
from tests import factories
from tests.unit.papers.test_exports import figures

SC, CR = (
    rdflib.Namespace("https://schema.org/"),
    rdflib.Namespace("http://mlcommons.org/croissant/"),
)
DCT = rdflib.Namespace("http://purl.org/dc/terms/")
ADDRESS = "https://data.example.nhs.uk/data/hospital/"
TYPES = {SC[name] for name in ("Text", "Integer", "Float", "Boolean", "Date", "DateTime")}
# class: {property: (least, most, what the value is)}; a class means a node of it.
LINE, PAGE, DAY, YES = "line", "page", "day", "yes or no"
SHAPES: dict[Any, dict[Any, tuple[int, int | None, Any]]] = {
    SC.Dataset: {
        SC.name: (1, 1, LINE), SC.alternateName: (0, None, LINE), SC.description: (1, 1, LINE),
        DCT.conformsTo: (1, 1, LINE), SC.url: (1, 1, PAGE), SC.version: (1, 1, LINE),
        SC.datePublished: (1, 1, DAY), CR.isLiveDataset: (0, 1, YES), CR.citeAs: (1, 1, LINE),
        SC.isAccessibleForFree: (0, 1, YES), SC.license: (1, None, PAGE), SC.size: (0, 1, LINE),
        SC.creator: (1, None, SC.Organization), SC.distribution: (1, None, CR.FileObject),
        CR.recordSet: (1, None, CR.RecordSet),
    },
    SC.Organization: {SC.name: (1, 1, LINE)},
    CR.FileObject: {
        SC.name: (1, 1, LINE), SC.description: (0, 1, LINE), SC.contentUrl: (1, 1, PAGE),
        SC.encodingFormat: (1, 1, LINE),
    },
    CR.RecordSet: {
        SC.name: (1, 1, LINE), SC.description: (0, 1, LINE), CR.field: (0, None, CR.Field),
    },
    CR.Field: {
        SC.name: (1, 1, LINE), SC.description: (0, 1, LINE), CR.dataType: (1, None, TYPES),
        CR.source: (1, 1, None),
    },
    None: {CR.fileObject: (0, 1, CR.FileObject), CR.extract: (0, 1, None), CR.column: (0, 1, LINE)},
}  # fmt: skip


def graph_of(plain: dict[str, Any]) -> rdflib.Graph:
    graph = rdflib.Graph()
    graph.parse(data=json.dumps(plain), format="json-ld", base=ADDRESS)
    return graph


def faults(graph: rdflib.Graph) -> list[str]:
    """Where the graph does not keep the shapes."""
    found = []
    for node in set(graph.subjects()):
        kinds = set(graph.objects(node, RDF.type)) or {None}
        for kind in kinds:
            shape = SHAPES.get(kind)
            if shape is None:
                found.append(f"a class that Croissant does not have: {kind}")
                continue
            unknown = set(graph.predicates(node)) - {RDF.type} - set(shape)
            found += [f"{kind} has no property {used}" for used in unknown]
            for name, (least, most, of) in shape.items():
                values = list(graph.objects(node, name))
                if len(values) < least or (most is not None and len(values) > most):
                    found.append(f"{kind} has {len(values)} of {name}")
                found += [f"{name} is {one}" for one in values if not _is(graph, one, of)]
        if isinstance(node, rdflib.BNode) and not list(graph.predicates(None, node)):
            found.append("a node that nothing leads to")
    if len(list(graph.subjects(RDF.type, SC.Dataset))) != 1:
        found.append("not one dataset")
    return found


def _is(graph: rdflib.Graph, value: Any, of: Any) -> bool:
    if isinstance(of, set):
        return value in of
    if isinstance(of, rdflib.URIRef):
        return (value, RDF.type, of) in graph
    if of is None:
        return isinstance(value, rdflib.BNode)
    text = isinstance(value, rdflib.Literal)
    if of == PAGE:
        return str(value).startswith("https://")
    if of == DAY:
        return text and len(str(value)) == 10 and str(value)[4] == "-"
    return text and (str(value) in ("true", "false") if of == YES else bool(str(value).strip()))


@pytest.fixture
def described() -> Described:
    catalogue = Catalogue.read(factories.catalogue_data(), "The catalogue")
    made = figures(catalogue)
    return Described(
        catalogue.custodian, catalogue.dataset("hospital"), made, made.measured_at, ADDRESS
    )


def test_the_expanded_document_keeps_the_shapes(described: Described) -> None:
    graph = graph_of(croissant(described))
    assert faults(graph) == []
    fields = set(graph.subjects(RDF.type, CR.Field))
    asked = [one for table in described.dataset.tables for one in table.variables if one.forms]
    assert len(fields) == len(asked) > 10
    for field in fields:
        (source,) = graph.objects(field, CR.source)
        (file,) = graph.objects(source, CR.fileObject)
        (extract,) = graph.objects(source, CR.extract)
        (column,) = graph.objects(extract, CR.column)
        assert (rdflib.URIRef(ADDRESS), SC.distribution, file) in graph
        assert str(column) == str(next(iter(graph.objects(field, SC.name))))


def test_nothing_is_lost_in_expanding(described: Described) -> None:
    """A term without a meaning is dropped without a word by whoever reads JSON-LD."""

    def leaves(value: Any) -> int:
        if isinstance(value, dict):
            return sum(leaves(v) for k, v in value.items() if k not in ("@context", "@id"))
        return sum(map(leaves, value)) if isinstance(value, list) else 1

    plain = croissant(described)
    graph = graph_of(plain)
    # Each leaf is a triple; so is the step to each node but the first.
    nodes = {o for _, p, o in graph if isinstance(o, rdflib.BNode) and p != RDF.type}
    nodes |= set(graph.objects(None, CR.recordSet)) | set(graph.objects(None, CR.field))
    nodes |= set(graph.objects(None, SC.distribution))
    links = len(list(graph.subject_objects(CR.fileObject)))
    assert len(graph) == leaves(plain) + len(nodes) + links


def _without(name: str) -> Callable[[dict[str, Any]], Any]:
    return lambda plain: plain.pop(name)


def _field(plain: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = plain["recordSet"][0]["field"][0]
    return found


@pytest.mark.parametrize(
    "spoil",
    [
        *(_without(name) for name in ("name", "description", "license", "url", "creator", "citeAs",
                                      "datePublished", "conformsTo", "distribution", "@type")),
        lambda plain: plain.update(unknown="term"),
        lambda plain: plain["@context"].pop("recordSet"),
        lambda plain: _field(plain).update({"@type": "cr:Feild"}),
        lambda plain: _field(plain).update(dataType="sc:Number"),
        lambda plain: _field(plain).pop("source"),
        lambda plain: _field(plain)["source"]["fileObject"].update({"@id": "file/other"}),
        lambda plain: plain["distribution"][0].pop("encodingFormat"),
        lambda plain: plain["distribution"][0].update(name=" "),
        lambda plain: plain.update(datePublished="yesterday"),
        lambda plain: plain.update(license="javascript:alert(1)"),
    ],
)  # fmt: skip
def test_the_shapes_do_refuse(described: Described, spoil: Callable[[Any], Any]) -> None:
    plain = croissant(described)
    spoil(plain)
    assert faults(graph_of(plain)) != []


def test_hostile_names_make_the_same_document(described: Described) -> None:
    """Names of columns become addresses: none of them may break out of its place."""
    names = (
        "a b",
        "../../x",
        "https://evil.example/",
        "@id",
        "a#b?c",
        "<script>",
        "é\u4e2d",
        "%2F",
    )
    table = described.dataset.tables[1]
    variables = tuple(table.variables[2].model_copy(update={"name": name}) for name in names)
    changed = table.model_copy(update={"variables": variables})
    dataset = described.dataset.model_copy(update={"tables": (changed,)})
    graph = graph_of(croissant(Described(
        described.custodian, dataset, described.figures, described.at, ADDRESS
    )))  # fmt: skip
    assert faults(graph) == []
    fields = set(graph.subjects(RDF.type, CR.Field))
    assert len(fields) == len(names)
    assert all(str(one).startswith(ADDRESS) for one in fields)
    columns = {str(one) for one in graph.objects(None, CR.column)}
    assert columns == set(names)
