"""Going on after the service's database was brought back from a copy older than the ledger.

The database then counts again from where the copy was, and the ledger refuses a number that it
knows as another event. So what waits and is on the ledger already gets its old place; the database
gets another name, under which everything else that waits is new; and the ledger says so. Nothing is
lost, because every event that waits is either there or handed over. Nothing comes twice, because
what is there keeps its place. What the copy did not have stays lost to the service; the plan names
it.

Only the command `carry-on` does this, with the ledger and the database locked together.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from commonweal.foundation.errors import Fault
from commonweal.ledger.carrying import Carried, event_hash
from commonweal.web.ledgerlink.models import Intent

_ABOUT = ("application", "permit", "meeting", "organisation", "person")


@dataclass(frozen=True)
class Plan:
    """What going on would do. `lost`: events of the ledger that the database does not have, counted
    by type; `about`: the applications, permits and so on that they name. `known`: by the number of
    an event that waits, the place that it has already. `waiting`: how many are handed over as new.
    `acts`: what people signed that the database does not have, by what it is about.
    """

    courier: str
    lost: Mapping[str, int] = field(default_factory=dict)
    about: tuple[str, ...] = ()
    known: Mapping[int, int] = field(default_factory=dict)
    waiting: int = 0
    acts: tuple[str, ...] = ()

    @property
    def is_needed(self) -> bool:
        """False where the database has everything that the ledger has of it."""
        return bool(self.lost)

    def plain(self) -> dict[str, Any]:
        """As JSON."""
        return {
            "needed": self.is_needed, "lost": dict(self.lost), "about": list(self.about),
            "known": len(self.known), "waiting": self.waiting, "acts_lost": list(self.acts),
        }  # fmt: skip

    def sentences(self) -> list[str]:
        """In words."""
        if not self.is_needed:
            return ["The service's database has everything that the ledger heard from it."]
        lost = sum(self.lost.values())
        return [
            f"The ledger has {lost} events of the service that this database does not have:",
            *(f"  {count} {type_}" for type_, count in sorted(self.lost.items())),
            *([f"They are about: {', '.join(self.about)}."] if self.about else []),
            *(
                [f"People signed what this database does not have, about: {', '.join(self.acts)}."]
                if self.acts
                else []
            ),
            f"Events that wait and are on the ledger already: {len(self.known)}.",
            f"Events that wait and will be handed over as new: {self.waiting}.",
            "What the ledger has stays there. What it was about is not brought back by this:",
            "look at each of these, and do again what has to be done again.",
        ]


def plan(
    courier: str, carried: Iterable[tuple[str, Carried]], acts: Mapping[str, str]
) -> Plan:  # fmt: skip
    """Hold every event of this database against what the ledger has of it.

    `carried`: under the name `courier`, and under those that a copy went on under before. `acts`:
    what the ledger heard of, by the act's id, with what each is about. Raises `Fault`
    CW-LEDGER-CARRIED for an event that has its place and is another one there: that is no older
    copy, somebody changed it.
    """
    from commonweal.web.signing.models import Act

    here = {row.pk: row for row in Intent.objects.all().iterator()}
    lost, about, known = Counter[str](), set[str](), dict[int, int]()
    for name, one in carried:
        row = here.get(one.number)
        same = row is not None and event_hash(bytes(row.body)) == one.hash
        if row is not None and same:
            if row.placed_at is None:
                known.setdefault(row.pk, one.intent)
            continue
        if row is not None and row.placed_at is not None and name == courier:
            raise Fault(
                "CW-LEDGER-CARRIED",
                f"Number {one.number} has its place on the ledger and is another event there.",
                remedy="This is no older copy: find out who changed the service's database.",
            )
        lost[one.type] += 1
        about |= {str(one.entry[what]) for what in _ABOUT if what in one.entry}
    waiting = sum(row.placed_at is None for row in here.values()) - len(known)
    have = set(Act.objects.filter(pk__in=list(acts)).values_list("pk", flat=True))
    missing = sorted({subject for id_, subject in acts.items() if id_ not in have})
    return Plan(courier, dict(lost), tuple(sorted(about)), known, waiting, tuple(missing))


def note_known(found: Plan, at: datetime) -> None:
    """Write the places of what the ledger has already."""
    for number, intent in found.known.items():
        Intent.objects.filter(pk=number, placed_at__isnull=True).update(
            placed_at=at, ledger_intent=intent
        )
