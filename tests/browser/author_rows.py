"""Outputs of an author in every state, told by rows: no airlock is behind them."""

from __future__ import annotations

from datetime import timedelta

Names = dict[str, str]
_TOLD = {
    "outcome": "returned",
    "reasons": [{"file": "sexes.csv", "reason": "context_missing",
                 "says": "It is not clear what the figures are about."}],
    "words": ["Which year is it?\nWe cannot tell from the title."],
}  # fmt: skip


def with_outputs() -> Names:
    """One output in each state; a study that can be asked for, one that is checked, one refused."""
    from commonweal.governance.states.output import OUTPUT
    from commonweal.papers.standing import StandingOutput
    from commonweal.web.config import clock
    from commonweal.web.outputs.models import Output, OutputOrder
    from tests.web.outputs.room import WORDS, person
    from tests.web.outputs.test_layouts import plain
    from tests.web.outputs.test_policies import made, study
    from tests.web.releases.room import LIVE, PROJECT

    now, amara = clock.now(), person("amara")
    row = made()
    # What has left is handed out while the permit is live only.
    row.permit, row.project, row.living = LIVE, PROJECT, LIVE
    for state in OUTPUT.states:
        told = _TOLD if state in ("returned", "rejected") else None
        recall = "A count was of three people." if state == "recalled" else ""
        row.pk, row.reference, row.job = None, f"made-{state}", f"left-{state}"
        row.state, row.told, row.recall = state, told, recall
        row.save(force_insert=True)
    Output.objects.filter(reference="job-1").delete()
    job, found = study(), {}
    for name in ("asked", "checked", "refused", "returned"):
        job.pk, job.reference = None, f"left-{name}"
        job.save(force_insert=True)
        found[f"outputs.job.{name}"] = job.reference
    order = OutputOrder(
        kind="check", output="left-checked", permit=row.permit, job="left-checked", asked_by=amara,
        asked_at=now, wish=WORDS,
    )  # fmt: skip
    order.save()
    order.pk, order.output, order.job = "1" * 32, "left-refused", "left-refused"
    order.state, order.ended_at, order.code = "refused", now, "CW-LEAVING-QUOTA"
    order.sentence = "The project has asked for 20 checks of outputs today, which is all it may."
    order.save(force_insert=True)
    given = OutputOrder(
        pk="2" * 32, kind="download", output="made-released", permit=row.permit, asked_by=amara,
        asked_at=now, state="done", ended_at=now, content=b"PK", goes_at=now + timedelta(hours=1),
    )  # fmt: skip
    given.save(force_insert=True)
    paper = StandingOutput.read(plain("2026-07", "2026-10"), "It", "CW-STANDING-INVALID")
    drafted = OutputOrder(
        pk="3" * 32, kind="draft", output="made-released", permit=row.permit, asked_by=amara,
        asked_at=now, state="done", ended_at=now, content=paper.canonical(),
        goes_at=now + timedelta(hours=1),
    )  # fmt: skip
    drafted.save(force_insert=True)
    states = {f"outputs.{state}": f"made-{state}" for state in OUTPUT.states}
    return found | states | {"outputs.order": given.pk, "outputs.draft_order": drafted.pk}
