"""A layout made from an output that has left: its request without the month, and its groups.

The groups are those of the figures that two people looked at when they let them leave.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from commonweal.airlock.leaving.giving import released_manifest
from commonweal.airlock.leaving.store import OutputStore, read_turn
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault, Refused
from commonweal.papers.output_manifest import OutputManifest
from commonweal.papers.output_request import Column, OutputRequest, RowFilter
from commonweal.papers.requests import read_request
from commonweal.papers.standing import ApprovedGroups, StandingOutput
from commonweal.vault.custody.output_ground import OutputGround

_FORMULA = ("=", "+", "@", "-")


@dataclass(frozen=True)
class Layout:
    """What an earlier output asked, and what was seen of it."""

    manifest: OutputManifest
    request: OutputRequest
    groups: tuple[ApprovedGroups, ...]


def layout_of(
    store: OutputStore, ground: OutputGround, output: str, name: str | None, period: Column | None
) -> Layout:
    """The request of a table of an output that has left, and the groups of its figures.

    `name`: of the request's file, where the output has several. Conditions that say which month it
    is (`period` is a value) are left out: each month brings its own. Raises `Refused`
    CW-LEAVING-UNKNOWN, CW-STANDING-UNKNOWN; `Fault` CW-LEAVING-STORE, CW-LEAVING-FILE; what
    `read_turn` raises.
    """
    left = [one for one in ground.written() if one.output == output]
    event = next((one for one in left if one.type == "output.released"), None)
    if event is None or any(one.type == "output.recalled" for one in left):
        raise Refused("CW-LEAVING-UNKNOWN", "No output of this name has left and still stands.")
    manifest = released_manifest(store, event)
    tables = [
        one for one in manifest.files
        if one.kind == "table" and one.type == "csv" and name in (None, one.made_from)
    ]  # fmt: skip
    if len(tables) != 1 or tables[0].made_from is None:
        raise Refused(
            "CW-STANDING-UNKNOWN",
            "The output has no such table, or has several.",
            remedy="Name the request of one table with --request.",
        )
    table = tables[0]
    asked = manifest.file(str(table.made_from))
    if asked is None:
        raise Fault("CW-LEAVING-STORE", "The request of a released table is not there.")
    turn = read_turn(store.turn(output, manifest.turn), output, manifest.turn, store.keys)
    request = read_request(parse_json(turn.content(asked), "The request"), asked.path)
    if not isinstance(request, OutputRequest):
        raise Refused("CW-STANDING-UNKNOWN", "Only a table can be made each month.")
    kept = without_month(request, period)
    return Layout(manifest, kept, _groups(turn.content(table), request))


def standing_from(
    store: OutputStore, ground: OutputGround, output: str, request: str | None, author: str,
    asked: Mapping[str, Any], period: Column | None,
) -> StandingOutput:  # fmt: skip
    """A standing output made from one that has left, as `author` would sign it.

    `asked`: its id, first and last month, and the days after which a month settles. Raises as
    `layout_of`, and `PaperInvalid` CW-STANDING-INVALID.
    """
    found = layout_of(store, ground, output, request, period)
    plain = {
        "standing": 1, **asked, "permit_id": found.manifest.permit,
        "project": found.manifest.project, "author": author, "context": found.manifest.context,
        "controls": found.manifest.controls, "layout": found.request.plain(),
        "groups": [one.plain() for one in found.groups],
        **({} if period is None else {"period": period.plain()}),
    }  # fmt: skip
    return StandingOutput.read(plain, "The standing output", "CW-STANDING-INVALID")


def without_month(request: OutputRequest, period: Column | None) -> OutputRequest:
    """The request without the conditions that `period` has one value."""
    if period is None or request.where is None:
        return request
    parts = request.where.all or (request.where,)
    kept = [one for one in parts if not _names_month(one, period)]
    plain = request.plain()
    del plain["where"]
    if len(kept) == 1:
        plain["where"] = kept[0].plain()
    elif kept:
        plain["where"] = {"all": [one.plain() for one in kept]}
    return OutputRequest.read(plain, "The layout", "CW-STANDING-INVALID")


def _names_month(one: RowFilter, period: Column) -> bool:
    return one.where is not None and one.where.column == period and one.where.op == "eq"


def _groups(content: bytes, request: OutputRequest) -> tuple[ApprovedGroups, ...]:
    """The groups that the published figures name, side by side as the request has them."""
    rows = list(csv.reader(io.StringIO(content.decode("utf-8"))))[1:]
    found = []
    for side in range(len(request.by)):
        labels = dict.fromkeys(_label(row[side]) for row in rows)
        if request.margins:
            labels.pop("all", None)
        found.append(ApprovedGroups(labels=tuple(labels)))
    return tuple(found)


def _label(shown: str) -> str | None:
    if shown[:1] == "'" and shown[1:].lstrip().startswith(_FORMULA):
        shown = shown[1:]
    return None if shown == "no value" else shown
