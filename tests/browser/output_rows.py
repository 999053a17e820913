"""Outputs for the browser, in every state that people who check them see: rows that the airlock's
worker would tell, made by the airlock itself (`tests.web.outputs.review_house`).

`python -m tests.browser.output_rows` writes them in the home's own Django, beside the service.
"""

from __future__ import annotations

import json
import sys
from datetime import timedelta
from typing import Any

import django

Names = dict[str, str]


def outputs() -> Names:
    """What they are called, by what they show."""
    from tests.web.outputs.review_house import OUT, furnish, heard, tables_alone, vote

    furnish(title="Stays and costs by ward")
    furnish(name="out-mine", title="Stays that Tara has judged", waited=timedelta(hours=3),
            votes=[vote("tara", "reject", 1, "out-mine")])  # fmt: skip
    furnish(name="out-tables", title="Two tables", waited=timedelta(hours=2), made=tables_alone())
    furnish("consolidating", "out-two", title="Stays that two people judged differently",
            waited=timedelta(days=4), votes=[
                vote("tara", "approve", 2, "out-two", note="No hospital can be recognised."),
                vote("umar", "return", 3, "out-two", to_author="Put small wards together."),
            ])  # fmt: skip
    for place, state in enumerate(("released", "recalled", "returned")):
        name = f"out-{state}"
        row = furnish(state, name, title=f"Stays in winter ({state})")
        left = "approve" if state != "returned" else "return"
        for number, who in enumerate(("tara", "umar")):
            heard(who, left, 10 + 2 * place + number, name)
        row.recall = "A ward was too small." if state == "recalled" else ""
        row.public = {"profile": "sacro-default 1"}
        row.save()
        row.papers.delete()
    _recalled("out-recalled")
    furnish(name="out-model", title="A model and a long table", waited=timedelta(hours=1),
            made=_long())  # fmt: skip
    _layouts()
    return {
        "layout.waits": "layout-proposed", "layout.made": "layout-approved",
        "layout.ended": "layout-ended",
        "output.waits": OUT, "output.mine": "out-mine", "output.two": "out-two",
        "output.left": "out-released", "output.recalled": "out-recalled",
        "output.back": "out-returned", "output.model": "out-model",
        "output.tables": "out-tables",
    }  # fmt: skip


def _layouts() -> None:
    """Tables that are made each month: one to approve, one that is made, one that was ended."""
    from commonweal.papers.standing import StandingOutput
    from tests.web.outputs.test_layouts import furnish, plain

    months = {"2026-07": "left", "2026-08": "given_up", "2026-09": "waiting", "2026-10": "later"}
    for state in ("proposed", "approved", "ended"):
        name = f"layout-{state}"
        said = plain("2026-07", "2026-10", id=name)
        paper = StandingOutput.read(said, "It", "CW-STANDING-INVALID")
        furnish(
            state, reference=name, paper=paper.plain(), digest=paper.digest(), due="",
            months=months if state != "proposed" else dict.fromkeys(months, "later"),
        )  # fmt: skip


def _recalled(name: str) -> None:
    from commonweal.web.config import clock
    from commonweal.web.outputs.models import OutputOrder
    from tests.web.outputs.review_house import person

    now = clock.now()
    for kind, who in (("download", "amara"), ("recall", "edward")):
        OutputOrder.objects.create(
            kind=kind, output=name, permit="permit-0", asked_by=person(who), asked_at=now,
            state="done", ended_at=now,
        )  # fmt: skip


def _long() -> Any:
    """A turn with a model's card, texts, a picture, and a table that is too long for a page."""
    from dataclasses import replace

    from commonweal.papers.output_manifest import Findings, OutputManifest
    from tests.output_papers import H
    from tests.web.outputs.review_house import drawn

    found = drawn()
    plain, manifest = found.findings.plain(), found.manifest.plain()
    plain["files"].append({"path": "risk.onnx", "verdict": "review", "report": {
        "findings": [{"code": "CW-MODEL-UNPROVED", "statbarn": "Unknown", "rule": "model-unproved",
                      "where": {"table": "risk.onnx"}, "value": None, "threshold": None,
                      "outcome": "review", "sentence": "The model was not made again."}],
        "card": ["Model risk.onnx: review", "  about 1,204 learned numbers",
                 "  trained on 320 people, held out 80"],
        "reading": ["A text in the file. " * 40],
    }})  # fmt: skip
    manifest["files"].append({"path": "risk.onnx", "sha256": H(40), "bytes": 90_000,
                              "type": "onnx", "grade": "declared", "kind": "model"})  # fmt: skip
    findings = Findings.read(plain, "F")
    tables = json.loads(json.dumps(found.tables))
    born = tables["born.csv"]
    more = [[f"Ward number {n} of a hospital with a long name", "F", "50"] for n in range(400)]
    born["rows"], born["cut"] = born["rows"] + more, 600
    return replace(
        found, findings=findings, tables=tables,
        manifest=OutputManifest.read(manifest | {"findings": findings.digest()}, "M"),
    )  # fmt: skip


def main() -> None:
    django.setup()
    json.dump(outputs(), sys.stdout)


if __name__ == "__main__":
    main()
