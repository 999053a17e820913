"""Witnesses of a home's public log: who they are by the trust policy, asking them, and tiles.

The trust policy names witnesses and how many must sign; a file in the tlog-policy form may be given
in its place, for a home whose policy names none or for a reader's own view.
"""

from __future__ import annotations

import base64
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from pathlib import Path
from sqlite3 import Connection
from typing import Any

from commonweal.foundation.errors import CommonwealError, Fault, WrongUsage
from commonweal.foundation.files import read_bytes
from commonweal.ledger import reading
from commonweal.ledger.asking import LOG, Asked, ask
from commonweal.ledger.note import COSIGNATURE, VerifierKey
from commonweal.ledger.policy import MAX_BYTES, NONE, NamedWitness, WitnessPolicy, invalid
from commonweal.ledger.proving import newest_note, prove
from commonweal.ledger.quorum import LAG, witnessed_note
from commonweal.ledger.tiles import Exported, export_tiles
from commonweal.ledger.tlogproof import TlogProof
from commonweal.ledger.witness import TIMEOUT_SECONDS, add_checkpoint
from commonweal.papers.base import person_look
from commonweal.papers.trust import TrustPolicy, raw_public
from commonweal.vault.custody.holding import Custody

_GROUP = "witnesses"


@dataclass(frozen=True)
class AskedWitness:
    """One witness that was asked: what it signed, or why it did not."""

    name: str
    asked: Asked | None
    error: CommonwealError | None


def read_policy(file: Path) -> WitnessPolicy:
    """The policy in a file. Raises `Fault` CW-LEDGER-POLICY-INVALID or CW-FILE-MISSING."""
    return WitnessPolicy.parse(read_bytes(file, "The policy", limit=MAX_BYTES))


def policy_of(custody: Custody) -> WitnessPolicy:
    """The witness policy of an opened home, with the key of its public log.

    While one key takes another's place both sign, and both are there.
    """
    keys = tuple(key.named(custody.origin(LOG)) for key in custody.ledger_keys_in_use)
    return witness_policy(custody.trust, keys)


def witnesses_of(trust: TrustPolicy) -> tuple[WitnessPolicy, timedelta] | None:
    """The witnesses that a trust policy names and the longest wait, or None if it names none."""
    if not trust.witnesses:
        return None
    return witness_policy(trust, ()), lag_of(trust)


def lag_of(trust: TrustPolicy) -> timedelta:
    """How long a public entry may wait for its witnesses."""
    minutes = trust.witness_lag_minutes
    return LAG if minutes is None else timedelta(minutes=minutes)


def witness_policy(trust: TrustPolicy, logs: tuple[VerifierKey, ...]) -> WitnessPolicy:
    """The tlog-policy that a trust policy asks for. Of one holder's witnesses one counts."""
    named: list[NamedWitness] = []
    holders: dict[str, list[str]] = {}
    for number, one in enumerate(trust.witnesses or (), 1):
        key = VerifierKey(one.name, COSIGNATURE, raw_public(one.public_key))
        named.append(NamedWitness(f"w{number}", key, one.url))
        holders.setdefault(person_look(one.holder), []).append(f"w{number}")
    if not named:
        return WitnessPolicy(logs, ())
    groups: dict[str, tuple[int, tuple[str, ...]]] = {}
    members = []
    for number, names in enumerate(holders.values(), 1):
        if len(names) > 1:
            groups[f"holder{number}"] = (1, tuple(names))
        members.append(f"holder{number}" if len(names) > 1 else names[0])
    groups[_GROUP] = (trust.witness_quorum or 1, tuple(members))
    return WitnessPolicy(logs, tuple(named), groups, _GROUP)


def trusted_witnesses(policy: WitnessPolicy) -> tuple[list[dict[str, Any]], int]:
    """A policy file's witnesses and quorum as the trust policy writes them.

    The quorum is one witness, or one group of witnesses. Raises `Fault` CW-LEDGER-POLICY-INVALID
    for groups of groups, which the trust policy does not have.
    """
    names = {one.name for one in policy.witnesses}
    needed, members = policy.groups.get(policy.quorum, (1, (policy.quorum,)))
    if policy.quorum == NONE or not set(members) <= names or len(policy.groups) > 1:
        raise invalid("A home's policy has one quorum: a witness, or one group of witnesses.")
    found = []
    for one in policy.witnesses:
        if one.name in members:
            plain = {"name": one.key.name, "holder": one.name, "public_key": _encoded(one.key)}
            found.append(plain | ({"url": one.url} if one.url else {}))
    return found, needed


def _encoded(key: VerifierKey) -> str:
    return base64.urlsafe_b64encode(key.public).decode().rstrip("=")


def ask_witnesses(
    custody: Custody,
    policy: WitnessPolicy,
    urls: Mapping[str, str] | None = None,
    *,
    timeout: float = TIMEOUT_SECONDS,
) -> tuple[AskedWitness, ...]:
    """Ask each witness of a policy to cosign the newest checkpoint of the public log.

    `urls`: addresses by the name of a witness or of its key, before those of the policy. One that
    does not answer does not keep the others from being asked. Raises `WrongUsage`
    CW-LEDGER-WITNESS-URL if no witness has an address.
    """
    given = dict(urls or {})
    places = {
        one.name: given.pop(one.name, None) or given.pop(one.key.name, None) or one.url
        for one in policy.witnesses
    }
    if given or not any(places.values()):
        what = "An address was given for" if given else "No address is known of"
        raise WrongUsage(
            "CW-LEDGER-WITNESS-URL",
            f"{what} {'a witness that the policy does not name' if given else 'any witness'}.",
            remedy="Name witnesses in a policy, and their addresses there or with --url NAME=URL.",
        )
    found = []
    for one in policy.witnesses:
        url = places[one.name]
        if url is not None:
            found.append(_asked(custody, one, url, timeout))
    return tuple(found)


def _asked(custody: Custody, one: NamedWitness, url: str, timeout: float) -> AskedWitness:
    try:
        send = partial(add_checkpoint, url, timeout=timeout)
        return AskedWitness(one.key.name, ask(custody.ledger, one.key, send), None)
    except CommonwealError as error:
        return AskedWitness(one.key.name, None, error)


def newest_witnessed(custody: Custody, index: int) -> str | None:
    """The newest checkpoint that covers a public entry and has the policy's quorum, or None."""
    policy = policy_of(custody)
    if not policy.asks:
        return None
    with custody.ledger.reading() as connection:
        return witnessed_note(connection, policy, index, custody.clock.now())


def witnessed_proof(custody: Custody, text: str) -> str:
    """The proof of the same public entry by a checkpoint that witnesses have signed.

    A proof that was made at once, such as that of a release, comes before its witnesses. It stays
    as it is where there is nothing better.
    """
    proof = TlogProof.parse(text)
    note = newest_witnessed(custody, proof.index)
    if note is None or custody.ledger.entry(LOG, proof.index) != proof.extra:
        return text
    return prove(custody.ledger, LOG, proof.index, note=note)


def export_public_tiles(custody: Custody, folder: Path) -> Exported:
    """Bring the tiles in `folder` up to the newest signed checkpoint of the public log.

    Raises what `export_tiles` raises, and `Fault` CW-LEDGER-NOT-PROVABLE.
    """
    with custody.ledger.reading() as connection:
        note = newest_note(connection, LOG)
        if note is None:
            raise Fault("CW-LEDGER-NOT-PROVABLE", "The public log was never signed.")
        rows = connection.execute(
            "SELECT size FROM checkpoint WHERE log = ? AND epoch = ?",
            (LOG, reading.epoch(connection)),
        )
        sizes = [int(size) for (size,) in rows]
        return export_tiles(
            folder,
            note,
            custody.ledger_keys,
            reading.fetcher(connection, LOG),
            partial(_entries, connection),
            sizes,
        )


def _entries(connection: Connection, start: int, end: int) -> Iterable[bytes]:
    rows = connection.execute(
        "SELECT body FROM entry JOIN intent ON intent.id = intent_id "
        "WHERE entry.log = ? AND idx >= ? AND idx < ? ORDER BY idx",
        (LOG, start, end),
    )
    return (body for (body,) in rows)
