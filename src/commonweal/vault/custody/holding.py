"""A home in use: its keys, its trust policy held against the ledger, and its ledger (S11, S21).

`trust.json` is only believed if it hashes to the ledger's first entry, and a later version only if
the ledger names it and it is signed by those who could change the one before (`policies.py`):
whoever changes who may decide has to change the ledger too, and that the signer's memory, a proof
file that somebody kept or a witness shows. A home whose kind, policy and first entry disagree is
not opened, so that a demonstration home can never pass for a real one.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Self

from commonweal.foundation.clock import Clock
from commonweal.foundation.errors import Fault
from commonweal.foundation.files import translated
from commonweal.ledger.checkpoint import origin_of
from commonweal.ledger.events import Log
from commonweal.ledger.log_keys import LogKeyOrder, log_key_order
from commonweal.ledger.note import ED25519, VerifierKey
from commonweal.ledger.store import Ledger
from commonweal.papers.trust import LogKey, TrustPolicy, raw_public
from commonweal.vault.custody.believing import Belief
from commonweal.vault.custody.policies import TRUST, TrustBook, require_fenced
from commonweal.vault.custody.rosters import RosterBook
from commonweal.vault.home import Home
from commonweal.vault.keys import Keyring
from commonweal.vault.keys.keyring import KeySigner

CATALOGUES = "catalogues"
PERMITS = "permits"
PERMIT_SIGNER = "permit-signer"
STATUS_SIGNER = "status-signer"
MANIFEST_SIGNER = "manifest-signer"
STATEMENT_SIGNER = "statement-signer"
LEDGER_KEY = "ledger"
DETAILS_KEY = "details"


@dataclass(frozen=True)
class Custody:
    """An opened home. Use it as a context manager: leaving it closes the ledger."""

    home: Home
    keyring: Keyring
    ledger: Ledger
    book: TrustBook
    clock: Clock

    def __repr__(self) -> str:
        return f"Custody({self.home.id})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.book.close()
        self.rosters.close()
        self.ledger.close()

    @property
    def trust(self) -> TrustPolicy:
        """The trust policy in force now: for its periods and names. Papers ask `belief`."""
        return self.book.policy()

    @cached_property
    def rosters(self) -> RosterBook:
        """The roster of people whose acts decide, in all its versions."""
        return RosterBook(self.home, self.ledger, self.clock, self.keyring, self.book)

    @property
    def belief(self) -> Belief:
        """Who is believed about each paper: what a paper is loaded with."""
        return Belief(self)

    def signer(self, name: str) -> KeySigner:
        """The version of a signing key that the policy in force names, else its newest.

        While a new version waits for its policy the one before signs on.
        """
        named = {key.id for key in self.trust.keys}
        found = [one for one in self.keyring.versions(name) if one.id in named]
        return self.keyring.signer_of(found[-1].id) if found else self.keyring.signer(name)

    @property
    def base(self) -> str:
        """The base of the origins of both logs; it names the ledger's verification keys."""
        return base_of(self.home)

    @property
    def ledger_keys(self) -> tuple[VerifierKey, ...]:
        """The keys that may have signed checkpoints of this ledger, the present one last."""
        with self.ledger.reading() as connection:
            order = log_key_order(connection)
        versions = self.book.history().versions
        named = [key for one in versions for key in one.policy.log_keys or ()]
        return ledger_keys_of(self.home, self.keyring, named, order)

    @property
    def ledger_keys_in_use(self) -> tuple[VerifierKey, ...]:
        """The keys that the ledger is signed with now, the newest last: two while one takes the
        other's place."""
        with self.ledger.reading() as connection:
            order = log_key_order(connection)
        first = self.keyring.versions(LEDGER_KEY)[0].verification_key
        begun = {first, *order.added} - order.retired.keys()
        return tuple(key for key in self.ledger_keys if key.public in begun)

    def origin(self, log: Log) -> str:
        """The origin of a log in its present epoch."""
        return origin_of(self.base, log, self.ledger.epoch())

    def origins(self, log: Log) -> tuple[str, ...]:
        """The origins of a log in all its epochs, oldest first."""
        return tuple(origin_of(self.base, log, n) for n in range(1, self.ledger.epoch() + 1))

    @property
    def catalogues(self) -> Path:
        """Where copies of catalogues that passed their check are kept."""
        return self.home.path / CATALOGUES

    @property
    def permits(self) -> Path:
        """Where copies of issued permits are kept."""
        return self.home.path / PERMITS


def base_of(home: Home) -> str:
    """The base of the origins of a home's logs."""
    return f"commonweal/{home.id}"


def ledger_keys_of(
    home: Home,
    keyring: Keyring,
    named: Iterable[LogKey] = (),
    order: LogKeyOrder | None = None,
) -> tuple[VerifierKey, ...]:
    """The keys that may have signed checkpoints of a home's ledger, the present one last.

    Only these keys are unwrapped. One that is unavailable is proved by nothing, so it is refused
    (CW-KEY-UNAVAILABLE) and never trusted. `named`: those that a believed trust policy names, also
    where the private part was destroyed.
    """
    order = order or LogKeyOrder()
    versions = [one for one in keyring.versions(LEDGER_KEY) if one.state != "destroyed"]
    public = {one.verification_key: one.version == 1 for one in versions}
    for key in named:
        public.setdefault(raw_public(key.public_key), False)
    # Retired ones first, then those that nothing says are in use yet, then those that sign.
    signing = [key for key, first in public.items() if first or key in order.added]
    place = {key: n for n, key in enumerate([*order.retired, *order.added])}
    ordered = sorted(
        public, key=lambda key: (key not in order.retired, key in signing, place.get(key, -1))
    )
    return tuple(VerifierKey(base_of(home), ED25519, key) for key in ordered)


def opened_home(path: Path, root_store: Path | None = None) -> Home:
    """The home in `path`, without its keys and ledger.

    Raises `Fault` CW-HOME-MISSING, CW-HOME-INCOMPLETE or CW-HOME-INVALID.
    """
    _require_there(path)
    home = Home.open(path, root_store)
    if not (home.path / TRUST).is_file():
        raise Fault(
            "CW-HOME-INCOMPLETE",
            f"The home {home.path.name} has no trust policy: its making was cut off.",
            remedy="If nothing was ever done in it, delete it and its root store "
            f"({home.root_store}), and run `commonweal home create`; else restore a backup.",
        )
    return home


def open_custody(
    path: Path, clock: Clock, *, root_store: Path | None = None, restored: bool = False
) -> Custody:
    """Open the home in `path` with everything in it.

    `restored`: a backup was just unpacked, whose ledger may lack what the fence knows.
    Raises `Fault` CW-HOME-MISSING (nothing there), CW-HOME-INCOMPLETE (its making was cut off),
    CW-HOME-INVALID, CW-TRUST-CHANGED, CW-LEDGER-BROKEN; `Unavailable` CW-KEY-UNAVAILABLE without
    its root store.
    """
    home = opened_home(path, root_store)
    keyring = Keyring.open(home, clock)
    ledger = Ledger.open(home.ledger_database, clock)
    try:
        book = TrustBook(home, ledger, clock, lambda: keyring.fence.read().policies)
        history = book.history()
        if not restored:
            require_fenced(history, keyring.fence.read().policies)
    except BaseException:
        ledger.close()
        raise
    return Custody(home, keyring, ledger, book, clock)


def _require_there(path: Path) -> None:
    with translated(path.name):
        empty = not path.exists() or (path.is_dir() and not any(path.iterdir()))
    if empty:
        raise Fault(
            "CW-HOME-MISSING",
            f"There is no Commonweal home in the folder {path.name}.",
            remedy="Make one with `commonweal home create`, or name another with --home.",
        )
