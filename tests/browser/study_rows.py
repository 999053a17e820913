"""Studies in every state for the browser tests: rows as the enclave's worker tells them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from commonweal.foundation.clock import stamp
from commonweal.papers.job import quarter_before

Names = dict[str, str]
STATES = ("waiting", "at_work", "cancelled", "finished", "failed", "over_limit", "refused")


def with_studies() -> Names:
    """A job in each state, one that somebody takes back, and files that were sent."""
    from commonweal.web.accounts.models import User
    from commonweal.web.config import clock
    from commonweal.web.studies.models import Job, StudyOrder
    from commonweal.web.studies.telling import names_are, room_is
    from tests.web.releases.room import LIVE, PROJECT

    now, amara = clock.now(), User.objects.get(public_id="amara")
    names_are(LIVE, PROJECT, {"amara", "bethan"})
    room_is(runs=True, code="", jobs_a_day=20, checks_a_day=20)
    found: Names = {"study.permit": LIVE}
    declared = [
        {"file": "costs.json", "kind": "request", "about": "Table 2: costs of care by sex and age"},
        {"file": "notes.json", "kind": "file", "about": "For the reviewers"},
    ]
    for number, state in enumerate((*STATES, "taken_back")):
        name = f"job-{state.replace('_', '')}aaaabbbb"
        Job.objects.create(
            reference=name, permit=LIVE, project=PROJECT, study="sha256:" + "0" * 64,
            title="Costs of care by sex and age", declared=declared, submitted_by="amara",
            submitted_at=now - timedelta(hours=3, minutes=number), **_stands(state, name, now),
        )  # fmt: skip
        found[f"study.{state}"] = name
    given: dict[str, Any] = {"permit": LIVE, "project": PROJECT, "asked_by": amara,
                             "asked_at": now}  # fmt: skip
    StudyOrder.objects.create(kind="cancel", job=found["study.taken_back"], **given)
    StudyOrder.objects.create(kind="submit", file_name="costs.zip", content=b"PK", **given)
    StudyOrder.objects.create(
        kind="submit", file_name="my-study-of-costs-by-sex-and-age-and-ward.zip", state="refused",
        ended_at=now, code="CW-STUDY-BUNDLE",
        sentence="The zip file cannot be taken in. It holds a link, a device or a file with a "
        "special mode.", **given,
    )  # fmt: skip
    return found


def _stands(state: str, name: str, now: Any) -> dict[str, Any]:
    if state == "taken_back":
        return {"shown": "at_work"}
    if state in ("waiting", "at_work", "cancelled"):
        return {"shown": state}
    ended = quarter_before(now) - timedelta(hours=1)
    report: dict[str, Any] = {
        "report": 1, "job": name, "state": state, "begun": stamp(ended - timedelta(hours=1)),
        "ended": stamp(ended),
    }  # fmt: skip
    if state == "failed":
        report["error"] = {"kind": "value", "file": "lib/costs.py", "line": 42}
    if state == "refused":
        report["because"] = "CW-PERMIT-REVOKED"
    return {"shown": "ended", "report": report, "ended_at": ended}
