"""The machine-readable record of a release: by which criteria it was let out (SATRE 3.3.09).

It travels with the files to the project. So it says what was checked and by how many, with typed
reasons; never who, and never what was found.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from commonweal.foundation.clock import stamp
from commonweal.papers.output_manifest import OVERRIDE_WORDS, OutputDecision, OutputManifest
from commonweal.papers.output_request import GRADES
from commonweal.papers.register_outputs import SATRE, STATEMENTS


def release_record(
    manifest: OutputManifest, decision: OutputDecision, released_at: datetime
) -> dict[str, Any]:
    """The record of one release as JSON values."""
    return {
        "output_release": 1,
        "specification": {**SATRE, "statements": list(STATEMENTS)},
        "output": manifest.id,
        "title": manifest.title,
        "project": manifest.project,
        "permit": {"id": manifest.permit, "hash": manifest.permit_hash},
        "release": {"id": manifest.release, "hash": manifest.release_hash},
        **(
            {"code": manifest.study}
            if manifest.origin is None
            else {"origin": manifest.origin.plain()}
        ),
        "manifest": manifest.digest(),
        "context": manifest.context,
        "controls": manifest.controls,
        "criteria": {
            "profile": manifest.profile.plain(),
            "audited_against": len(manifest.compared),
            "reviewers": {
                "needed": 2,
                "approved": sum(one.verdict == "approve" for one in decision.votes),
                "independent": sum(one.independent for one in decision.votes),
                "excluded": ["author", "project member", "conflicted"],
            },
            "overrides": [
                {
                    "what": one.what,
                    "verdict": one.verdict,
                    "reason": one.reason,
                    "says": OVERRIDE_WORDS[one.reason],
                }
                for one in decision.overrides
            ],
        },
        "files": [
            {
                "path": one.path,
                "sha256": one.sha256,
                "bytes": one.bytes,
                "type": one.type,
                "kind": one.kind,
                "grade": one.grade,
                "grade_says": GRADES[one.grade],
            }
            for one in manifest.leaving()
        ],
        "released_at": stamp(released_at),
    }
