"""Sessions of ACRO, in and out: `results.json` with `checksums/`, as acro 1.0.2 writes them.

In: somebody's own checks are read as what they are, a declaration. The folder must hold exactly the
files that it names, each with the hash that it names; a verdict that comes out is never better than
`review`, nor better than what the session says of itself or its table shows on its face. The
statbarn that the session names is kept. What it says of commands and comments is not repeated: it
is the caller's own line of code, and may hold anything.

Out: recomputed tables with their findings in the same keys, for those who read them with the tools
that exist. It holds the reviewer's findings, so it is never the author's.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from datetime import datetime
from pathlib import Path
from typing import Any, get_args

from commonweal.airlock.declared import MOST_BYTES
from commonweal.airlock.desk import Desk, required
from commonweal.airlock.figures import Table
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.published import published
from commonweal.airlock.report import FileReport
from commonweal.airlock.rules.findings import STATBARN, Finding, Statbarn, verdict_of
from commonweal.foundation.canonical import canonical
from commonweal.foundation.errors import Fault
from commonweal.foundation.files import (
    make_private_folder,
    read_bytes,
    sha256_file,
    staged_folder,
    translated,
    write_atomic,
)

RESULTS = "results.json"
CONFIG = "config.json"
CHECKSUMS = "checksums"
NOT_RELEASED = "DONT_RELEASE"
"""In the name of what acro makes for the output checker alone."""
MOST_RESULTS = 1_000
MOST_MARKED = 10_000
"""Cells that one result may mark: so many are told."""
_NAME = re.compile(r"[A-Za-z0-9_][A-Za-z0-9 ._()-]{0,127}", re.ASCII)
_WORD = re.compile(r"[A-Za-z]{1,64}", re.ASCII)
_STATBARNS: frozenset[str] = frozenset(get_args(Statbarn))
_RULES = {
    "MinimumThresholdCheck": "threshold",
    "NKCheck": "nk",
    "PPercentCheck": "p-percent",
    "RequiredZeroCheck": "zero",
    "PresenceOfZeroCheck": "zero",
    "MinimumDoFCheck": "dof",
}
"""What acro's checks are called here; any other is for a person to look at."""
_CHECKS = {
    "threshold": "MinimumThresholdCheck", "nk": "NKCheck", "p-percent": "PPercentCheck",
    "zero": "PresenceOfZeroCheck", "dof": "MinimumDoFCheck",
}  # fmt: skip


# --- in -------------------------------------------------------------------------------------------


def read_session(folder: Path, profile: RuleProfile, desk: Desk | None) -> list[FileReport]:
    """A report on each file that a session asks to publish; all is read on `desk`.

    Raises `Fault` CW-OUTPUT-SESSION where the folder is not whole: files that are not named, named
    files that are missing or changed, links, names that are paths; `Unavailable` where there is no
    sandbox.
    """
    with translated(folder.name):
        found = _listed(folder)
    results = _results(folder, required(desk))
    named = {file["name"] for one in results for file in one["files"]}
    _whole(folder, found, named)
    reports = []
    for one in results:
        if NOT_RELEASED in one["uid"]:
            continue
        reports += [
            _report(folder / file["name"], file["sdc"], one, profile, desk) for file in one["files"]
        ]
    return reports


def _listed(folder: Path) -> set[str]:
    every = [path for path in folder.rglob("*") if path.is_symlink() or not path.is_dir()]
    if any(path.is_symlink() or not path.is_file() for path in every):
        raise _broken("it holds something that is no plain file")
    return {path.relative_to(folder).as_posix() for path in every}


def _results(folder: Path, desk: Desk) -> list[dict[str, Any]]:
    """Each result with what is used of it, in a fixed form."""
    plain = desk.document(folder / RESULTS)
    results = plain.get("results") if isinstance(plain, dict) else None
    if not isinstance(results, dict) or not 0 < len(results) <= MOST_RESULTS:
        raise _broken("its results are not there")
    return [_result(uid, one) for uid, one in results.items()]


def _result(uid: str, plain: Any) -> dict[str, Any]:
    files = plain.get("files") if isinstance(plain, dict) else None
    known = isinstance(plain, dict) and plain.get("status") in ("pass", "fail", "review")
    if not known or plain.get("uid") != uid or not isinstance(files, list) or not files:
        raise _broken("a result has not the form of acro's")
    made = []
    for one in files:
        name = one.get("name") if isinstance(one, dict) else None
        if not isinstance(name, str) or _NAME.fullmatch(name) is None:
            raise _broken("a file has a name that is none")
        sdc = one.get("sdc")
        made.append({"name": name, "sdc": sdc if isinstance(sdc, dict) else {}})
    fair = plain.get("fair")
    statbarn = fair.get("statbarn") if isinstance(fair, dict) else None
    word = statbarn if isinstance(statbarn, str) and _WORD.fullmatch(statbarn) else "Unknown"
    return {"uid": uid, "status": plain["status"], "files": made, "statbarn": word}


def _whole(folder: Path, found: set[str], named: set[str]) -> None:
    """Exactly the named files, each with its checksum; nothing beside them."""
    summed = {*named, RESULTS}
    wanted = {*summed, *(f"{CHECKSUMS}/{name}.txt" for name in summed)}
    if wanted - found:
        raise _broken("a file or its checksum is missing")
    if found - wanted - {CONFIG, f"{CHECKSUMS}/{CONFIG}.txt"}:
        raise _broken("it holds files that its results do not name")
    for name in sorted(summed):
        said = read_bytes(folder / CHECKSUMS / f"{name}.txt", "A checksum", limit=1024)
        content = read_bytes(folder / name, "A file of the session", limit=MOST_BYTES)
        if said.strip() != hashlib.sha256(content).hexdigest().encode():
            raise _broken("a file was changed after the session was finalised")


def _report(
    path: Path, sdc: dict[str, Any], result: dict[str, Any], profile: RuleProfile,
    desk: Desk | None,
) -> FileReport:  # fmt: skip
    name = path.name
    where = {"table": name, "statbarn": result["statbarn"]}
    found = list(_told(sdc, result, where))
    if name.lower().endswith(".csv"):
        seen = required(desk).look(path, "file", profile)
        found += [one for one in seen.findings if one.rule != "declared"]
        return FileReport(name, "acro", seen.sha256, tuple(found))
    found.append(Finding("kind", "Unknown", "fail", where))
    return FileReport(name, "acro", sha256_file(path), tuple(found))


def _told(sdc: dict[str, Any], result: dict[str, Any], where: dict[str, str]) -> Iterator[Finding]:
    """What the session says of itself: its status, and the cells that its checks marked."""
    statbarn = _statbarn(result["statbarn"])
    yield Finding("declared", statbarn, "fail" if result["status"] == "fail" else "review", where)
    cells = sdc.get("cells")
    marked = [
        (_RULES[check], place)
        for check, places in (cells.items() if isinstance(cells, dict) else ())
        if check in _RULES and isinstance(places, list)
        for place in places[:MOST_MARKED]
    ]
    for rule, place in marked[:MOST_MARKED]:
        if _is_place(place):
            spot = {"row": str(place[0] + 1), "column": str(place[1] + 1)}
            yield Finding(rule, statbarn, "fail", {**where, **spot}, None, None, _CHECKED)


def _is_place(place: Any) -> bool:
    """Whether it is a row and a column, from 0."""
    return (
        isinstance(place, list)
        and len(place) == 2
        and all(type(one) is int and 0 <= one < 10**6 for one in place)
    )


_CHECKED = "A check of the session that made this file marked this cell."


def _statbarn(word: str) -> Statbarn:
    return word if word in _STATBARNS else "Unknown"  # type: ignore[return-value]


def _broken(why: str) -> Fault:
    return Fault(
        "CW-OUTPUT-SESSION", f"This is no whole session of ACRO: {why}.",
        remedy="Finalise the session again, and hand in its folder as it is.",
    )  # fmt: skip


# --- out ------------------------------------------------------------------------------------------


def write_session(
    folder: Path, reports: Sequence[FileReport], profile: RuleProfile, at: datetime
) -> None:
    """Write recomputed tables and their findings as a session, into a folder that is not there.

    Raises `Fault` CW-FILE-EXISTS.
    """
    tables = [(one, one.table) for one in reports if one.table is not None]
    with staged_folder(folder) as made:
        make_private_folder(made / CHECKSUMS)
        results = {}
        for number, (report, table) in enumerate(tables):
            name = f"output_{number}_0.csv"
            _put(made, name, published(table))
            results[f"output_{number}"] = _written(f"output_{number}", name, report, table, at)
        _put(made, CONFIG, canonical(_config(profile)))
        tool = {"@type": "SoftwareApplication", "name": "Commonweal"}
        _put(made, RESULTS, canonical({"version": "1.0.2", "tool": tool, "results": results}))


def _written(uid: str, name: str, report: FileReport, table: Table, at: datetime) -> dict[str, Any]:
    cells: dict[str, list[list[int]]] = {check: [] for check in _CHECKS.values()}
    for one in report.findings:
        if one.rule in _CHECKS and (spot := _spot(table, one)) is not None:
            cells[_CHECKS[one.rule]].append(spot)
    rules = sorted({one.rule for one in report.findings})
    barns = sorted({one.statbarn for one in report.findings} - {"Unknown"})
    asked = table.request
    return {
        "uid": uid,
        "status": verdict_of(report.findings),
        "type": "table",
        "properties": {"method": "recomputed", "mitigation": _mitigation(table)},
        "files": [
            {
                "name": name,
                "sdc": {"summary": {c: len(places) for c, places in cells.items()}, "cells": cells},
            }
        ],
        "outcome": {},
        "command": report.sha256,
        "summary": "; ".join(one for one in rules) or "pass",
        "timestamp": at.isoformat(),
        "comments": [table.title],
        "exception": "",
        "fair": {
            "context": STATBARN,
            "statbarn": barns[0] if barns else "Unknown",
            "check_status": {c: "fail" if places else "pass" for c, places in cells.items()},
            "dependent": "unknown",
            "independent": [] if asked is None else [one.column.name for one in asked.by],
        },
    }


def _mitigation(table: Table) -> str:
    if table.protected:
        return "suppress" if table.merged is None else "aggregate"
    return "round" if any(one.rounding != "exact" for one in table.series) else "none"


def _spot(table: Table, finding: Finding) -> list[int] | None:
    """Row and column of a finding in the published table, from 0, the header not counted."""
    names = [one.name for one in table.series]
    if finding.where.get("measure") not in names:
        return None
    at = []
    for axis in table.axes:
        labels = [axis.label(place) for place in range(axis.places)]
        if finding.where.get(axis.name) not in labels:
            return None
        at.append(labels.index(finding.where[axis.name]))
    row = 0
    for place, axis in zip(at, table.axes, strict=True):
        row = row * axis.places + place
    return [row, len(table.axes) + names.index(finding.where["measure"])]


def _config(profile: RuleProfile) -> dict[str, Any]:
    return {
        "safe_threshold": profile.threshold,
        "safe_dof_threshold": profile.degrees_of_freedom,
        "safe_nk_n": profile.nk.n,
        "safe_nk_k": profile.nk.k,
        "safe_pratio_p": profile.p_percent,
        "check_missing_values": True,
        "zeros_are_disclosive": profile.zeros == "fail",
    }


def _put(folder: Path, name: str, content: bytes) -> None:
    write_atomic(folder / name, content)
    digest = hashlib.sha256(content).hexdigest()
    write_atomic(folder / CHECKSUMS / f"{name}.txt", digest.encode())
