"""A home in use: its keys, its trust policy held against the ledger, and its ledger (S11, S21).

`trust.json` is only believed if it hashes to the ledger's first entry: whoever changes who may
decide has to change the ledger too, and that the signer's memory, a proof file that somebody kept
or a witness shows. A home whose kind, policy and first entry disagree is not opened, so that a
demonstration home can never pass for a real one.
"""

from __future__ import annotations

import hmac
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.clock import Clock
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.foundation.files import read_bytes, translated
from commonweal.ledger.checkpoint import origin_of
from commonweal.ledger.events import Log
from commonweal.ledger.note import ED25519, VerifierKey
from commonweal.ledger.store import FIRST_EVENT, Ledger
from commonweal.papers.trust import TrustPolicy
from commonweal.vault.home import Home
from commonweal.vault.keys import Keyring

TRUST = "trust.json"
CATALOGUES = "catalogues"
PERMITS = "permits"
PERMIT_SIGNER = "permit-signer"
STATUS_SIGNER = "status-signer"
MANIFEST_SIGNER = "manifest-signer"
STATEMENT_SIGNER = "statement-signer"
LEDGER_KEY = "ledger"
DETAILS_KEY = "details"
_MAX_TRUST = 4 * 1024 * 1024


@dataclass(frozen=True)
class Custody:
    """An opened home. Use it as a context manager: leaving it closes the ledger."""

    home: Home
    keyring: Keyring
    ledger: Ledger
    trust: TrustPolicy
    clock: Clock

    def __repr__(self) -> str:
        return f"Custody({self.home.id})"

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.ledger.close()

    @property
    def base(self) -> str:
        """The base of the origins of both logs; it names the ledger's verification keys."""
        return base_of(self.home)

    @property
    def ledger_keys(self) -> tuple[VerifierKey, ...]:
        """The keys that may have signed checkpoints of this ledger, the present one last."""
        return ledger_keys_of(self.home, self.keyring)

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


def ledger_keys_of(home: Home, keyring: Keyring) -> tuple[VerifierKey, ...]:
    """The keys that may have signed checkpoints of a home's ledger, the present one last.

    Only these keys are unwrapped. One that is unavailable is proved by nothing, so it is refused
    (CW-KEY-UNAVAILABLE) and never trusted.
    """
    return tuple(
        VerifierKey(base_of(home), ED25519, info.verification_key)
        for info in keyring.versions(LEDGER_KEY)
        if info.state != "destroyed"
    )


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


def open_custody(path: Path, clock: Clock, *, root_store: Path | None = None) -> Custody:
    """Open the home in `path` with everything in it.

    Raises `Fault` CW-HOME-MISSING (nothing there), CW-HOME-INCOMPLETE (its making was cut off),
    CW-HOME-INVALID, CW-TRUST-CHANGED, CW-LEDGER-BROKEN; `Unavailable` CW-KEY-UNAVAILABLE without
    its root store.
    """
    home = opened_home(path, root_store)
    keyring = Keyring.open(home, clock)
    ledger = Ledger.open(home.ledger_database, clock)
    try:
        trust = _believed(home, ledger)
    except BaseException:
        ledger.close()
        raise
    return Custody(home, keyring, ledger, trust, clock)


def trust_bytes(trust: TrustPolicy) -> bytes:
    """The one way in which `trust.json` is written."""
    return trust.canonical() + b"\n"


def _require_there(path: Path) -> None:
    with translated(path.name):
        empty = not path.exists() or (path.is_dir() and not any(path.iterdir()))
    if empty:
        raise Fault(
            "CW-HOME-MISSING",
            f"There is no Commonweal home in the folder {path.name}.",
            remedy="Make one with `commonweal home create`, or name another with --home.",
        )


def _believed(home: Home, ledger: Ledger) -> TrustPolicy:
    """The policy in `trust.json`, if the ledger's first entry holds its hash."""
    content = read_bytes(home.path / TRUST, "The trust policy", limit=_MAX_TRUST)
    try:
        trust = TrustPolicy.read(parse_json(content, TRUST), "The trust policy")
    except CommonwealError as error:
        raise _changed("it cannot be read") from error
    if trust_bytes(trust) != content:
        raise _changed("it is not written as it was")
    first = _first_entry(ledger)
    if first.get("type") != FIRST_EVENT:
        raise _changed("the ledger does not begin with a trust policy")
    said = str(first.get("policy_hash", ""))
    if not hmac.compare_digest(said.encode(), trust.digest().encode()):
        raise _changed("it is not the one in the ledger's first entry")
    if not first.get("home") == trust.home == home.kind:
        raise _changed("the kind of the home was changed")
    return trust


def _first_entry(ledger: Ledger) -> dict[str, Any]:
    with ledger.reading() as connection:
        found = connection.execute("SELECT body FROM intent ORDER BY id LIMIT 1").fetchone()
    try:
        entry = json.loads(found[0]) if found is not None else {}
    except (TypeError, ValueError):
        return {}
    return entry if isinstance(entry, dict) else {}


def _changed(why: str) -> Fault:
    return Fault(
        "CW-TRUST-CHANGED",
        f"The trust policy of this home was changed: {why}.",
        remedy="Do not use this home; restore a backup and find out what happened.",
    )
