"""S9: a public log of everything leaks who was seen when.

The attacker reads the public log, and knows one thing from outside: when her neighbour was at the
hospital. The naive twin writes every event on one log, with actor and exact time.
"""

from __future__ import annotations

import json
import re
from datetime import timedelta
from pathlib import Path
from typing import Any

from commonweal.ledger.details import Details
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.events import ROLES, TYPES
from commonweal.ledger.marks import seal_day
from commonweal.ledger.sequencer import sequence
from tests.unit.ledger import support


class NaiveLog:
    """One public log: everything, by whom, and exactly when."""

    def __init__(self) -> None:
        self.lines: list[dict[str, Any]] = []

    def append(self, at: str, event: Event) -> None:
        self.lines.append({"at": at, "type": event.type, "actor": event.actor.id, **event.fields})


def _public(folder: Path, busy: int) -> tuple[list[dict[str, Any]], NaiveLog]:
    """The public log after two days; on the second a data manager works `busy` times."""
    naive = NaiveLog()
    clock = support.new_clock()
    folder.mkdir()
    with support.new_ledger(folder, clock) as ledger:

        def write(event: Event) -> None:
            details = Details({"for": "a patient"}, "k", support.KEY)
            ledger.append(event, details=details if event.type == "risk.hint_given" else None)
            naive.append(clock.now().isoformat(), event)

        write(support.issued())
        seal_day(ledger)
        clock.advance(timedelta(days=1, minutes=7))
        evening = clock.now() + timedelta(hours=9)
        for number in range(busy):
            clock.advance(timedelta(minutes=1, milliseconds=13))
            write(Event("risk.hint_given", Actor("data_manager", "dr-jones"),
                        {"permit": support.PERMIT, "today": number}))  # fmt: skip
        clock.advance(evening - clock.now())
        seal_day(ledger)
        sequence(ledger)
        found = [json.loads(ledger.entry("public", at)) for at in range(ledger.size("public"))]
    return found, naive


def test_naive_the_reader_sees_who_worked_when(tmp_path: Path) -> None:
    _, naive = _public(tmp_path / "a", busy=5)
    visits = [line for line in naive.lines if line["actor"] == "dr-jones"]
    assert len(visits) == 5
    assert all(re.search(r":\d\d\.\d{3}", line["at"]) for line in visits)


def test_ours_the_reader_sees_roles_hours_and_no_sealed_event(tmp_path: Path) -> None:
    found, _ = _public(tmp_path / "a", busy=5)
    text = json.dumps(found)
    assert "dr-jones" not in text
    assert "jane" not in text
    assert {entry["role"] for entry in found} <= set(ROLES)
    assert all(entry["at"].endswith(":00:00.000Z") for entry in found)
    assert {TYPES[entry["type"]].log for entry in found} == {"public"}


def test_ours_the_volume_of_the_sealed_log_does_not_show(tmp_path: Path) -> None:
    """A quiet day and a busy one look alike but for one opaque root."""
    quiet, naive_quiet = _public(tmp_path / "quiet", busy=0)
    busy, naive_busy = _public(tmp_path / "busy", busy=40)
    assert len(naive_quiet.lines) != len(naive_busy.lines)

    def shape(entries: list[dict[str, Any]]) -> list[dict[str, Any]]:
        return [{k: v for k, v in entry.items() if k != "root"} for entry in entries]

    assert shape(quiet) == shape(busy)
    assert not any("size" in key for entry in busy for key in entry)


def test_ours_nobody_chooses_the_log_when_writing() -> None:
    sealed = {"job.submitted", "job.started", "job.ended", "outputs.collected",
              "outputs.check_begun", "reference.brought",
              "release.authorised", "release.refused", "release.abandoned", "release.opened",
              "release.refresh_asked", "release.refreshed",
              "release.planned", "release.person_asked", "risk.hint_given", "key.created",
              "key.rotated", "key.retired", "key.destroyed", "choices.applied",
              "separation.accepted", "attack.authorised", "attack.begun", "attack.ended",
              "attack.withdrawn", "backup.made", "backup.restored",
              "application.sent", "application.withdrawn", "application.lapsed",
              "application.screened", "application.queried", "application.answered",
              "decision.appealed", "evidence.checked", "advice.given", "conflict.declared",
              "vote.opened", "vote.cast", "vote.closed", "question.asked", "question.ended",
              "agenda.moved", "route.proposed", "route.called_in", "signers.named",
              "account.identity_linked",
              "account.identity_ended", "account.closed", "account.reopened",
              "account.signed_out", "account.accredited", "account.organisation_set",
              "application.handled", "evidence.handed_in", "assessment.handled",
              "panel.step_taken", "panel.meeting_called", "panel.meeting_noted",
              "agreement.change_asked", "agreement.resumed", "agreement.in_force",
              "framework.offered", "framework.accepted", "framework.ended", "closing.owed",
              "closing.certificate_sent", "closing.moved",
              "workshop.held", "workshop.recorded", "assessment.route_taken", "panel.voted",
              "agreement.offered", "agreement.accepted", "agreement.ended", "review.accepted",
              "review.sent", "review.moved",
              "release.signed_off", "release.sent_back",
              "output.submitted", "output.moved", "output.approved", "output.refused",
              "output.downloaded", "publication.imported",
              "act.recorded", "act.used", "act.void", "service.brought_back",
              "account.signed_in", "account.role_given", "account.role_ended",
              "account.token_made", "account.token_ended",
              "noise.spent", "noise.drawn", "standing.proposed", "standing.given_up",
              "choice.recorded", "choice.loss_accepted", "person.answered", "person.provider_set",
              "notice.moved",
              "concern.received", "concern.moved", "concern.answered"}  # fmt: skip
    public = {"trust.policy_set", "trust.policy_changed", "trust.policy_withdrawn",
              "ledger.key_added", "ledger.key_retired", "roster.changed", "roster.withdrawn",
              "permit.issued", "permit.paused", "permit.suspended",
              "permit.resumed", "permit.superseded", "permit.revoked", "permit.closed",
              "permit.reviewed", "notice.published", "notice.taken_down",
              "output.released", "output.recalled",
              "release.completed", "release.data_key_destroyed", "project.key_destroyed",
              "ledger.epoch_begun", "sealed.root",
              "rules.published", "levels.published", "application.decided", "decision.set_aside",
              "appeal.dismissed", "decision.final", "agenda.minuted",
              "assessment.published", "assessment.redacted",
              "panel.answered",
              "officer.countersigned", "officer.stopped", "closing.certified",
              "closing.without_certificate", "catalogue.described",
              "feasibility.frozen", "noise.budget_set", "noise.people_budget_set",
              "standing.approved", "standing.ended"}  # fmt: skip
    assert {name for name, row in TYPES.items() if row.log == "sealed"} == sealed
    assert {name for name, row in TYPES.items() if row.log == "public"} == public
    assert "log" not in Event.__dataclass_fields__
