"""Making a home: folder, root store, keys, trust policy, ledger; all of it or nothing (S11, S21).

The trust policy is written last: a home without one was cut off while it was made, and is never
opened. The ledger's first entry is the policy's hash, before anything else can be written.
"""

from __future__ import annotations

import contextlib
import fcntl
import os
import re
import shutil
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from commonweal.foundation.clock import Clock, stamp
from commonweal.foundation.errors import Refused, Unavailable, WrongUsage
from commonweal.foundation.files import make_private_folder, translated, write_atomic
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.policy import WitnessPolicy
from commonweal.ledger.store import FIRST_EVENT, Ledger
from commonweal.papers.trust import TrustPolicy
from commonweal.vault.custody.holding import (
    CATALOGUES,
    DETAILS_KEY,
    LEDGER_KEY,
    MANIFEST_SIGNER,
    PERMIT_SIGNER,
    PERMITS,
    STATEMENT_SIGNER,
    STATUS_SIGNER,
    Custody,
    open_custody,
)
from commonweal.vault.custody.policies import TRUST, trust_bytes
from commonweal.vault.custody.separation import Acceptance, accept_separation
from commonweal.vault.custody.settling import settle
from commonweal.vault.custody.witnesses import trusted_witnesses
from commonweal.vault.home import Home, HomeKind
from commonweal.vault.keys import KeyInfo, Keyring
from commonweal.vault.keys.root_store import ENVIRONMENT, refuse_nested

SAY_NO_DAYS = 28
_WAIT_SECONDS = 60.0
_PAUSE_SECONDS = 0.05
ACTOR = Actor("custodian", "command-line")
_ODS = re.compile(r"[A-Z0-9]{3,10}", re.ASCII)

# name of the key: its purpose, and what the trust policy lets it sign
_KEYS: Mapping[str, tuple[str, tuple[str, ...]]] = {
    PERMIT_SIGNER: ("permit_signing", ("permit",)),
    STATUS_SIGNER: ("status_signing", ("status",)),
    MANIFEST_SIGNER: ("manifest_signing", ("manifest",)),
    STATEMENT_SIGNER: ("manifest_signing", ("statement",)),
    LEDGER_KEY: ("ledger_checkpoint", ()),
    DETAILS_KEY: ("details", ()),
    "audit": ("audit", ()),
    "sieve": ("sieve", ()),
    "membership": ("membership", ()),
    "backup": ("backup", ()),
}
_PEOPLE: Mapping[str, str] = {
    "guardian": "Caldicott Guardian (demonstration)",
    "siro": "Senior Information Risk Owner (demonstration)",
}


def create_home(
    path: Path,
    *,
    kind: HomeKind,
    name: str,
    clock: Clock,
    ods: str | None = None,
    root_store: Path | None = None,
    time_to_say_no_days: int | None = None,
    direct_time_to_say_no_days: int | None = None,
    acceptance: Acceptance | None = None,
    witnesses: WitnessPolicy | None = None,
    witness_lag_minutes: int | None = None,
) -> Custody:
    """Make a home in a new or empty folder and open it.

    `time_to_say_no_days` (P1): 28 where it is not named, and 0 in a demonstration home;
    `direct_time_to_say_no_days`, for permits that no committee decided, is the same unless named.
    `acceptance`: who accepts `separation: none` for real data, and why; without it a home for real
    data issues no permit until it is recorded (`accept_separation`).
    `witnesses`: who must cosign the public log, and within how many minutes of an entry.
    A demonstration home gets two people with software keys, `guardian` and `siro`.
    Raises `Refused` CW-HOME-NOT-EMPTY, CW-ROOT-STORE-PLACE or CW-HOME-SAY-NO, `WrongUsage`
    CW-HOME-INVALID.
    """
    days = _days(kind, time_to_say_no_days)
    direct = days if direct_time_to_say_no_days is None else direct_time_to_say_no_days
    _check(kind, ods, days, direct)
    store = root_store or named_root_store()
    if store is not None:
        refuse_nested(path.absolute(), store.absolute())
    with _alone(path, store), contextlib.ExitStack() as undo:
        was_there = path.is_dir()
        home = Home.create(path, name=name, kind=kind, clock=clock, root_store=root_store)
        undo.enter_context(_undone(home, was_there=was_there))
        keyring = Keyring.open(home, clock)
        keys = _make_keys(keyring, kind)
        asked = _witnesses(witnesses, witness_lag_minutes)
        custodian = name if ods is None else f"{name} ({ods})"
        trust = _policy(keys, kind, custodian, days, direct, asked)
        _begin_ledger(home, clock, trust, keys)
        for folder in (CATALOGUES, PERMITS):
            make_private_folder(home.path / folder)
        write_atomic(home.path / TRUST, trust_bytes(trust), exclusive=True)
        custody = open_custody(home.path, clock, root_store=home.root_store)
        try:
            settle(custody)
            if acceptance is not None:
                accept_separation(custody, acceptance)
        except BaseException:
            custody.ledger.close()
            raise
    return custody


def _days(kind: HomeKind, asked: int | None) -> int:
    if asked is not None:
        return asked
    return 0 if kind == "demo" else SAY_NO_DAYS


def _check(kind: HomeKind, ods: str | None, days: int, direct: int) -> None:
    if ods is not None and not _ODS.fullmatch(ods):
        raise WrongUsage(
            "CW-HOME-INVALID", "An ODS code has 3 to 10 capital letters and digits, such as RXX."
        )
    if not (0 <= days <= 365 and 0 <= direct <= 365):
        raise WrongUsage("CW-HOME-INVALID", "The time to say no is 0 to 365 days.")
    if kind == "standard" and days == 0:
        raise Refused(
            "CW-HOME-SAY-NO", "Only a demonstration home may leave people no time to say no."
        )


def _make_keys(keyring: Keyring, kind: HomeKind) -> dict[str, KeyInfo]:
    keys = {name: keyring.create(name, purpose) for name, (purpose, _) in _KEYS.items()}
    if kind == "demo":
        keys |= {name: keyring.create(name, "person_signing") for name in _PEOPLE}
    return keys


def _witnesses(policy: WitnessPolicy | None, lag_minutes: int | None) -> dict[str, Any]:
    """The fields of the trust policy that name witnesses; none where there are none."""
    if policy is None:
        return {}
    found, quorum = trusted_witnesses(policy)
    plain: dict[str, Any] = {"witnesses": found, "witness_quorum": quorum}
    return plain if lag_minutes is None else plain | {"witness_lag_minutes": lag_minutes}


def _policy(
    keys: Mapping[str, KeyInfo],
    kind: HomeKind,
    custodian: str,
    days: int,
    direct: int,
    witnesses: Mapping[str, Any],
) -> TrustPolicy:
    people = [name for name in _PEOPLE if name in keys]
    # A home for real data has no people with keys yet: its first change can name them (S11).
    alone = () if people else ("policy",)
    trusted: list[dict[str, Any]] = [
        _trusted(keys[name], f"{custodian}, {name}", (*roles, *alone * ("permit" in roles)))
        for name, (_, roles) in _KEYS.items()
        if roles
    ]
    trusted += [_trusted(keys[name], _PEOPLE[name], ("permit", "policy")) for name in people]
    plain = {
        "trust": 1,
        "home": kind,
        "custodian": custodian,
        "keys": trusted,
        "thresholds": {
            "permit": 1,
            "status": 1,
            "manifest": 1,
            "statement": 1,
            "policy": max(1, len(people)),
        },
        "time_to_say_no_days": days,
        "direct_time_to_say_no_days": direct,
        **witnesses,
    }
    return TrustPolicy.read(plain, "The trust policy")


def _trusted(key: KeyInfo, holder: str, roles: tuple[str, ...]) -> dict[str, Any]:
    return {
        "id": key.id,
        "holder": holder,
        "algorithm": key.algorithm,
        "public_key": key.public_key,
        "roles": list(roles),
        "valid_from": stamp(key.created_at),
    }


def _begin_ledger(
    home: Home, clock: Clock, trust: TrustPolicy, keys: Mapping[str, KeyInfo]
) -> None:
    first = {"policy_hash": trust.digest(), "home": trust.home, "version": trust.trust}
    events = [Event(FIRST_EVENT, ACTOR, first)]
    events += [
        Event("key.created", ACTOR, {"key": key.id, "purpose": key.purpose, "version": 1})
        for key in keys.values()
    ]
    with Ledger.create(home.ledger_database, clock) as ledger:
        ledger.append_many(events)


def named_root_store() -> Path | None:
    """The root store that the environment names for every home, if it does."""
    named = os.environ.get(ENVIRONMENT)
    return Path(named) if named else None


@contextlib.contextmanager
def _alone(*places: Path | None) -> Iterator[None]:
    """Let nobody else make a home at these places: a failure takes away what it finds there.

    The folders above are locked, for there is nothing else to lock yet. Raises CW-BUSY.
    """
    above = sorted({place.absolute().parent.resolve() for place in places if place is not None})
    ends = time.monotonic() + _WAIT_SECONDS
    with contextlib.ExitStack() as held:
        for folder in above:
            make_private_folder(folder)
            with translated(folder.name):
                descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
            held.callback(os.close, descriptor)
            while not _locked(descriptor):
                if time.monotonic() > ends:
                    raise Unavailable("CW-BUSY", "Another home is being made in the same place.")
                time.sleep(_PAUSE_SECONDS)
        yield


def _locked(descriptor: int) -> bool:
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextlib.contextmanager
def _undone(home: Home, *, was_there: bool) -> Iterator[None]:
    """Take the new home and its root store away if the block fails."""
    try:
        yield
    except BaseException:
        for folder in (home.path, home.root_store):
            shutil.rmtree(folder, ignore_errors=True)
        if was_there:
            home.path.mkdir(mode=0o700, exist_ok=True)
        raise
