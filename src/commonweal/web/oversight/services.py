"""Who is shown how, what members write of their interests, and who publishes it for them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db import transaction

from commonweal.foundation.errors import Refused
from commonweal.foundation.london import london_day
from commonweal.governance.committee.membership import Seat
from commonweal.governance.publishing.scanning import scan
from commonweal.governance.roles import LAY, ROLE_WORDS, VOTING
from commonweal.web.accounts.models import User
from commonweal.web.committee.minutes import HELD
from commonweal.web.committee.models import Meeting
from commonweal.web.committee.policies import CHAIR, SECRETARY, check_role, members, roles_of
from commonweal.web.config import clock
from commonweal.web.config.turns import Turn, turn
from commonweal.web.oversight.models import PublicFace
from commonweal.web.register.asked import stopped

PUBLISHING = frozenset({CHAIR, SECRETARY})
"""Who lets everybody read what a member wrote; never what they wrote themselves."""
YEAR = timedelta(days=365)
MOST_MEETINGS = 60
MOST_LETTERS = 2_000


@dataclass(frozen=True)
class Shown:
    """One member as everybody sees them. `name`: None where the role alone is shown."""

    name: str | None
    role: str
    lay: bool
    since: date
    until: date | None
    interests: str
    asked_on: date | None
    came: int
    held: int


def sitting() -> list[Shown]:
    """Who sits on the committee today, the chair first; nobody before the home adopted its list.

    Three questions to the database, however many members there are.
    """
    try:
        seats = members().sitting(clock.now())
    except Refused:
        return []
    people = {one.public_id: one.pk for one in User.objects.filter(
        public_id__in=[seat.person for seat in seats]
    )}  # fmt: skip
    faces = {one.pk: one for one in PublicFace.objects.filter(pk__in=people.values())}
    held = _meetings()
    shown = [_shown(seat, faces.get(people.get(seat.person, 0)), held) for seat in seats]
    order = {"committee_chair": 0, "committee_member": 1, "committee_lay": 2}
    by_role = {ROLE_WORDS[role]: place for role, place in order.items()}  # type: ignore[index]
    # Those without a name stand in no order that says who they are.
    return sorted(shown, key=lambda one: (by_role[one.role], one.name is None, one.name or "",
                                          one.since, one.interests))  # fmt: skip


def _meetings() -> list[tuple[date, frozenset[str]]]:
    """The meetings of the last year, and who was there."""
    rows = Meeting.objects.filter(
        route="committee", state__in=HELD, held_at__gte=clock.now() - YEAR
    ).order_by("-held_at", "-id")
    found = rows.values_list("held_at", "present")[:MOST_MEETINGS]
    return [(london_day(at), frozenset(there)) for at, there in found]


def _shown(
    seat: Seat, face: PublicFace | None, meetings: list[tuple[date, frozenset[str]]]
) -> Shown:
    lay = seat.role in LAY
    since = [there for day, there in meetings if seat.holds_on(day)]
    told = face is not None and face.published_at is not None
    return Shown(
        name=seat.name if not lay or (face is not None and face.by_name) else None,
        role=ROLE_WORDS[seat.role],
        lay=lay,
        since=seat.first_day,
        until=seat.last_day,
        interests=face.interests if face is not None and told else "",
        asked_on=london_day(face.published_at) if face is not None and face.published_at else None,
        came=sum(seat.person in there for there in since),
        held=len(since),
    )


# --- a member's own page --------------------------------------------------------------------------


def check_member(person: Any) -> bool:
    """True for a lay member, False for another one. Raises `Fault` CW-WEB-NOT-FOUND."""
    return bool(check_role(person, VOTING) & LAY)


def face_of(person: User) -> PublicFace:
    """How a person is shown; a new row where nothing was said yet, which is not saved."""
    return PublicFace.objects.filter(person=person).first() or PublicFace(person=person)


def save_face(person: User, *, by_name: bool, interests: str) -> bool:
    """Keep what a member chose, and let their words wait for a second person. True if they wait.

    Raises `Refused` CW-OVERSIGHT-TEXT, `Fault` CW-WEB-NOT-FOUND.
    """
    lay = check_member(person)
    words = interests.replace("\r\n", "\n").strip()
    if len(words) > MOST_LETTERS:
        raise Refused("CW-OVERSIGHT-TEXT", f"Write at most {MOST_LETTERS:,} letters.")
    with transaction.atomic():
        row, _ = PublicFace.objects.select_for_update().get_or_create(person=person)
        row.by_name = by_name and lay
        if words == row.interests and row.published_at is not None:
            row.sent, row.sent_at, row.advice = "", None, ""
        elif words != row.sent:
            row.sent, row.sent_at, row.advice = words, clock.now(), ""
        row.save()
    return bool(row.sent)


# --- the second person ----------------------------------------------------------------------------


def check_publisher(person: Any) -> None:
    """Refuse who does not publish. Raises `Fault` CW-WEB-NOT-FOUND."""
    check_role(person, PUBLISHING)


def waiting_for(person: User) -> list[PublicFace]:
    """What `person` can publish: what others wrote, the oldest first."""
    rows = PublicFace.objects.exclude(sent="").exclude(person=person).filter(advice="")
    return list(rows.select_related("person"))


def found_in(words: str) -> list[str]:
    """What the scan finds in a text, as sentences for who publishes it; each once."""
    found = scan(words, cites=False)
    return list(dict.fromkeys(f"{one.sentence} ({one.words})" for one in found))


def publish(person: User, of: str, seen: str) -> None:
    """Let everybody read what the member `of` wrote. `seen`: the words that were on the page.

    Raises `Refused` CW-OVERSIGHT-TEXT, `Fault` CW-WEB-NOT-FOUND.
    """
    check_publisher(person)
    with transaction.atomic():
        row = _waiting(person, of, seen)
        if stopped(row.sent):
            raise Refused("CW-OVERSIGHT-TEXT", "This may be about a patient, or says how to reach "
                          "somebody. Send it back, and say what to leave out.")  # fmt: skip
        row.interests, row.published_at, row.published_by = row.sent, clock.now(), person
        row.sent, row.sent_at = "", None
        row.save()


def send_back(person: User, of: str, seen: str, advice: str) -> None:
    """Ask the member `of` for other words. Raises as `publish`."""
    check_publisher(person)
    said = advice.replace("\r\n", "\n").strip()
    if not 1 <= len(said) <= MOST_LETTERS:
        raise Refused("CW-OVERSIGHT-TEXT", "Say what the member should change.")
    with transaction.atomic():
        row = _waiting(person, of, seen)
        row.advice = said
        row.save()


def _waiting(person: User, of: str, seen: str) -> PublicFace:
    rows = PublicFace.objects.select_for_update(of=("self",)).select_related("person")
    row = rows.filter(person__public_id=of, advice="").exclude(sent="").first()
    if row is None or row.sent != seen.replace("\r\n", "\n"):
        raise Refused("CW-OVERSIGHT-TEXT", "These words do not wait any more. Look again.")
    if row.person_id == person.pk:
        raise Refused("CW-OVERSIGHT-TEXT", "Somebody else has to publish what you wrote.")
    return row


def waiting(person: User, day: date) -> Iterator[Turn]:
    """What waits for a person: words to publish, and to say how one wants to be shown."""
    held = roles_of(person, day)
    if held & PUBLISHING and waiting_for(person):
        yield turn("Publish what members wrote of their interests", "", "oversight:interests")
    if held & VOTING:
        row = face_of(person)
        if row.advice:
            yield turn("Change what you wrote of your interests", "", "oversight:me")
        elif row.published_at is None and not row.sent:
            yield turn("Say which interests you have", "", "oversight:me")
