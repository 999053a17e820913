"""The picture that a request asks for, drawn by the airlock from what leaves and nothing else.

What is handed to the drawing are the bytes of the published table or analysis, after the rules,
hiding, merging and rounding; rows, evidence and figures that are hidden are out of its reach.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence

from commonweal.airlock.analysis import Result
from commonweal.airlock.analysis.published import written
from commonweal.airlock.figures import Axis, Table
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.published import notes, published
from commonweal.airlock.report import FileReport
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.drawing import Kind, drawn, of_curves, of_rows
from commonweal.papers.analysis_request import SurvivalRequest

SUFFIX = ".svg"


def picture_of(file: FileReport, profile: RuleProfile) -> bytes | None:
    """The picture that a checked file asks for as SVG; None where it asks for none, or where no
    figures were made."""
    if file.table is not None and all(axis.labels or axis.total for axis in file.table.axes):
        return picture_of_table(file.table)
    if file.analysis is not None and len(file.analysis.behind.person):
        return picture_of_analysis(file.analysis, profile)
    return None


def picture_of_table(table: Table) -> bytes | None:
    """The picture of a recomputed table as SVG; None where its request asks for none."""
    request = table.request
    if request is None or request.figure is None:
        return None
    return _of_table(request.figure, request.title, published(table), table.axes, notes(table))


def picture_of_analysis(result: Result, profile: RuleProfile) -> bytes | None:
    """The picture of a survival curve as SVG; None where its request asks for none."""
    request = result.request
    if not isinstance(request, SurvivalRequest) or request.figure is None:
        return None
    plain = parse_json(written(result, profile), request.name)
    if "curves" not in plain:  # nothing could be made of the rows
        plain = {**plain, "curves": []}
    return drawn(of_curves(plain)).encode()


def _of_table(
    kind: Kind, title: str, content: bytes, axes: Sequence[Axis], said: Sequence[str]
) -> bytes:
    head, *rows = csv.reader(io.StringIO(content.decode("utf-8"), newline=""))
    last = len(head) - bool(said)  # the column that says what was done to figures
    groups = [len(axis.labels) for axis in axes]
    totals = any(axis.total for axis in axes)
    picture = of_rows(
        kind, title, head[:last], [row[:last] for row in rows], groups, totals=totals, notes=said
    )
    return drawn(picture).encode()
