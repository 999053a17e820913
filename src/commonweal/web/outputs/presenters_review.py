"""What the reviewer's page shows of an output: the verdict first, then each file with what was
found, its table with the offending cells marked, and the sums that give a secret away.

Everything here is for people who check outputs, of one turn that waits (S6). It is held to what
they sign before it gets here (`reviewing.case_of`).
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from commonweal.foundation.errors import Fault
from commonweal.papers.output_manifest import (
    AUDIT,
    FileFound,
    FileVerdict,
    OutputFile,
    OutputManifest,
    needing_override,
)
from commonweal.papers.rule_words import rule_help
from commonweal.web.outputs import review_tables
from commonweal.web.outputs.contents import visible
from commonweal.web.outputs.presenters_study import UNREAD, machine_asked
from commonweal.web.outputs.review_tables import Collected, Mark, Shown
from commonweal.web.outputs.reviewing import Case
from commonweal.web.outputs.study_code import study_code

MOST_FINDINGS = 60
"""Findings of one file, or of the audit, that the page lists; it says how many more there are."""
MOST_PAIRS = 8
"""Earlier tables that one file is shown beside."""
MOST_CODE = 60_000
"""Characters of one file of the study's code that the page shows."""
MOST_OPEN = 4
"""Files that the first page shows with their figures: those of which most was found."""
VERDICTS: Mapping[str, tuple[str, str, str]] = {
    "pass": ("Passes", "green", "✓"),
    "review": ("Needs a look", "yellow", "?"),
    "fail": ("Fails", "red", "✗"),
    "unreadable": ("Could not be read", "red", "✗"),
}
"""Verdict: its word, its colour, and a sign, so that nothing hangs on the colour."""
SAYS: Mapping[str, str] = {
    "pass": "The checks found nothing against it. Two people still look at it.",
    "review": "The checks cannot decide something here: people have to look.",
    "fail": "The checks found figures that give away too much. It leaves only if two people each "
    "give a reason for every check that failed, and those reasons are published.",
    "unreadable": "Something in it could not be read, so nobody knows what it says. It leaves only "
    "if two people each give a reason for that, and those reasons are published.",
}
KIND_WORDS: Mapping[str, str] = {
    "table": "Figures that the airlock made itself",
    "drawing": "A picture that the airlock drew of figures that leave",
    "request": "What was asked; it stays here",
    "file": "A file that the study wrote",
    "figure": "A picture that the study wrote",
    "model": "A model that the study wrote",
    "noisy": "Counts with noise, which the airlock drew itself",
}
GRADE_WORDS: Mapping[str, str] = {
    "recomputed": "counted again outside the study",
    "tabulated": "counted outside the study, over a column that the study made",
    "declared": "as the study said; nothing was counted again",
    "noisy": "random noise was added, and paid for from a budget",
}
_SUMMARY_WORDS: tuple[tuple[str, str], ...] = (
    ("type", "Kind"), ("distinct", "Different values"), ("missing", "Without a value"),
    ("least_above_nothing", "Least above 0"), ("most", "Most"), ("fives", "All in fives"),
    ("sixes", "All rounded to middles of 6"), ("small", "Counts under the least"),
)  # fmt: skip


@dataclass
class _Numbering:
    """Findings are numbered over the whole page, in the order in which they stand there."""

    made: int = 0

    def next(self) -> int:
        self.made += 1
        return self.made


@dataclass
class _File:
    """One file that leaves, with the report that is about it, while the page is put together.

    `number`: its place among those that leave. `marks`: its cells that anything was found of;
    `own`: those of its own findings, without the audit's.
    """

    number: int
    file: OutputFile
    verdict: FileVerdict
    report: Mapping[str, Any]
    request: str
    table: Mapping[str, Any] | None
    findings: list[dict[str, Any]] = field(default_factory=list)
    marks: Collected = field(default_factory=Collected)
    own: Collected = field(default_factory=Collected)
    sums: list[dict[str, Any]] = field(default_factory=list)

    def owns(self, called: str) -> bool:
        """Whether the audit's table of this name is made from this file's request."""
        return bool(self.request) and review_tables.is_table(called, self.request)


def verdict_shown(verdict: str) -> dict[str, str]:
    """A verdict in a word, a colour and a sign."""
    word, colour, icon = VERDICTS[verdict]
    return {"name": verdict, "word": word, "colour": colour, "icon": icon, "says": SAYS[verdict]}


def case_shown(case: Case, kept: Collection[str] = ()) -> dict[str, Any]:
    """Everything that the pages say of a case, but for votes and the form.

    `kept`: names of the files that can be looked at as they are.
    """
    numbers = _Numbering()
    files = _files(case)
    for one in files:
        _number(one, numbers)
    audit = _audit(case, files, numbers)
    manifest = case.manifest
    shown = [_file_shown(case, one, kept) for one in files]
    worst = sorted(shown, key=lambda one: (-_ORDER.index(one["verdict"]["name"]), one["number"]))
    return {
        "verdict": verdict_shown(case.findings.verdict()),
        "files": shown,
        "opened": worst[:MOST_OPEN],
        "not_opened": len(worst[MOST_OPEN:]),
        "audit": audit,
        "worst": _worst_sum(audit),
        "failed": _failed(case),
        "context": manifest.context,
        "controls": manifest.controls,
        "left_behind": list(manifest.left_behind or ()),
        "facts": [
            *_made_by(manifest),
            ("Release", manifest.release),
            ("Rules", f"{manifest.profile.name} {manifest.profile.version}"),
            ("Fingerprint of the rules", manifest.profile.hash),
            ("Fingerprint of what you sign", manifest.digest()),
            ("Fingerprint of what was found", manifest.findings),
            ("Compared with", _outputs(len(manifest.compared))),
        ],
        "submitted_at": manifest.submitted_at,
        "expires": manifest.expires,
        "turn": manifest.turn,
        "found": numbers.made,
    } | _code_shown(case)


def _code_shown(case: Case) -> dict[str, Any]:
    """The study's files, and the names of those that the page does not show as a whole.

    `no_code`: why there is nothing to show, where that is not as it should be.
    """
    try:
        code = study_code(case.papers, case.manifest)
    except Fault as error:
        return {"code": [], "unseen": [], "no_code": error.sentence, "machine": UNREAD}
    cut = [name for name, text in code.texts.items() if len(text) > MOST_CODE]
    missing = case.manifest.study is not None and not code.is_here
    return {
        "code": [
            {"name": name, "text": visible(text[:MOST_CODE]), "cut": name in cut}
            for name, text in sorted(code.texts.items())
        ],
        "unseen": sorted([*cut, *code.unseen]),
        "machine": "" if case.manifest.study is None else machine_asked(code.texts),
        "no_code": "Its code is not here." if missing else "",
    }


def _made_by(manifest: OutputManifest) -> list[tuple[str, str]]:
    """Which study made it; or what it was made from, where the airlock did so by itself."""
    origin = manifest.origin
    if origin is None:
        return [("Study", manifest.job or ""), ("Fingerprint of the code", manifest.study or "")]
    if origin.kind == "noise":
        return [
            ("Question, answered with noise", origin.of),
            ("Paid for by entry", f"{origin.spend:,}"),
        ]
    return [("Made each month from", origin.of), ("Fingerprint of its layout", origin.made_from)]


def _outputs(count: int) -> str:
    return "1 output that has left" if count == 1 else f"{count:,} outputs that have left"


# --- files --------------------------------------------------------------------------------------


def _files(case: Case) -> list[_File]:
    found = {one.path: one for one in case.findings.files}
    files = []
    for number, one in enumerate(case.manifest.leaving(), start=1):
        own = found.get(one.path)
        # What was found of figures stands with their table, and not again with their picture.
        about = own if one.kind == "drawing" else found.get(one.made_from or one.path)
        said = [each for each in (own, about) if each is not None]
        verdict: FileVerdict = "unreadable" if own is None else _worst(said)
        report = {} if about is None else about.report
        table = case.papers.tables.get(one.path)
        named = "" if one.kind == "drawing" else _request_name(one, report)
        files.append(_File(number, one, verdict, report, named, table))
    return files


_ORDER: tuple[FileVerdict, ...] = ("pass", "review", "fail", "unreadable")


def _worst(said: Sequence[FileFound]) -> FileVerdict:
    return max((one.verdict for one in said), key=_ORDER.index)


def _request_name(file: OutputFile, report: Mapping[str, Any]) -> str:
    """What the request calls itself, by its findings or else by the file's name."""
    for one in report.get("findings", ()):
        if "table" in one["where"]:
            return str(one["where"]["table"])
    if file.made_from is None:
        return ""
    return file.made_from.rsplit(".", 1)[0]


def _number(one: _File, numbers: _Numbering) -> None:
    """Number a file's findings, the worst first and those of one rule together, and mark the
    cells that they are about."""
    found = list(one.report.get("findings", ()))
    rules = list(dict.fromkeys(str(each["rule"]) for each in found))

    def order(said: Mapping[str, Any]) -> tuple[bool, int]:
        return said.get("outcome") != "fail", rules.index(str(said["rule"]))

    for said in sorted(found, key=order):
        number = numbers.next()
        places = [] if one.table is None else review_tables.places_of(one.table, said["where"])
        for place in places:
            for marks in (one.marks, one.own):
                marks.add(place, Mark(number, said["outcome"]))
        one.findings.append(
            {
                "number": number,
                "outcome": verdict_shown(said["outcome"]),
                "sentence": said["sentence"],
                "code": said["code"],
                "rule": said["rule"],
                "statbarn": said["statbarn"],
                "where": _place(said["where"]),
                "row": places[0][0] if len(places) == 1 and "row" not in said["where"] else None,
            }
        )


def _place(where: Mapping[str, str]) -> str:
    """Where a finding is, in words: `people, sex F, age young`."""
    measure = where.get("measure")
    sides = [f"{name} {said}" for name, said in where.items() if name not in ("table", "measure")]
    return ", ".join([*([measure] if measure else []), *sides])


def _groups(one: _File) -> list[dict[str, Any]]:
    """The findings of a file by their rule and outcome, with what the rule is for."""
    groups: dict[tuple[str, str], dict[str, Any]] = {}
    for found in one.findings[:MOST_FINDINGS]:
        key = (found["rule"], found["outcome"]["name"])
        group = groups.setdefault(key, {
            "id": f"rule-{one.number}-{len(groups) + 1}", "rule": found["rule"],
            "code": found["code"], "statbarn": found["statbarn"], "outcome": found["outcome"],
            "help": rule_help(found["rule"]), "findings": [],
        })  # fmt: skip
        group["findings"].append(found)
    return list(groups.values())


def _file_shown(case: Case, one: _File, kept: Collection[str]) -> dict[str, Any]:
    file = one.file
    table: Shown | None = None
    short: Shown | None = None
    drawing = None
    if file.kind == "drawing":
        drawing = review_tables.drawing(one.table, file.sha256)
    if one.table is not None and file.kind != "drawing":
        sha256 = file.sha256 if _is_made_here(file) else None
        table = review_tables.shown(one.table, one.marks.at, sha256)
        short = review_tables.short(one.table, one.own.at, table.proved)
    return {
        "number": one.number,
        "groups": _groups(one),
        "short": short,
        "kept": file.path in kept,
        "name": file.path,
        "kind": KIND_WORDS[file.kind],
        "grade": GRADE_WORDS[file.grade],
        "type": file.type,
        "bytes": file.bytes,
        "sha256": file.sha256,
        "verdict": verdict_shown(one.verdict),
        "findings": one.findings[:MOST_FINDINGS],
        "more": max(0, len(one.findings) - MOST_FINDINGS),
        "table": table,
        "beside": _beside(case, one),
        "summaries": _summaries(one.report),
        "reading": [str(text) for text in one.report.get("reading", ())],
        "card": [str(line) for line in one.report.get("card", ())],
        "picture": file.type == "png",
        "drawing": drawing,
        "drawn": file.kind == "drawing",
        "own_words": [] if one.table is None else review_tables.own_words(one.table),
        "unsourced": _is_unsourced(one),
        "made": [dict(each) for each in one.report.get("made", ())],
        "noisy": file.kind == "noisy",
    }


def _is_unsourced(one: _File) -> bool:
    """Whether it is a table of the airlock's, and nobody told what stands behind its columns."""
    told = None if one.table is None else one.table.get("sources")
    return one.file.kind == "table" and one.file.type == "csv" and told is None


def _is_made_here(file: OutputFile) -> bool:
    """Whether the airlock wrote it as `review_tables.proved` writes tables."""
    return file.kind in ("table", "noisy") and file.type == "csv"


def _summaries(report: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What a declared file's columns say of themselves, a row a column."""
    return [
        {
            "name": str(one.get("name", "")),
            "place": f"{one.get('sheet', '')} column {one.get('column', '')}".strip(),
            "said": [(words, _said(one[key])) for key, words in _SUMMARY_WORDS
                     if one.get(key) is not None],
        }
        for one in report.get("summaries", ())
    ]  # fmt: skip


def _said(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"{value:,}" if isinstance(value, int) else f"{value:,g}" if isinstance(
        value, float
    ) else str(value)  # fmt: skip


def _failed(case: Case) -> list[dict[str, str]]:
    """What leaves only with a typed reason of both reviewers."""
    return [
        {"what": what, "words": what_words(what), "verdict": VERDICTS[verdict][0]}
        for what, verdict in needing_override(case.manifest, case.findings).items()
    ]


def what_words(what: str) -> str:
    """The name of a file, or the audit in words."""
    return "what follows together with what has left" if what == AUDIT else what


# --- what follows together with what has left ---------------------------------------------------


def _audit(case: Case, files: Sequence[_File], numbers: _Numbering) -> dict[str, Any] | None:
    """The audit, its sums written out. Cells of this output are marked in its own tables."""
    audit, verdict = case.findings.audit, case.findings.audit_verdict
    if audit is None or verdict is None:
        return None
    found = []
    for said in sorted(audit.get("findings", ()), key=_harm):
        number = numbers.next()
        terms = [_term(case, files, one, number, said["verdict"]) for one in said["sum"]]
        shown = {
            "number": number,
            "outcome": verdict_shown(said["verdict"]),
            "sentence": said["sentence"],
            "rule": said["rule"],
            "code": said["code"],
            "help": rule_help(said["code"]),
            "terms": terms,
            "sums": said["code"] in _SUMS,
            "divisor": said.get("divisor", 1),
            "equals": _people(said["low"], said["high"]),
            "people": said.get("people"),
        }
        found.append(shown)
        for one in files:
            if any(term["file"] == one.file.path for term in terms):
                one.sums.append(shown)
    return {
        "verdict": verdict_shown(verdict),
        "findings": found[:MOST_FINDINGS],
        "more": max(0, len(found) - MOST_FINDINGS) + int(audit.get("more_findings") or 0),
        "compared": len(audit.get("compared", ())),
        "not_examined": [str(one) for one in audit.get("not_examined", ())],
        "notes": [str(one) for one in audit.get("notes", ())],
        "threshold": audit.get("threshold"),
    }


def _worst_sum(audit: Mapping[str, Any] | None) -> dict[str, Any] | None:
    """The finding that the first page writes out: of those that fail one with an earlier output,
    which no rule about a file alone can see; else the first."""
    found: list[dict[str, Any]] = [] if audit is None else audit["findings"]
    across = (
        one for one in found
        if one["outcome"]["name"] == "fail" and one["code"] != "CW-AUDIT-SAME"
        and not all(term["own"] for term in one["terms"])
    )  # fmt: skip
    return next(across, found[0] if found else None)


def _harm(said: Mapping[str, Any]) -> tuple[bool, bool]:
    """What gives few people away comes first; that figures are about the very same people, last."""
    return said["verdict"] != "fail", said["code"] == "CW-AUDIT-SAME"


_SUMS = frozenset({"CW-AUDIT-DIFFERENCE", "CW-AUDIT-SAME", "CW-AUDIT-SUM"})
"""Findings whose terms add up to what they say; the others only name figures."""


def _people(low: int, high: int | None) -> str:
    if high is None:
        return f"at least {low} people"
    if low != high:
        return f"{low} to {high} people"
    return "1 person" if low == 1 else f"{low} people"


def _term(
    case: Case, files: Sequence[_File], term: Mapping[str, Any], number: int, verdict: str
) -> dict[str, Any]:
    """One figure of a sum: its sign, where it stands, and what it says there."""
    own = term["output"] == case.manifest.id
    file = next((one for one in files if own and one.owns(term["table"])), None)
    table = (
        (file.table if file is not None else None)
        if own
        else _earlier(case, term["output"], term["table"])
    )
    place = (int(term["row"]), int(term["column"]))
    if file is not None and verdict != "pass" and _is_csv(file):
        file.marks.add(place, Mark(number, verdict))
    return {
        "sign": "minus" if term["times"] < 0 else "plus",
        "times": abs(term["times"]),
        "own": own,
        "file": file.file.path if file is not None else None,
        "output": term["output"],
        "table": term["table"],
        "row": place[0],
        "column": place[1],
        "labels": _labels(table, place),
        "says": _range(term["low"], term["high"]),
    }


def _earlier(case: Case, output: str, called: str) -> Mapping[str, Any] | None:
    """The figures of an output that has left which the audit calls so."""
    tables: Mapping[str, Mapping[str, Any]] = case.papers.earlier.get(output, {})
    named = (one for name, one in tables.items() if review_tables.is_table(called, name))
    return tables.get(called) or next(named, None)


def _is_csv(file: _File) -> bool:
    """Figures of an analysis leave as JSON, and the audit's places are not those of a page."""
    return file.table is not None and file.file.type == "csv"


def _labels(table: Mapping[str, Any] | None, place: tuple[int, int]) -> str:
    row, column = place
    if table is None or not 1 <= row <= len(table["rows"]):
        return ""
    columns = [str(one) for one in table["columns"]]
    return review_tables.labels(columns, review_tables.rows_of(table)[row - 1], column)


def _range(low: int, high: int | None) -> str:
    if high is None:
        return f"at least {low:,}"
    return f"{low:,}" if low == high else f"{low:,} to {high:,}"


def _beside(case: Case, one: _File) -> list[dict[str, Any]]:
    """Earlier tables that the audit names with this file's, each beside it, cells marked."""
    pairs: dict[tuple[str, str], tuple[Collected, Collected, list[dict[str, Any]]]] = {}
    for said in one.sums:
        mark = Mark(said["number"], said["outcome"]["name"])
        mine = [term for term in said["terms"] if term["file"] == one.file.path]
        for term in said["terms"]:
            if term["own"]:
                continue
            before, now, sums = pairs.setdefault(
                (term["output"], term["table"]), (Collected(), Collected(), [])
            )
            before.add((term["row"], term["column"]), mark)
            for each in mine:
                now.add((each["row"], each["column"]), mark)
            if said not in sums:
                sums.append(said)
    return [
        pair
        for (output, table), marks in list(pairs.items())[:MOST_PAIRS]
        if (pair := _pair(case, one, output, table, marks)) is not None
    ]


def _pair(
    case: Case,
    one: _File,
    output: str,
    called: str,
    marks: tuple[Collected, Collected, list[dict[str, Any]]],
) -> dict[str, Any] | None:
    table = _earlier(case, output, called)
    if table is None or one.table is None:
        return None
    before, now, sums = marks
    return {
        "output": output,
        "table": called,
        "sums": sums,
        "before": review_tables.only(table, before.at),
        "now": review_tables.only(one.table, now.at if _is_csv(one) else {}),
    }
