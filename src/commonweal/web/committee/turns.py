"""What waits for the committee, for those who answer its questions, and who hear appeals."""

from __future__ import annotations

from datetime import date

from django.db.models import Q

from commonweal.foundation.errors import Refused
from commonweal.web.accounts.models import User
from commonweal.web.committee.models import Appeal, Item, Meeting, Question, Vote
from commonweal.web.committee.policies import (
    ANSWERING,
    CHAIR,
    HEARING,
    SECRETARY,
    SITTING,
    Standing,
    roles_of,
    standings,
)
from commonweal.web.committee.shorter import late
from commonweal.web.config.turns import MOST, Turn, turn

_MEETS = ("planned", "papers_sent", "open")
_RUN = {
    "listed": "Begin with an application on the agenda",
    "declaring": "See whether everybody has declared",
    "discussing": "Lead the discussion, then open the vote",
    "deadlocked": "The votes came to no decision",
}
"""State of an item: what whoever runs the meeting does next."""


def waiting(person: User, day: date) -> list[Turn]:
    """What this person does next on agendas, with questions and with appeals."""
    held = roles_of(person, day)
    found: list[Turn] = []
    if held & SITTING:
        found += _items(person)
    if held & {SECRETARY, "ig_officer"}:
        found += [
            turn("Late: this was decided and is not published", one.title, "committee:item", one.pk)
            for one in late()[:MOST]
        ]
    if SECRETARY in held:
        found += [
            turn("Prepare a meeting", f"{one.held_at:%d %B %Y}", "committee:meeting", one.pk)
            for one in Meeting.objects.filter(state__in=("planned", "papers_sent"))[:MOST]
        ]
    if held & ANSWERING and Question.objects.filter(state="asked").exists():
        found.append(turn("Answer members' questions", "", "committee:questions"))
    if held & HEARING and Appeal.objects.filter(result="").exists():
        found.append(turn("Hear an appeal", "", "committee:appeals"))
    return found


def _items(person: User) -> list[Turn]:
    rows = Item.objects.filter(
        meeting__state__in=(*_MEETS, "ended"),
        state__in=(*_RUN, "voting", "closed"),
    ).filter(Q(version__application__state="with_committee") | Q(meeting__route="chair"))
    items = list(rows.select_related("version__application", "meeting")[:MOST])
    try:
        known = standings(person, items)
    except Refused:  # before the hospital adopted its list of people nobody votes
        return []
    voted = set(Vote.objects.filter(
        person=person, version__in=[one.version_id for one in items]
    ).values_list("version_id", "route", "round"))  # fmt: skip
    return [one for item in items for one in _item(person, item, known[item.pk], voted)]


def _item(
    person: User, item: Item, standing: Standing, voted: set[tuple[int, str, int]]
) -> list[Turn]:  # fmt: skip
    if standing.out:
        return []
    if standing.seat is not None and not standing.declared:
        if item.meeting.route == "chair":
            return []
        words = "Say whether you have a conflict of interest"
        return [turn(words, item.title, "committee:declare", item.pk)]
    if item.state == "voting":
        ballot = (item.version_id, item.meeting.route, item.round)
        votes = person.public_id in item.eligible and ballot not in voted
        return [turn("Vote", item.title, "committee:vote", item.pk)] if votes else []
    if item.state == "closed" and CHAIR in standing.roles and standing.takes_part:
        return [turn("Sign the decision", item.title, "committee:decide", item.pk)]
    if standing.records and item.state in _RUN:
        return [turn(_RUN[item.state], item.title, "committee:item", item.pk)]
    return []
