"""Use cases of texts for the public, one transaction each; each with its event on the ledger."""

from __future__ import annotations

from collections.abc import Collection
from datetime import date
from typing import Any

from django.conf import settings
from django.db import transaction

from commonweal.foundation.canonical import digest
from commonweal.foundation.errors import Refused
from commonweal.foundation.london import london_day
from commonweal.governance.publishing.scanning import scan
from commonweal.governance.roles import RoleName
from commonweal.governance.states.notice import NOTICE
from commonweal.ledger.entry import Actor, Event
from commonweal.web.accounts.models import User
from commonweal.web.config import clock
from commonweal.web.ledgerlink.services import govern
from commonweal.web.publishing.models import Notice
from commonweal.web.publishing.policies import check_write, found_in, role_for, stops
from commonweal.web.register.left import left_of
from commonweal.web.register.presenters import entry_or_none


def _locked(notice: Notice) -> Notice:
    return Notice.objects.select_for_update(of=("self",)).get(pk=notice.pk)


def _step(person: User, notice: Notice, action: str, *, met: Collection[str] = ()) -> RoleName:
    """Take a step of the machine on a locked row; the caller sets the rest, and governs it."""
    role = role_for(person, notice, action, london_day(clock.now()))
    notice.state = NOTICE.check_step(notice.state, action, role, met=met)
    return role


def _moved(person: User, role: RoleName, notice: Notice, step: str) -> Event:
    fields = {"notice": notice.reference, "step": step}
    return Event("notice.moved", Actor(role, person.public_id), fields)


def public_text(notice: Notice) -> dict[str, Any]:
    """What everybody may read of a text; the log has the hash of its canonical form."""
    return {
        "notice": notice.reference,
        "kind": notice.kind,
        "happened_on": notice.happened_on.isoformat(),
        "title": notice.title,
        "text": notice.text,
        "permit": notice.permit,
        "output": notice.output,
    }


def text_hash(notice: Notice) -> str:
    """The hash of a text as the public log has it."""
    return digest(public_text(notice))


# --- writing ----------------------------------------------------------------------------------


def write(
    person: User, notice: Notice | None = None, seen: str | None = None, **said: Any
) -> Notice:
    """Write a new text, or write on one that is not given to anybody yet.

    `said`: kind, happened_on, title, text, permit, output. `seen`: the hash of the text that the
    person began from; None for whoever did not read it before. Raises `Fault` CW-WEB-NOT-FOUND,
    `Refused` CW-STATE-STEP, CW-NOTICE-PROJECT, CW-NOTICE-OUTPUT, and CW-NOTICE-CHANGED where
    somebody else has written on it since.
    """
    check_write(person, clock.today())
    check_about(said["permit"], said["output"], said["happened_on"])
    with transaction.atomic():
        if notice is None:
            fresh = Notice(written_by=person, written_at=clock.now())
        else:
            fresh = _locked(notice)
            if seen is not None and text_hash(fresh) != seen:
                raise Refused(
                    "CW-NOTICE-CHANGED",
                    "Somebody has changed the text since you opened it.",
                    remedy="What you wrote is still here. Look at theirs; if you save again, yours "
                    "takes its place.",
                )
        role = role_for(person, fresh, "offer", clock.today())
        for name, value in said.items():
            setattr(fresh, name, value)
        fresh.writers = sorted({*fresh.writers, person.public_id})
        fresh.written_by, fresh.written_at = person, clock.now()
        govern(_moved(person, role, fresh, "write"), fresh)
    return fresh


def check_about(permit: str, output: str, happened_on: date) -> None:
    """Refuse what the public cannot look up: no such project, no such output, a day to come."""
    if happened_on > clock.today():
        raise Refused("CW-NOTICE-DAY", "The day lies in the future.")
    if output and not permit:
        raise Refused("CW-NOTICE-PROJECT", "Say of which project the released output is.")
    if not permit:
        return
    entry = entry_or_none(permit)
    if entry is None:
        raise Refused("CW-NOTICE-PROJECT", "There is no project of this name in the public list.")
    if output:
        one = left_of(entry).one(output)
        if one is None or one.recalled is not None:
            raise Refused(
                "CW-NOTICE-OUTPUT",
                "No output of this name has left this project, or it was taken back.",
            )


def offer(person: User, notice: Notice) -> None:
    """Give a text to a second person. Raises CW-STATE-GUARD while something in it stops it."""
    with transaction.atomic():
        fresh = _locked(notice)
        role = _step(person, fresh, "offer", met=_nothing_stops(fresh))
        fresh.back = ""
        govern(_moved(person, role, fresh, "offer"), fresh)


def send_back(person: User, notice: Notice, why: str) -> None:
    """Send a text back to its writer."""
    with transaction.atomic():
        fresh = _locked(notice)
        role = _step(person, fresh, "send_back")
        fresh.back = why
        govern(_moved(person, role, fresh, "send_back"), fresh)


def drop(person: User, notice: Notice) -> None:
    """Drop a text that nobody outside has read."""
    with transaction.atomic():
        fresh = _locked(notice)
        role = _step(person, fresh, "drop")
        govern(_moved(person, role, fresh, "drop"), fresh)


# --- publishing -------------------------------------------------------------------------------


def publish(person: User, notice: Notice, fine: str, *, seen: str) -> None:
    """Publish a text that somebody else wrote. `fine`: why what was found in it is fine.

    `seen`: the hash of the text that the person read: if it has changed since, they read it again.
    Raises `Refused` CW-STATE-STEP, -ROLE, -GUARD, CW-NOTICE-PROJECT or CW-NOTICE-OUTPUT.
    """
    with transaction.atomic():
        fresh = _locked(notice)
        if text_hash(fresh) != seen:
            raise Refused("CW-STATE-STEP", "The text has changed since you opened it.")
        found = found_in(fresh, settings.HOME.custodian)
        looked = not stops(found) and (bool(fine.strip()) or not found)
        role = _step(person, fresh, "publish", met={"second_person_looked"} if looked else ())
        check_about(fresh.permit, fresh.output, fresh.happened_on)
        fresh.fine, fresh.published_by, fresh.published_at = fine, person, clock.now()
        about = {"permit": fresh.permit} if fresh.permit else {}
        fields = {"notice": fresh.reference, "kind": fresh.kind, "text_hash": text_hash(fresh)}
        govern(Event("notice.published", Actor(role, person.public_id), {**fields, **about}), fresh)


def take_down(person: User, notice: Notice, reasons: str) -> None:
    """Take a published text down; everybody can read why.

    Taking down cannot wait for a second person. So its reasons hold nothing that the rules find.
    Raises `Refused` CW-NOTICE-REASONS, CW-STATE-STEP, -ROLE or -GUARD.
    """
    if scan(reasons, cites=False, known=(settings.HOME.custodian,)):
        raise Refused(
            "CW-NOTICE-REASONS",
            "Something in the reasons looks like a person, a number or a way to reach somebody.",
            remedy="Say it without; nobody else looks at these words before they are public.",
        )
    with transaction.atomic():
        fresh = _locked(notice)
        met = {"reasons_published"} if reasons.strip() else ()
        role = _step(person, fresh, "take_down", met=met)
        fresh.reasons, fresh.taken_down_at = reasons, clock.now()
        fields = {"notice": fresh.reference, "text_hash": text_hash(fresh),
                  "reasons_hash": digest({"reasons": reasons})}  # fmt: skip
        govern(Event("notice.taken_down", Actor(role, person.public_id), fields), fresh)


def _nothing_stops(notice: Notice) -> set[str]:
    return set() if stops(found_in(notice, settings.HOME.custodian)) else {"nothing_stops_text"}
