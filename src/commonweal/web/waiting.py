"""How long the service's acts and events have waited for the ledger: for `/health` and the doctor.

An act counts only if the ledger heard of it within fifteen minutes of its making. If the signer's
worker does not run, this is where it shows before anybody has to sign again.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from importlib import import_module
from pathlib import Path
from typing import Any

from commonweal.foundation.errors import Unavailable
from commonweal.web.config.environment import Environment

ACTS = "SELECT min(signed_at) FROM signing_act WHERE state IN ('signed', 'asked')"
HELD = "SELECT count(*) FROM signing_act WHERE state IN ('signed', 'asked') AND tries >= 8"
"""Acts that were set aside (`signing.models.SET_ASIDE`; a test compares the two)."""
EVENTS = "SELECT min(stamped) FROM ledgerlink_intent WHERE placed_at IS NULL"

SLOW = timedelta(minutes=2)
"""Longer than this something is wrong; there is time to put it right."""
TOO_LONG = timedelta(minutes=15)
"""Acts that waited longer count no more."""


@dataclass(frozen=True)
class Waiting:
    """How long the oldest act and the oldest event have waited; None where nothing waits.

    `held`: how many acts were set aside because they could not be settled.
    """

    acts: timedelta | None
    events: timedelta | None
    held: int = 0

    @property
    def longest(self) -> timedelta:
        """The longer of both."""
        return max(self.acts or timedelta(0), self.events or timedelta(0))

    @property
    def slow(self) -> list[str]:
        """What waits too long: `acts`, `events`."""
        named = (("acts", self.acts), ("events", self.events))
        return [name for name, waited in named if waited is not None and waited > SLOW]


def waiting(first: Callable[[str], Any], at: datetime) -> Waiting:
    """What waits at `at`; `first` gives the one value that a query finds."""
    return Waiting(_age(first(ACTS), at), _age(first(EVENTS), at), int(first(HELD)))


def _age(found: Any, at: datetime) -> timedelta | None:
    if found is None:
        return None
    since = found if isinstance(found, datetime) else datetime.fromisoformat(str(found))
    return at - (since if since.tzinfo is not None else since.replace(tzinfo=UTC))


def waiting_in(environment: Environment, at: datetime) -> Waiting | None:
    """What waits in the service's database, looked at from outside; None where there is none yet.

    Raises `Unavailable` CW-WEB-DATABASE.
    """
    database = environment.database
    try:
        if "postgresql" in str(database["ENGINE"]):
            return _postgresql(database, at)
        return _sqlite(Path(str(database["NAME"])), at)
    except Exception as error:
        raise Unavailable(
            "CW-WEB-DATABASE",
            f"The service's database cannot be looked at ({type(error).__name__}).",
            remedy="Start the service once with this version; it makes its tables ready.",
        ) from error


def _sqlite(path: Path, at: datetime) -> Waiting | None:
    if not path.exists():
        return None
    with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
        return waiting(lambda query: connection.execute(query).fetchone()[0], at)


def _postgresql(database: Any, at: datetime) -> Waiting:
    psycopg = import_module("psycopg")
    named = {"dbname": "NAME", "user": "USER", "password": "PASSWORD", "host": "HOST"}
    given = {ours: database[theirs] for ours, theirs in (*named.items(), ("port", "PORT"))}
    options = {**database["OPTIONS"], **{key: value for key, value in given.items() if value}}
    with psycopg.connect(**{"connect_timeout": 5, **options}) as connection:
        return waiting(lambda query: connection.execute(query).fetchone()[0], at)
