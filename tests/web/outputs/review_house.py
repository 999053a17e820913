"""What reviewers read, made by the airlock itself: two submissions, checked and audited for real.

The first has left. The second shows small counts, a value that one person dominates, a column made
elsewhere, and figures that together with the first tell of three people. `papers` makes it once;
`furnish` writes it as the rows that the airlock's worker would tell, in any state.
"""

from __future__ import annotations

import base64
import csv
import functools
import hashlib
import io
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from commonweal.airlock.audit.history import History, read_history
from commonweal.airlock.files.answers import Notebook, NotebookCell, Picture
from commonweal.airlock.files.writing import notebook_file, picture_file
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.published import published
from commonweal.airlock.report import FileReport
from commonweal.airlock.together import Joined, Submission, check_together
from commonweal.foundation.clock import stamp
from commonweal.papers.output_manifest import Findings, OutputManifest, OutputReview
from commonweal.papers.study import tree_hash
from tests.airlock_house import PERSON, Row, col, open_release, where
from tests.output_papers import H

PROJECT, PERMIT = "project-0", "permit-0"
OUT, EARLIER = "out-1", "earlier-1"
SACRO = RuleProfile.load("sacro-default")
KINDS = {"ward": "text", "sex": "text", "born": "integer", "cost": "decimal"}
MADE = datetime(2026, 11, 30, 9, tzinfo=UTC)
CODE = "<script>alert('made by a job')</script>\nimport commonweal\n"
CONTEXT = "How many people stayed on each ward. <b>Winter</b> only."


def told_code(texts: Mapping[str, str], *unseen: str) -> dict[str, Any]:
    """A study's files as the airlock's worker tells of them; of `unseen` ones only a hash."""

    def of(text: str) -> str:
        return f"sha256:{hashlib.sha256(text.encode()).hexdigest()}"

    shown = {path: {"sha256": of(text), "text": text} for path, text in texts.items()}
    return shown | {path: {"sha256": of(path), "text": None} for path in unseen}


def study_of(code: Mapping[str, Any]) -> str:
    """The hash of the study of these files."""
    return tree_hash((path, one["sha256"]) for path, one in code.items())


SHOWN = told_code({"main.py": CODE})


@dataclass(frozen=True)
class Papers:
    """A turn as it was frozen, with what its reviewers read."""

    manifest: OutputManifest
    findings: Findings
    tables: dict[str, Any]
    earlier: dict[str, Any]
    contents: dict[str, bytes] = field(default_factory=dict)
    code: dict[str, Any] = field(default_factory=lambda: dict(SHOWN))

    @property
    def digest(self) -> str:
        return self.manifest.digest()


def people() -> list[Row]:
    """Four hundred people; three of ward A have no year of birth, six are on ward D."""
    rng = np.random.default_rng(5)
    return [
        {
            PERSON: f"p{place:04d}", "ward": "D" if place < 6 else "ABC"[place % 3],
            "sex": "FM"[place // 3 % 2],
            "born": None if place in (6, 12, 18) else int(rng.integers(1930, 2005)),
            "cost": 900_000.0 if place == 7 else round(float(rng.normal(300, 50)), 2),
        }
        for place in range(400)
    ]  # fmt: skip


def _asked(name: str, title: str, *measures: dict[str, Any], **more: Any) -> dict[str, Any]:
    return {
        "request": 1, "name": name, "title": title, "table": "stays",
        "by": [{"column": col("ward")}, {"column": col("sex")}],
        "measures": list(measures), "margins": True,
    } | more  # fmt: skip


PEOPLE = {"measure": "people"}
MEAN = {"measure": "mean", "column": col("cost"), "decimals": 1}
BEFORE = _asked("stays", "Stays by ward and sex", PEOPLE)
NOW = (
    _asked(
        "born",
        "Stays of people whose birth is known",
        PEOPLE,
        where=where("born", "is_present"),
    ),
    _asked("costs", "Costs by ward and sex", PEOPLE, MEAN),
)
SOURCES = {
    "sources": [
        {"table": "stays", "name": name, "made": False, "labels": []} for name in ("ward", "sex")
    ]
}
"""What stands behind the sides of both tables."""
PLAIN = "ward,patients,note\nA,40,quiet\nB,3,busy\n"


@functools.cache
def papers() -> Papers:
    """The second submission, as it was frozen."""
    with tempfile.TemporaryDirectory() as folder:
        return _made(Path(folder))


def _made(folder: Path) -> Papers:
    rows, history = people(), folder / "history"
    history.mkdir()
    first = _joined(folder / "first", rows, None, EARLIER, BEFORE)
    (folder / "first" / "proposal" / EARLIER).rename(history / EARLIER)
    second = _joined(folder / "second", rows, read_history(history), OUT, *NOW, plain=PLAIN)
    assert second.audit is not None
    tables: dict[str, bytes] = {}
    files, found = [], []
    for one in second.report.files:
        told = one.for_record(SACRO)
        if one.table is None:
            (made,) = [each for each in one.renderings if each.leaves]
            tables[made.name] = made.content
            files.append(_file(made.name, made.content, "file", "declared", "csv"))
            found.append({"path": made.name, "verdict": one.verdict("reviewer"), "report": told})
            continue
        name = one.path.replace(".json", ".csv")
        tables[name] = published(one.table)
        files += [
            _file(one.path, b"{}", "request", "recomputed", "json"),
            _file(name, tables[name], "table", "recomputed", "csv", one.path),
        ]
        found += [
            {"path": one.path, "verdict": one.verdict("reviewer"), "report": told},
            {"path": name, "verdict": one.verdict("reviewer")},
        ]
    findings = Findings.read(
        {"findings": 1, "output": OUT, "turn": 1, "salt": "0f" * 32, "files": found,
         "audit": second.audit.plain(), "audit_verdict": second.audit.verdict},
        "The findings",
    )  # fmt: skip
    pins = [{"output": one.output, "manifest": one.manifest}
            for one in second.audit.pinned.compared]  # fmt: skip
    manifest = OutputManifest.read(
        {
            "output_manifest": 1, "id": OUT, "turn": 1, "title": "Stays & <i>costs</i>",
            "author": "amara", "project": PROJECT, "permit": PERMIT, "permit_hash": H(11),
            "release": f"{PERMIT}.r1", "release_hash": H(12), "job": "job-1",
            "study": study_of(SHOWN),
            "context": CONTEXT, "controls": "Small wards were put together.",
            "files": files, "findings": findings.digest(),
            "profile": {"name": "sacro-default", "version": SACRO.version, "hash": H(14)},
            "proposal": {"output": OUT, "manifest": H(15)}, "compared": pins,
            "submitted_at": stamp(MADE), "expires": stamp(MADE + timedelta(days=30)),
        },
        "The manifest",
    )  # fmt: skip
    return Papers(
        manifest,
        findings,
        {
            name: _parsed(content) | (SOURCES if name != "plain.csv" else {})
            for name, content in tables.items()
        },
        {EARLIER: {"stays": _table(first.report.files[0])}},
        tables,
    )


def tables_alone() -> Papers:
    """The turn without the file that the study wrote: two tables, as outputs mostly are."""
    found = papers()
    plain, manifest = found.findings.plain(), found.manifest.plain()
    for said in (plain, manifest):
        said["files"] = [one for one in said["files"] if one["path"] != "plain.csv"]
    findings = Findings.read(plain, "F")
    return replace(
        found, findings=findings,
        manifest=OutputManifest.read(manifest | {"findings": findings.digest()}, "M"),
        tables={name: one for name, one in found.tables.items() if name != "plain.csv"},
        contents={name: one for name, one in found.contents.items() if name != "plain.csv"},
    )  # fmt: skip


def with_code(found: Papers, code: dict[str, Any]) -> Papers:
    """The same turn, made by another study."""
    plain = found.manifest.plain() | {"study": study_of(code)}
    return replace(found, manifest=OutputManifest.read(plain, "M"), code=code)


def drawn() -> Papers:
    """The turn with a picture, a drawing and a notebook besides, each as the airlock writes it."""
    found = papers()
    plain, manifest = found.findings.plain(), found.manifest.plain()
    cells = [
        NotebookCell(type="markdown", source="# Stays"),
        NotebookCell(type="code", source="print('<b>1</b>')"),
    ]
    made = {
        "chart.png": ("figure", "png", chart()),
        "map.svg": (
            "figure",
            "svg",
            b'<svg xmlns="http://www.w3.org/2000/svg"><text>A</text></svg>',
        ),
        "work.ipynb": ("file", "ipynb", notebook_file(Notebook(cells=cells), "work").content),
    }
    for name, (kind, type_, content) in made.items():
        manifest["files"].append(_file(name, content, kind, "declared", type_))
        plain["files"].append({"path": name, "verdict": "review", "report": {"findings": [
            {"code": "CW-OUTPUT-DECLARED", "statbarn": "Unknown", "rule": "declared",
             "where": {"table": name}, "value": None, "threshold": None, "outcome": "review",
             "sentence": "This was made elsewhere; nothing in it was counted again."},
        ]}})  # fmt: skip
    findings = Findings.read(plain, "F")
    return replace(
        found, findings=findings,
        manifest=OutputManifest.read(manifest | {"findings": findings.digest()}, "M"),
        contents=found.contents | {name: said[2] for name, said in made.items()},
    )  # fmt: skip


def with_file(found: Papers, path: str, content: bytes) -> Papers:
    """The turn with other bytes in a file, frozen and signed like that."""
    plain = found.manifest.plain()
    for one in plain["files"]:
        if one["path"] == path:
            one["sha256"] = f"sha256:{hashlib.sha256(content).hexdigest()}"
            one["bytes"] = len(content)
    return replace(
        found, manifest=OutputManifest.read(plain, "M"),
        contents=found.contents | {path: content},
    )  # fmt: skip


def chart(bars: Sequence[int] = (66, 66, 65, 65, 65, 65, 3, 3)) -> bytes:
    """A bar chart, as the airlock writes pictures."""
    pixels = np.full((160, 320, 3), 255, np.uint8)
    for place, height in enumerate(bars):
        pixels[150 - 2 * height : 150, 20 + 36 * place : 44 + 36 * place] = (0, 94, 184)
    told = {"width": 320, "height": 160, "rgb": base64.b64encode(pixels.tobytes()).decode()}
    return picture_file(Picture.model_validate(told), "chart").content


def _joined(
    folder: Path,
    rows: list[Row],
    history: History | None,
    output: str,
    *asked: Mapping[str, Any],
    plain: str = "",
) -> Joined:
    from tests.files_house import desk

    folder.mkdir()
    release = open_release(folder, {"stays": (KINDS, rows)})
    paths = []
    for one in asked:
        paths.append(folder / f"{one['name']}.json")
        paths[-1].write_text(json.dumps(one))
    if plain:
        paths.append(folder / "plain.csv")
        paths[-1].write_text(plain)
    submission = Submission(paths, output, MADE, folder / "proposal")
    place = desk(folder) if plain else None
    return check_together(
        submission, SACRO, release, _audit_map(folder, rows), history, seconds=5, desk=place
    )


def _audit_map(folder: Path, rows: list[Row]) -> Path:
    codes = sorted({row[PERSON] for row in rows})
    ids = [hashlib.sha256(code.encode()).digest()[:16] for code in codes]
    path = folder / "audit_map.parquet"
    table = {"code": pa.array(codes, pa.string()), "audit_id": pa.array(ids, pa.binary())}
    pq.write_table(pa.table(table), path)
    return path


def _table(report: FileReport) -> dict[str, Any]:
    assert report.table is not None
    return _parsed(published(report.table))


def _parsed(content: bytes) -> dict[str, Any]:
    columns, *rows = list(csv.reader(io.StringIO(content.decode())))
    return {"columns": columns, "rows": rows, "cut": 0}


def _file(
    path: str, content: bytes, kind: str, grade: str, type_: str, made_from: str | None = None
) -> dict[str, Any]:
    told = {
        "path": path, "sha256": f"sha256:{hashlib.sha256(content).hexdigest()}",
        "bytes": len(content), "type": type_, "grade": grade, "kind": kind,
    }  # fmt: skip
    return told if made_from is None else told | {"made_from": made_from}


# --- as rows ------------------------------------------------------------------------------------


def furnish(
    state: str = "in_review",
    name: str = OUT,
    *,
    made: Papers | None = None,
    votes: Sequence[dict[str, Any]] = (),
    waited: timedelta = timedelta(hours=30),
    **changed: Any,
) -> Any:
    """The rows of an output in `state`; `votes` as `vote` makes them."""
    from commonweal.web.config import clock
    from commonweal.web.outputs.contents import as_kept
    from commonweal.web.outputs.models import Output, ReviewFile, ReviewPapers

    found = renamed(made or papers(), name)
    manifest, now = found.manifest, clock.now()
    row = Output.objects.create(
        **{
            "reference": name, "permit": manifest.permit, "project": manifest.project,
            "job": manifest.job, "author": manifest.author, "title": manifest.title,
            "turn": manifest.turn, "digest": manifest.digest(), "members": ["amara", "bethan"],
            "manifest": {"files": manifest.plain()["files"], "context": manifest.context,
                         "controls": manifest.controls},
            "state": state, "waits_since": now - waited, "expires_at": now + timedelta(days=20),
            "ended_at": None if state in ("in_review", "consolidating", "draft") else now,
        }
        | changed
    )  # fmt: skip
    told = ReviewPapers.objects.create(
        output=row, turn=manifest.turn, manifest=manifest.plain(), findings=found.findings.plain(),
        tables=found.tables, earlier=found.earlier, code=found.code if manifest.study else {},
        votes=list(votes), members=["amara", "bethan"], told_at=now,
    )  # fmt: skip
    for path, content in found.contents.items():
        ReviewFile.objects.create(papers=told, path=path, content=as_kept(content))
    return row


def renamed(found: Papers, name: str) -> Papers:
    """The same turn under another name: what is signed about one is not about the other."""
    if name == found.manifest.id:
        return found
    audit = json.loads(
        json.dumps(found.findings.audit).replace(f'"{found.manifest.id}"', f'"{name}"')
    )
    findings = Findings.read(found.findings.plain() | {"output": name, "audit": audit}, "F")
    plain = found.manifest.plain()
    proposal = plain["proposal"] | {"output": name}
    changed = {"id": name, "proposal": proposal, "findings": findings.digest()}
    return replace(found, manifest=OutputManifest.read(plain | changed, "M"), findings=findings)


def review(verdict: str, name: str = OUT, **changed: Any) -> OutputReview:
    """What somebody writes with a vote."""
    found = renamed(papers(), name)
    from commonweal.papers.output_manifest import needing_override

    needed = needing_override(found.manifest, found.findings)
    plain = {
        "output_review": 1, "output": name, "manifest": found.digest,
        "findings": found.manifest.findings, "verdict": verdict,
        "reasons": [{"reason": "small_counts_shown"}] if verdict in ("return", "reject") else [],
        "overrides": [
            {"what": what, "verdict": said, "reason": "wrongly_found"}
            for what, said in needed.items()
        ] if verdict == "approve" else [],
    }  # fmt: skip
    return OutputReview.read(plain | changed, "The review")


def vote(who: str, verdict: str, entry: int, name: str = OUT, **changed: Any) -> dict[str, Any]:
    """A vote as the airlock's worker tells it."""
    written = review(verdict, name, **changed)
    return {"act": f"{entry:032x}", "by": who, "entry": entry, "review": written.plain()}


def heard(who: str, verdict: str, entry: int, name: str = OUT, **changed: Any) -> Any:
    """A vote's act that the ledger heard of, as a row."""
    from commonweal.papers.acts import new_act
    from commonweal.web.accounts.models import User
    from commonweal.web.config import clock
    from commonweal.web.signing.models import HEARD, Act

    written = review(verdict, name, **changed)
    now = clock.now()
    paper = new_act(
        kind="review_output", verdict=verdict, actor=who, role="output_checker", subject=name,
        object_digest=written.manifest, home="home-1", at=now, content=written.digest(),
    )  # fmt: skip
    return Act.objects.create(
        id=f"{entry:032x}", person=User.objects.get(public_id=who), kind="review_output",
        verdict=verdict, role="output_checker", subject=name, object_digest=written.manifest,
        paper=paper.canonical(), content=written.canonical(), back="/", state=HEARD, made_at=now,
        expires_at=paper.expires, signed_at=now, settled_at=now, heard_at=now, entry=entry,
    )  # fmt: skip


def signed_in(who: str) -> Any:
    """A browser in which somebody is signed in."""
    from tests.web.conftest import new_client

    client = new_client()
    answer = client.post("/account/people/sign-in/", {"person": who})
    assert answer.status_code == 302
    return client


def person(who: str) -> Any:
    """One of the made-up people."""
    from commonweal.web.accounts.models import User

    return User.objects.get(public_id=who)
