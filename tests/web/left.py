"""Outputs that have left, for pages: in the ledger's words and the airlock's public papers.

`tests.output_house` lets them leave by the product's own way; this is for many of them, and for
titles that try what titles can.
"""

from __future__ import annotations

from typing import Any

from commonweal.foundation.canonical import canonical, digest
from commonweal.foundation.files import make_private_folder
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.state import PermitLive
from commonweal.papers.output_manifest import OutputRecall
from commonweal.vault.custody import Custody, publish_register, settle

WORKER = Actor("system", "release-worker")
RECALLED, MODEL = "winter-tables", "risk-model"


def left_for_pages(custody: Custody, permit: str = "permit-0", project: str = "project-0") -> None:
    """What has left a project, enough for two pages: a model, and tables that were recalled."""
    for number in range(10):
        let_leave(
            custody, permit, f"stays-{number}", project=project, title=f"Stays in 202{number}"
        )
    files = [{"kind": kind, "grade": "declared"} for kind in ("model", "file", "figure", "figure")]
    files.append({"kind": "table", "grade": "recomputed"})
    let_leave(custody, permit, MODEL, project=project, title="Who may need oxygen", files=files)
    overrides = [{"verdict": "fail", "reason": "structural_zero"}]
    let_leave(custody, permit, RECALLED, project=project, title="Asthma by week and <b>ward</b>, "
              + "winter" * 20, overrides=overrides)  # fmt: skip
    call_back(custody, permit, RECALLED, "A count in the third table was about four people.")
    settle(custody)
    publish_register(custody)


def let_leave(custody: Custody, permit: str, output: str, **said: Any) -> dict[str, Any]:
    """An output that left, as the airlock's release worker writes it; what the register says."""
    plain = {
        "output": output, "title": "Stays by age", "project": said.pop("project"), "permit": permit,
        "release": f"{permit}.r1", "profile": "sacro-default 1",
        "files": [{"kind": "table", "grade": "recomputed"}], "overrides": [],
    } | said  # fmt: skip
    fields = {
        "permit": permit, "output": output, "release": plain["release"],
        "output_hash": digest(plain), "overrides": len(plain["overrides"]),
        "manifest": "hmac-sha256:" + "0" * 64,
    }  # fmt: skip
    folder = custody.home.path / "airlock" / "released" / output
    make_private_folder(folder)
    (folder / "public.json").write_bytes(canonical(plain))
    event = Event("output.released", WORKER, fields)
    with custody.ledger.transaction() as writing:
        writing.append(event, None, PermitLive(permit, ("active",)))
    return plain


def call_back(custody: Custody, permit: str, output: str, reasons: str) -> None:
    """A recall, as the airlock writes it."""
    plain = {"output_recall": 1, "output": output, "reasons": reasons,
             "at": "2026-03-02T09:00:00.000Z"}  # fmt: skip
    paper = OutputRecall.read(plain, "The recall")
    folder = custody.home.path / "airlock" / "released" / output
    (folder / "recall.json").write_bytes(paper.canonical())
    fields = {"permit": permit, "output": output, "reasons_hash": paper.digest()}
    with custody.ledger.transaction() as writing:
        writing.append(Event("output.recalled", WORKER, fields))
