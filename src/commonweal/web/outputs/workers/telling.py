"""What the ledger and the airlock's store say of outputs, told to the pages.

The state of an output is worked out anew each time (`governance.outputs.standing`); a row that
somebody changed is told right again. Whatever was found goes into `ReviewPapers`, which only
reviewers' pages read, and is removed once the turn has ended (S6).
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from django.db import transaction
from django.db.models import Q

from commonweal.airlock.leaving.freezing import find_frozen
from commonweal.airlock.leaving.giving import RECALL
from commonweal.airlock.leaving.store import DECISION, OutputStore, Submitted, is_id
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.foundation.files import read_bytes
from commonweal.governance.outputs import for_author
from commonweal.ledger.outputs import OutputEvent
from commonweal.papers.output_manifest import OutputDecision, OutputRecall
from commonweal.vault.custody import Custody
from commonweal.vault.custody.output_ground import OutputGround
from commonweal.web.config import clock
from commonweal.web.outputs import services
from commonweal.web.outputs.models import Output, ReviewPapers
from commonweal.web.outputs.policies import ENDED, JUDGED, LEFT
from commonweal.web.outputs.study_code import is_of
from commonweal.web.outputs.wishes import authors_view, runs_out
from commonweal.web.outputs.workers.changes import STEPS, Changed, Changes
from commonweal.web.outputs.workers.contents import tell_contents
from commonweal.web.outputs.workers.papers import code_of, earlier_of, tables_of
from commonweal.web.outputs.workers.releasing import last_refusal, stirred
from commonweal.wiring.outputs import Stands, resumed, stands, store_of

LOOK = timedelta(minutes=1)
"""How often those that go on are looked at where nothing was written: time alone ends some."""
_AGAIN = {"find_stale": "stale", "find_changed": "changed"}
"""Steps after which the same turn has to be checked anew, and what its author is told."""


class Telling:
    """Tells of outputs whenever the ledger has grown: of those that it has grown about.

    From time to time of all that have not ended, since time alone ends some; and when the worker
    begins, of every one.
    """

    def __init__(self) -> None:
        self._changes = Changes()
        self._seen: object = None
        self._left: set[str] = set()
        self._since: datetime | None = None
        self._again: datetime | None = None

    def __call__(self, custody: Custody) -> int:
        """How many rows changed."""
        newest, now = stirred(custody), clock.now()
        on_time = self._again is None or now >= self._again
        if newest == self._seen and not on_time:
            return 0
        changed = self._changes.read(custody)
        self._left |= self._names(changed, on_time=on_time)
        told = 0
        if on_time:
            store = resumed(custody)
            told += _forget_unsigned(store, self._changes.events)
            self._again = now + LOOK
        told += _tell_some(custody, sorted(self._left), self._changes)
        self._left, self._seen, self._since = set(), newest, now
        return told

    def _names(self, changed: Changed, *, on_time: bool) -> set[str]:
        """What has to be told of now. An order that ended can change how its output stands and
        write nothing on the ledger."""
        if changed.all:
            return set(self._changes.events)
        names = changed.outputs | services.outputs_ended_since(self._since)
        if changed.permits:
            permits = sorted(changed.permits)
            about = Output.objects.filter(Q(permit__in=permits) | Q(living__in=permits))
            names |= set(about.values_list("reference", flat=True))
        if on_time:
            going_on = Output.objects.exclude(state__in=ENDED)
            names |= set(going_on.values_list("reference", flat=True))
        return names


def _tell_some(custody: Custody, names: Iterable[str], changes: Changes) -> int:
    """Bring the rows of these outputs in line with ledger and store; how many changed.

    An output that cannot be read is left as it was told; nothing of it can leave either.
    """
    store, ground, changed = store_of(custody), OutputGround(custody), 0
    for output in names:
        events = changes.events.get(output)
        if events is None or not is_id(output) or not store.turns(output):
            continue
        with contextlib.suppress(CommonwealError):
            found = store.read(output)
            here = _Here(custody, store, ground, found, events)
            changed += _tell(here, stands(store, ground, found, tuple(events)))
    return changed


@dataclass(frozen=True)
class _Here:
    """One output: its newest turn that was signed, and its events on the ledger."""

    custody: Custody
    store: OutputStore
    ground: OutputGround
    found: Submitted
    events: list[OutputEvent]

    @property
    def last(self) -> OutputEvent:
        """The last step."""
        return [one for one in self.events if one.type in STEPS][-1]

    @property
    def submitted_at(self) -> datetime:
        """When this turn was submitted."""
        return [one for one in self.events if one.type == "output.submitted"][-1].at


def _tell(here: _Here, now: Stands) -> int:
    manifest = here.found.manifest
    with transaction.atomic():
        row = Output.objects.select_for_update().filter(reference=manifest.id).first()
        if row is not None and _waits_unsigned(here.store, row, manifest.digest()):
            return 0
        before = None if row is None else _image(row)
        row = row or Output(reference=manifest.id)
        same = row.digest == manifest.digest()
        row.state = _state(here, now)
        row.told = _told(here, now, row.state, row.told if same else None)
        _fill(here, row)
        changed = before != _image(row)
        if changed:
            row.save()
        return int(_tell_papers(here, now, row) or changed)


def _state(here: _Here, now: Stands) -> str:
    """As the ledger says; what is approved and has not left yet is `approved`."""
    if now.state == "draft" and here.last.fields.get("step") in _AGAIN:
        return "returned"
    approved = now.decision is not None and now.decision.outcome == "approved"
    return "approved" if now.state == "consolidating" and approved else now.state


def _told(here: _Here, now: Stands, state: str, before: Any) -> Any:
    """What its author reads. Nothing before people have decided (S6)."""
    if state in JUDGED:
        return None
    again = _AGAIN.get(str(here.last.fields.get("step")))
    if again is not None:
        return {"output": here.found.manifest.id, "outcome": again, "reasons": [], "words": []}
    if now.decision is not None and (told := for_author(now.decision, now.votes)) is not None:
        return told
    if state in LEFT and before is None:
        return {"output": here.found.manifest.id, "outcome": "approved", "reasons": [],
                "words": []}  # fmt: skip
    return before


def _fill(here: _Here, row: Output) -> None:
    manifest = here.found.manifest
    has_left = row.state in LEFT
    row.permit, row.project, row.job = manifest.permit, manifest.project, manifest.job or ""
    row.author, row.title, row.turn = manifest.author, manifest.title, manifest.turn
    row.digest, row.expires_at = manifest.digest(), runs_out(manifest)
    row.manifest = authors_view(manifest, has_left=has_left)
    permit, living = here.ground.permit(manifest.permit), here.ground.living(manifest.permit)
    row.living, row.takers = living.id, [one.id for one in living.people]
    row.members = [one.id for one in permit.people]
    row.members += [one for one in row.takers if one not in row.members]
    row.waits_since = here.submitted_at if row.state in JUDGED else None
    row.ended_at = _ended_at(here, row)
    row.public = _public(here) if has_left else None
    row.recall = _recalled(here) if row.state == "recalled" else ""


def _ended_at(here: _Here, row: Output) -> datetime | None:
    if row.state == "expired" and here.last.type == "output.submitted":
        return runs_out(here.found.manifest)
    return here.last.at if row.state in (*ENDED, "returned") else None


def _public(here: _Here) -> dict[str, Any]:
    """What the register shows, of the decision with which it left. Raises what reading raises."""
    manifest = here.found.manifest
    path = here.store.released / manifest.id / DECISION
    plain = parse_json(read_bytes(path, "The decision"), "The decision")
    decision = OutputDecision.read(plain, "The decision", "CW-LEAVING-STORE")
    left = next(one for one in here.events if one.type == "output.released")
    if decision.digest() != left.details["decision"]:
        raise Refused("CW-LEAVING-STORE", "An output left with another decision.")
    return manifest.public_projection(decision.overrides)


def _recalled(here: _Here) -> str:
    """The reasons of a recall, as the ledger names them by their hash."""
    path = here.store.released / here.found.manifest.id / RECALL
    paper = OutputRecall.read(
        parse_json(read_bytes(path, "The recall"), "The recall"), "The recall", "CW-LEAVING-STORE"
    )
    if paper.digest() != here.last.fields["reasons_hash"]:
        raise Refused("CW-LEAVING-STORE", "A recall is not the one that the ledger names.")
    return paper.reasons


def _image(row: Output | ReviewPapers) -> dict[str, Any]:
    return {field.attname: getattr(row, field.attname) for field in row._meta.concrete_fields}


# --- turns that nobody has signed yet -----------------------------------------------------------


def _waits_unsigned(store: OutputStore, row: Output, signed: str) -> bool:
    """True for a row that tells of a frozen turn which its author has not signed yet."""
    if row.state != "draft" or row.digest == signed:
        return False
    return _is_frozen(store, row)


def _is_frozen(store: OutputStore, row: Output) -> bool:
    try:
        find_frozen(store, row.reference, row.digest)
    except Refused:
        return False
    return True


def _forget_unsigned(store: OutputStore, known: Mapping[str, object]) -> int:
    """Remove rows of first turns that nobody signed in time: nothing of them is kept either."""
    gone = [
        row.pk for row in Output.objects.filter(state="draft")
        if row.reference not in known and not _is_frozen(store, row)
    ]  # fmt: skip
    removed, _ = Output.objects.filter(pk__in=gone).delete() if gone else (0, {})
    return removed


# --- what reviewers read --------------------------------------------------------------------------


def _tell_papers(here: _Here, now: Stands, row: Output) -> bool:
    """Papers of a turn that waits for people; none of any other. True where that changed."""
    if row.state not in (*JUDGED, "approved"):
        removed, _ = ReviewPapers.objects.filter(output=row).delete()
        return bool(removed)
    papers = ReviewPapers.objects.filter(output=row).first() or ReviewPapers(output=row)
    before, manifest, found = _image(papers), here.found.manifest, here.found
    # After a restart of the machine nothing of it can be opened, so it is told as a whole; so is
    # what somebody changed in the database.
    same = papers.manifest == manifest.plain() and papers.is_whole()
    # So is code that was not on the shelf, or not as it ran: it may be there again.
    told = is_of(papers.code, manifest.study) and bool(papers.code) == (manifest.study is not None)
    anew = not (same and told)
    if anew:
        papers.manifest = manifest.plain()
        papers.tables, papers.earlier = tables_of(found), earlier_of(here.store, found)
        papers.code = {} if manifest.study is None else code_of(here.custody, manifest.study)
    papers.members = [manifest.author, *row.members]
    papers.findings = found.findings.plain()
    refused = last_refusal(here.events)
    papers.refused = "" if refused is None else str(refused.fields.get("code", ""))
    papers.votes = [
        {"act": one.act, "by": one.reviewer, "entry": one.entry, "review": one.review.plain()}
        for one in now.votes
    ]  # fmt: skip
    if before == _image(papers):
        return False
    papers.turn, papers.told_at = manifest.turn, clock.now()
    papers.save()
    if anew:
        tell_contents(papers, found)
    return True
