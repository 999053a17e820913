"""Which outputs may stand otherwise since the ledger was read last, and every output's own events.

The ledger is read from where it was read before, so that one entry costs the same however many
outputs there are: it names its output, or a permit, or an act about an output. Only a new list of
people, or new rules of who may decide, concerns all that wait.
"""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from commonweal.ledger.outputs import OutputEvent, output_events
from commonweal.vault.custody import Custody

STEPS = ("output.submitted", "output.moved", "output.released", "output.recalled")
_ACTS = frozenset({"act.recorded", "act.used", "act.void"})
_PEOPLE = ("roster.", "trust.")


@dataclass
class Changed:
    """What entries that were read now are about. `outputs`: by their own events, or acts about
    them. `permits`: those that took a step. `all`: everything has to be looked at."""

    outputs: set[str] = field(default_factory=set)
    permits: set[str] = field(default_factory=set)
    all: bool = False

    def add(self, type_: str, permit: str | None, body: dict[str, Any]) -> None:
        """What one entry is about."""
        if type_.startswith("output."):
            self.outputs.add(str(body["output"]))
        elif type_ in _ACTS:
            self.outputs.add(str(body["subject"]))
        elif type_.startswith("permit.") and permit is not None:
            self.permits.add(permit)
        elif type_.startswith(_PEOPLE):
            self.all = True


class Changes:
    """The events of outputs as they were last read. `waiting`: submitted, and nothing since."""

    def __init__(self) -> None:
        self._place: object = None
        self._read = 0
        self.events: dict[str, list[OutputEvent]] = {}
        self.waiting: dict[str, str] = {}
        """Each with the permit that it was asked under."""

    def read(self, custody: Custody) -> Changed:
        """What is new. Raises those of the ledger and of sealed details; then nothing was read."""
        keyring, place, changed = custody.keyring, _place_of(custody), Changed()
        with custody.ledger.reading() as connection:
            (newest,) = connection.execute("SELECT coalesce(max(id), 0) FROM intent").fetchone()
            anew = place != self._place or newest < self._read
            after = 0 if anew else self._read
            rows = connection.execute(
                "SELECT type, permit, body FROM intent WHERE id > ? ORDER BY id", (after,)
            ).fetchall()
            found = output_events(
                connection, lambda key: keyring.secret_of(key).use(), after=after
            )  # fmt: skip
        if anew:
            self.events, self.waiting, changed.all = {}, {}, True
        for type_, permit, body in rows:
            changed.add(type_, permit, json.loads(body))
        for one in found:
            self._take(one)
        self._place, self._read = place, int(newest)
        return changed

    def _take(self, one: OutputEvent) -> None:
        self.events.setdefault(one.output, []).append(one)
        if one.type == "output.submitted":
            self.waiting[one.output] = one.permit
        elif one.type in STEPS:
            self.waiting.pop(one.output, None)


def _place_of(custody: Custody) -> object:
    """Which file the ledger is: another one lies there after the home was put back."""
    try:
        found = custody.home.ledger_database.stat()
    except OSError:
        return (0, 0)
    return (found.st_dev, found.st_ino)
