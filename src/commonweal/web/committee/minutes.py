"""Minutes: made from what was recorded, so that nobody writes them from memory.

Who was there and who was not, what was on the agenda, who took no part because of a conflict, what
was decided and why, and what others thought, without saying whose it is. The secretary adds words;
the chair agrees the minutes at a later meeting. The public version counts lay members and
questions, and names nobody and repeats nothing of these.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.db.models import Q

from commonweal.foundation.canonical import digest
from commonweal.foundation.errors import Refused
from commonweal.governance.committee.conflicts import excluded, minute
from commonweal.governance.committee.decision import headline
from commonweal.governance.committee.membership import missed_in_a_row
from commonweal.governance.roles import ROLE_WORDS
from commonweal.ledger.entry import Actor, Event
from commonweal.web.accounts.models import User
from commonweal.web.applications.contents import fingerprint
from commonweal.web.applications.services import paper_of
from commonweal.web.committee.models import Item, Meeting
from commonweal.web.committee.policies import (
    CHAIR,
    SECRETARY,
    SITTING,
    check_role,
    members,
    standings,
)
from commonweal.web.committee.services import decision_paper, declarations_of
from commonweal.web.config import clock
from commonweal.web.config.rules import rules_in_force
from commonweal.web.ledgerlink.services import govern

HELD = ("ended", "minutes_sent", "minuted")
"""States of a meeting that was held."""
MOST = 60
"""How many meetings back a member's absence is looked for."""


@dataclass(frozen=True)
class Minutes:
    """`there`, `absent`: lines about members; `lay`: how many lay members were there.

    `items`: plain rows of what was on the agenda. `words`: what the secretary added. `reported`:
    plain rows of what was decided without the whole committee since the meeting before.
    """

    there: tuple[str, ...]
    absent: tuple[str, ...]
    lay: int
    items: tuple[Mapping[str, Any], ...]
    words: str
    reported: tuple[Mapping[str, Any], ...] = ()

    def plain(self) -> dict[str, Any]:
        """What the ledger commits to once the minutes are agreed: the public version."""
        kept = ("title", "reference", "conflicts", "headline", "reasons", "conditions", "dissent",
                "questions", "put_off")  # fmt: skip
        told = {"reported": [dict(one) for one in self.reported]} if self.reported else {}
        return told | {
            "minutes": 1,
            "there": list(self.there),
            "lay": self.lay,
            "items": [{name: one.get(name) for name in kept} for one in self.items],
            "words": self.words,
        }


def minutes_of(meeting: Meeting, *, named: bool) -> Minutes:
    """The minutes as they stand. `named`: for members: lay members and who took no part by name."""
    seats = members().sitting(meeting.held_at)
    lay = [one for one in seats if one.role == "committee_lay"]
    told = [one for one in seats if named or one not in lay]
    there = [one for one in told if one.person in meeting.present]
    absent = [one for one in told if one.person not in meeting.present]
    # What was put off stands in the record, though its item may wait under this meeting still.
    rows = meeting.items.exclude(state="postponed").select_related("version__application")
    items = list(rows.order_by("id"))
    names = {one.person: one.name for one in seats}
    return Minutes(
        tuple(f"{one.name}, {ROLE_WORDS[one.role]}" for one in there),
        tuple(f"{one.name}, {ROLE_WORDS[one.role]}" for one in absent) if named else (),
        sum(one.person in meeting.present for one in lay),
        (*meeting.record, *(_row(one, names if named else {}) for one in items)),
        meeting.minutes,
        tuple(_reported(to_report(meeting), named=named)),
    )


REPORTED = {
    "decided": "Decided.",
    "waiting": "Decided. Any member can still call it in.",
    "left": "It was left as the whole committee had decided.",
}
"""What a meeting hears of an item that was not decided at a meeting, by the item's state."""


def to_report(meeting: Meeting) -> list[Item]:
    """What was decided without the whole committee since the meeting before this one."""
    before = Meeting.objects.filter(
        route="committee", held_at__lt=meeting.held_at, state__in=HELD
    ).last()
    rows = Item.objects.exclude(meeting__route="committee").filter(
        state__in=sorted(REPORTED), closed_at__lte=meeting.held_at
    )
    if before is not None:
        rows = rows.filter(closed_at__gt=before.held_at)
    return list(rows.select_related("version__application", "meeting").order_by("id"))


def _reported(items: Sequence[Item], *, named: bool) -> Iterator[dict[str, Any]]:
    """What was reported. The public reads of what waits only once it counts."""
    for one in items:
        if named or one.state != "waiting":
            who = "By the chair with lay members" if one.meeting.route == "chair" else "By a few"
            yield {
                "title": one.title,
                "reference": one.version.application.reference,
                "words": f"{who}. {REPORTED[one.state]}",
            }


def _row(item: Item, names: Mapping[str, str]) -> dict[str, Any]:
    paper = paper_of(item.version)
    out = excluded(declarations_of(item.version), item.version.digest, paper.involved)
    there = [one for one in item.meeting.present if one in out]
    found = {
        "item": item.pk,
        "title": item.title,
        "reference": item.version.application.reference,
        "state": item.state,
        "conflicts": minute(len(there)),
        "took_no_part": sorted(names[one] for one in there if one in names),
        "asked": [
            {"words": one.words, "answers": [said["words"] for said in one.answers]}
            for one in item.questions.all() if one.state != "taken_back"
        ],
        "put_off": item.state != "decided",
    }  # fmt: skip
    found["questions"] = len(found["asked"])
    row = item.version.decisions.filter(
        published_at__isnull=False, made_at__gte=item.opened_at
    ).last() if item.opened_at and item.state == "decided" else None  # fmt: skip
    if row is None:
        return found
    made = decision_paper(row)
    return found | {
        "headline": headline(made), "decision": row.reference, "reasons": list(made.reasons),
        "conditions": list(made.conditions), "dissent": list(made.dissent),
    }  # fmt: skip


def keep_on_record(item: Item) -> None:
    """Write down on a meeting what leaves its agenda undecided. In a transaction."""
    kept = _row(item, {}) | {"put_off": True}
    kept.pop("took_no_part")
    item.meeting.record = [*item.meeting.record, kept]
    item.meeting.save(update_fields=["record"])


def hidden_from(person: User, found: Minutes) -> Minutes:
    """The minutes for one member: who has a conflict sees no question of that case."""
    rows = Item.objects.filter(pk__in=[one["item"] for one in found.items])
    known = standings(person, rows.select_related("version__application", "meeting"))
    return replace(found, items=tuple(
        one if one["item"] in known and known[one["item"]].reads else {**one, "asked": []}
        for one in found.items
    ))  # fmt: skip


# --- writing and agreeing -----------------------------------------------------------------------


MAX_WORDS = 50_000
"""So many characters a secretary can add."""


def add_words(person: User, meeting: Meeting, words: str, seen: str) -> None:
    """What the secretary adds; `seen`: what the page showed, as a fingerprint.

    Raises `Refused` CW-STATE-ROLE, CW-STATE-STEP, and CW-COMMITTEE-MINUTES for more than
    `MAX_WORDS`, and where another wrote meanwhile.
    """
    if SECRETARY not in check_role(person, SITTING):
        raise Refused("CW-STATE-ROLE", "Only the secretary of the committee can do this.")
    with transaction.atomic():
        fresh = Meeting.objects.select_for_update().get(pk=meeting.pk, route="committee")
        if fresh.state != "ended":
            raise Refused("CW-STATE-STEP", "The minutes can be changed after the meeting only, and "
                          "not while members read them.")  # fmt: skip
        if len(words) > MAX_WORDS:
            raise Refused("CW-COMMITTEE-MINUTES", f"Write at most {MAX_WORDS:,} characters.")
        if words != fresh.minutes and seen != fingerprint(fresh.minutes):
            raise Refused(
                "CW-COMMITTEE-MINUTES",
                "Somebody else saved these minutes while you were writing. What they saved is "
                "above the box; yours is in it, and is not saved yet.",
            )
        fresh.minutes = words
        fresh.save(update_fields=["minutes"])


def check_agreed_later(meeting: Meeting) -> None:
    """Refuse to agree minutes before a later meeting is held. Raises `Refused` CW-STATE-GUARD."""
    later = Meeting.objects.filter(Q(state="open") | Q(state__in=HELD), route="committee")
    if not later.filter(held_at__gt=meeting.held_at).exists():
        raise Refused(
            "CW-STATE-GUARD",
            "Minutes are agreed at the next meeting.",
            remedy="Open that meeting first.",
        )


def agree(person: User, meeting: Meeting) -> None:
    """Write on the ledger which minutes were agreed. The meeting's row is saved by the caller."""
    meeting.minutes_agreed_at = clock.now()
    fields = {"minutes_hash": digest(minutes_of(meeting, named=False).plain())}
    govern(Event("agenda.minuted", Actor(CHAIR, person.public_id), fields))


# --- missed meetings ----------------------------------------------------------------------------


def often_absent() -> list[tuple[str, int]]:
    """Members who missed as many meetings in a row as the rules name, or more; and how many."""
    limit = rules_in_force().absence.missed_meetings
    rows = Meeting.objects.filter(route="committee", state__in=HELD).order_by("-held_at", "-id")
    held = list(rows.values_list("held_at", "present")[:MOST])[::-1]
    found = []
    for seat in members().sitting(clock.now()):
        since = [there for at, there in held if seat.holds_on(at.date())]
        missed = missed_in_a_row(since, seat.person)
        if missed >= limit:
            found.append((seat.name, missed))
    return found
