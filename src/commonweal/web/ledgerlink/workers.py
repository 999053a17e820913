"""Gives each intent of the service its place on the ledger: once, in order, across any crash.

There are two databases and no transaction over both. So the ledger itself remembers, in the
transaction that writes an event, which number of which service it was (`ledger.carrying`); what is
written here afterwards only repeats what the ledger knows. Cut off anywhere, the same numbers are
handed over again and get the same answer; two workers at once do no more than that.
"""

from __future__ import annotations

import logging
import secrets
import string
from collections.abc import Callable, Sequence
from typing import Any

from django.db import transaction

from commonweal.foundation.errors import CommonwealError
from commonweal.ledger.carrying import carried_by
from commonweal.ledger.entry import Actor, Event, read_entry
from commonweal.vault.custody import Custody, settle
from commonweal.vault.custody.carrying import carry_within
from commonweal.web.config import clock
from commonweal.web.ledgerlink.carry_on import Plan, note_known, plan
from commonweal.web.ledgerlink.models import Courier, Intent

BROUGHT_BACK = "service.brought_back"
AT_ONCE = 200
"""How many intents are handed over in one transaction of the ledger."""
_LOG = logging.getLogger("commonweal.web.ledgerlink")


def steps(room: str) -> Sequence[Callable[[Custody], int]]:
    """What the signer does: bring the service's events to the ledger."""
    return (place_intents,) if room == "signer" else ()


def place_intents(custody: Custody) -> int:
    """Hand over what has no place yet, oldest first; how many were placed.

    An intent that cannot be placed stops those after it and is named in the log; those before it
    keep their places. Raises what it is refused with.
    """
    if not Intent.objects.filter(placed_at__isnull=True).exists():
        if custody.ledger.intents_left():  # a worker was cut off before it came to the end
            settle(custody)
        return 0
    with transaction.atomic():
        # Held until the places are noted: nobody gives the database another name meanwhile.
        courier = held_courier().name
        rows = list(Intent.objects.filter(placed_at__isnull=True).order_by("pk")[:AT_ONCE])
        placed, failed = _hand_over(custody, courier, rows)
        _note_places(placed)
    settle(custody)
    if failed is not None:
        raise failed
    return len(placed)


def _hand_over(
    custody: Custody, courier: str, rows: Sequence[Intent]
) -> tuple[dict[int, int], CommonwealError | None]:
    """By intent the number it has on the ledger, up to the first that is refused; and why."""
    placed = dict[int, int]()
    with custody.ledger.transaction() as writing:
        for row in rows:
            try:
                placed[row.pk] = carry_within(custody, writing, courier, row.pk, row.event())
            except CommonwealError as error:
                _LOG.error(
                    "an intent is refused, and those after it wait",
                    extra={"intent": row.pk, "code": error.code},
                )
                return placed, error
    return placed, None


def _note_places(placed: dict[int, int]) -> None:
    with transaction.atomic():
        for pk, number in placed.items():
            waiting = Intent.objects.filter(pk=pk, placed_at__isnull=True)
            waiting.update(placed_at=clock.now(), ledger_intent=number)


def courier_name() -> str:
    """The name of the service's database on the ledger: random, made once.

    A database that was begun anew counts from 1 again, and under another name.
    """
    row, _ = Courier.objects.get_or_create(pk=1, defaults={"name": new_name()})
    return row.name


def held_courier() -> Courier:
    """The row that holds the name, locked until the transaction ends."""
    courier_name()
    return Courier.objects.select_for_update().get(pk=1)


def new_name() -> str:
    """A name that no database had before."""
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(32))


# --- after the database was brought back from an older copy --------------------------------------


def planned_carry_on(custody: Custody) -> Plan:
    """What `carry_on` would do. Raises `Fault` CW-LEDGER-CARRIED for one that was changed."""
    return _planned(custody, courier_name())


def carry_on(custody: Custody) -> Plan:
    """Go on with a database that is older than the ledger; what was done. May be done again.

    The ledger's word comes first. Cut off after it, the next run takes the name that stands there.
    Raises as `planned_carry_on`.
    """
    with transaction.atomic():
        row = held_courier()
        found = _planned(custody, row.name)
        if not found.is_needed:
            return found
        row.name = _renamed(custody, row.name, found)
        note_known(found, clock.now())
        row.save()
    settle(custody)
    return found


def _planned(custody: Custody, courier: str) -> Plan:
    with custody.ledger.reading() as reading:
        acts = reading.execute(
            "SELECT json_extract(CAST(body AS TEXT), '$.act'), "
            "json_extract(CAST(body AS TEXT), '$.subject') FROM intent WHERE type = 'act.recorded'"
        ).fetchall()
        names = _names(reading, courier)
        carried = [(name, one) for name in names for one in carried_by(reading, name)]
        return plan(courier, carried, dict(acts))


def _names(reading: Any, courier: str) -> list[str]:
    """The name of a database, and those that copies of it went on under, by the ledger."""
    names = [courier]
    rows = reading.execute("SELECT body FROM intent WHERE type = ? ORDER BY id", (BROUGHT_BACK,))
    for (body,) in rows:
        said = read_entry(body)
        if said["before"] in names:
            names.append(str(said["courier"]))
    return names


def _renamed(custody: Custody, before: str, found: Plan) -> str:
    """The name under which it goes on, as the ledger has it; written there once."""
    with custody.ledger.transaction() as writing:
        said = writing.connection.execute(
            "SELECT json_extract(CAST(body AS TEXT), '$.courier') FROM intent WHERE type = ? "
            "AND json_extract(CAST(body AS TEXT), '$.before') = ? ORDER BY id DESC LIMIT 1",
            (BROUGHT_BACK, before),
        ).fetchone()
        # One that was handed over under already is that of another copy, from before this one.
        if said is not None and not any(carried_by(writing.connection, str(said[0]))):
            return str(said[0])
        name = new_name()
        lost, waiting = sum(found.lost.values()), found.waiting
        fields = {"courier": name, "before": before, "lost": lost, "waiting": waiting}
        writing.append(Event(BROUGHT_BACK, Actor("custodian", "command-line"), fields))
    return name
