"""The fence: what no restore may bring back (S20).

A backup is a picture of the past. What was destroyed, withdrawn or erased since then is written
here, in the root store, outside every backup, and read again after each restore: destroyed keys,
keys that were replaced, permits that were paused or ended, details that were erased, and the date
of the newest choices that were used; and every version of the trust policy and of the roster, so
that no older copy brings back a retired key, or a person who left. A permit that a newer one is
about to replace is an intent (`replacing`) until the ledger says how that ended. The file carries a
MAC under a sub-key of the root key.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any

from commonweal.foundation.canonical import canonical, parse_json
from commonweal.foundation.clock import Clock, parse_stamp, stamp
from commonweal.foundation.errors import CommonwealError, Unavailable, WrongUsage
from commonweal.foundation.files import write_atomic
from commonweal.vault.keys.root_store import RootStore, read_private

PERMIT_STATES = ("active", "paused", "suspended", "superseded", "revoked", "closed")
ENDED = frozenset({"superseded", "revoked", "closed"})
"""States that no later state of the same permit may replace."""


@dataclass(frozen=True)
class PermitFence:
    """The state that a permit must at least be put back into."""

    state: str
    at: datetime


@dataclass(frozen=True)
class PolicyFence:
    """One version of the trust policy or the roster: its hash, when it was adopted, from when on it
    counts."""

    hash: str
    at: datetime
    effective_from: datetime
    withdrawn: bool = False

    def to_plain(self) -> dict[str, Any]:
        """The version as JSON holds it."""
        return {
            "hash": self.hash,
            "at": stamp(self.at),
            "effective_from": stamp(self.effective_from),
            "withdrawn": self.withdrawn,
        }

    @classmethod
    def from_plain(cls, plain: Any) -> PolicyFence:
        """Read what `to_plain` wrote."""
        begins = parse_stamp(plain["effective_from"])
        return cls(plain["hash"], parse_stamp(plain["at"]), begins, bool(plain["withdrawn"]))


@dataclass(frozen=True)
class FenceState:
    """The fence at one instant. Times are UTC. `replacing`: by permit id, when it was begun.

    `choices_recorded`, `choices_last`: how many choices stand in the journal, and the hash of the
    last one's entry, in hex.

    `policies`: by number, the versions of the trust policy after the first; `rosters`: those of the
    roster.
    """

    destroyed: Mapping[str, datetime] = field(default_factory=dict)
    retired: Mapping[str, datetime] = field(default_factory=dict)
    permits: Mapping[str, PermitFence] = field(default_factory=dict)
    erased: Mapping[str, datetime] = field(default_factory=dict)
    choices_checked_at: datetime | None = None
    choices_recorded: int = 0
    choices_last: str | None = None
    replacing: Mapping[str, datetime] = field(default_factory=dict)
    policies: Mapping[int, PolicyFence] = field(default_factory=dict)
    rosters: Mapping[int, PolicyFence] = field(default_factory=dict)

    def to_plain(self) -> dict[str, Any]:
        """The state as JSON holds it."""
        checked = self.choices_checked_at
        return {
            "destroyed": {id_: stamp(at) for id_, at in self.destroyed.items()},
            "retired": {id_: stamp(at) for id_, at in self.retired.items()},
            "permits": {
                id_: {"state": permit.state, "at": stamp(permit.at)}
                for id_, permit in self.permits.items()
            },
            "erased": {id_: stamp(at) for id_, at in self.erased.items()},
            "choices_checked_at": None if checked is None else stamp(checked),
            "choices_recorded": self.choices_recorded,
            "choices_last": self.choices_last,
            "replacing": {id_: stamp(at) for id_, at in self.replacing.items()},
            "policies": {str(one): held.to_plain() for one, held in self.policies.items()},
            "rosters": {str(one): held.to_plain() for one, held in self.rosters.items()},
        }

    @classmethod
    def from_plain(cls, plain: Any) -> FenceState:
        """Read what `to_plain` wrote. Raises KeyError, TypeError or ValueError."""
        checked = plain["choices_checked_at"]
        return cls(
            destroyed=_times(plain["destroyed"]),
            retired=_times(plain["retired"]),
            permits={
                id_: PermitFence(one["state"], parse_stamp(one["at"]))
                for id_, one in plain["permits"].items()
            },
            erased=_times(plain["erased"]),
            choices_checked_at=None if checked is None else parse_stamp(checked),
            # A fence from before there was a journal of choices.
            choices_recorded=int(plain.get("choices_recorded", 0)),
            choices_last=plain.get("choices_last"),
            # A fence that was written before there were intents has none.
            replacing=_times(plain.get("replacing", {})),
            policies=_versions(plain.get("policies", {})),
            rosters=_versions(plain.get("rosters", {})),
        )


class Fence:
    """Reads and writes the fence of a root store; every change is one atomic file."""

    def __init__(self, store: RootStore, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._key = store.root.subkey("fence/v1")

    def __repr__(self) -> str:
        return f"Fence({self._store.home_id})"

    @classmethod
    def create(cls, store: RootStore, clock: Clock) -> Fence:
        """Make the empty fence of a new root store."""
        fence = cls(store, clock)
        fence._write(FenceState(), exclusive=True)
        return fence

    def read(self) -> FenceState:
        """What the fence holds now.

        Raises `Unavailable` CW-KEY-UNAVAILABLE if it is missing, or was not written with this
        root key: then nothing is known of what must stay destroyed.
        """
        held = read_private(self._store.fence_path, "the fence")
        try:
            plain = parse_json(held, "fence.json")
            shown = bytes.fromhex(plain.pop("mac"))
            if not hmac.compare_digest(shown, self._mac(plain)) or plain.pop("fence") != 1:
                raise ValueError("the MAC does not match")
            if plain.pop("home") != self._store.home_id:
                raise ValueError("another home's")
            return FenceState.from_plain(plain)
        except (CommonwealError, AttributeError, KeyError, TypeError, ValueError) as error:
            raise Unavailable(
                "CW-KEY-UNAVAILABLE",
                "The keys cannot be used: the fence and the root key do not belong together, or "
                "one of them was changed.",
            ) from error

    def record_destroyed(self, *key_ids: str) -> None:
        """These keys stay destroyed for ever."""
        now = self._clock.now()
        self._change(lambda held: replace(held, destroyed=_added(held.destroyed, key_ids, now)))

    def record_retired(self, *key_ids: str) -> None:
        """These keys were replaced: they open what is old and make nothing new."""
        now = self._clock.now()
        self._change(lambda held: replace(held, retired=_added(held.retired, key_ids, now)))

    def record_permit_state(self, permit_id: str, state: str, at: datetime) -> None:
        """A permit is in `state` since `at`; one that has ended stays ended.

        Raises `WrongUsage` CW-FENCE-STATE for a state that is not in `PERMIT_STATES`.
        """
        if state not in PERMIT_STATES:
            raise WrongUsage("CW-FENCE-STATE", "The fence does not know this state of a permit.")

        def changed(held: FenceState) -> FenceState:
            before = held.permits.get(permit_id)
            if before is not None and before.state in ENDED:
                return held
            return replace(held, permits={**held.permits, permit_id: PermitFence(state, at)})

        self._change(changed)

    def begin_replacing(self, permit_id: str, at: datetime) -> None:
        """A newer permit is about to replace this one; not final until `end_replacing`."""
        self._change(
            lambda held: replace(held, replacing={**held.replacing, permit_id: at}),
        )

    def end_replacing(self, permit_id: str, *, replaced: bool) -> None:
        """The ledger has said how it ended; a permit that was replaced stays so for ever."""

        def changed(held: FenceState) -> FenceState:
            left = dict(held.replacing)
            at = left.pop(permit_id, None)
            permits = dict(held.permits)
            before = permits.get(permit_id)
            if at is not None and replaced and (before is None or before.state not in ENDED):
                permits[permit_id] = PermitFence("superseded", at)
            return replace(held, permits=permits, replacing=left)

        self._change(changed)

    def record_erased(self, body_hash: bytes) -> None:
        """The details of the ledger intent with this body hash (32 bytes) were erased.

        The hash and not the number names it: after a return to an older ledger the numbers are
        given out again. `erase_details` does both in the right order.
        """
        if len(body_hash) != 32:
            raise ValueError("a body hash has 32 bytes")
        now = self._clock.now()
        self._change(
            lambda held: replace(held, erased=_added(held.erased, (body_hash.hex(),), now))
        )

    def record_policies(self, policies: Mapping[int, PolicyFence]) -> None:
        """These versions of the trust policy are on the ledger; one that is known stays known."""

        def changed(held: FenceState) -> FenceState:
            return replace(held, policies={**held.policies, **policies})

        if any(self.read().policies.get(one) != held for one, held in policies.items()):
            self._change(changed)

    def record_rosters(self, rosters: Mapping[int, PolicyFence]) -> None:
        """These versions of the roster are on the ledger; one that is known stays known."""

        def changed(held: FenceState) -> FenceState:
            return replace(held, rosters={**held.rosters, **rosters})

        if any(self.read().rosters.get(one) != held for one, held in rosters.items()):
            self._change(changed)

    def record_choices(self, checked_at: datetime) -> None:
        """Choices of this date were used; older ones are not used again after a restore."""

        def changed(held: FenceState) -> FenceState:
            newest = max(checked_at, held.choices_checked_at or checked_at)
            return replace(held, choices_checked_at=newest)

        self._change(changed)

    def record_choice(self, number: int, entry: bytes) -> None:
        """So many choices stand in the journal, and `entry` is the hash of the last: an older copy
        of the ledger has fewer, or another one there."""

        def changed(held: FenceState) -> FenceState:
            if number <= held.choices_recorded:
                return held
            return replace(held, choices_recorded=number, choices_last=entry.hex())

        self._change(changed)

    def record_choice_loss(self, number: int, entry: bytes | None) -> None:
        """Two people accepted that later choices were lost: the journal has `number` now."""
        last = None if entry is None else entry.hex()
        self._change(lambda held: replace(held, choices_recorded=number, choices_last=last))

    def _change(self, how: Callable[[FenceState], FenceState]) -> None:
        with self._store.locked():
            self._write(how(self.read()))

    def _write(self, state: FenceState, *, exclusive: bool = False) -> None:
        plain = {"fence": 1, "home": self._store.home_id, **state.to_plain()}
        content = json.dumps({**plain, "mac": self._mac(plain).hex()}, indent=1, sort_keys=True)
        write_atomic(self._store.fence_path, content.encode() + b"\n", exclusive=exclusive)

    def _mac(self, plain: Any) -> bytes:
        return hmac.digest(self._key.use(), canonical(plain), "sha256")


def _versions(plain: Any) -> dict[int, PolicyFence]:
    return {int(one): PolicyFence.from_plain(held) for one, held in plain.items()}


def _times(plain: Any) -> dict[str, datetime]:
    return {id_: parse_stamp(at) for id_, at in plain.items()}


def _added(
    held: Mapping[str, datetime], ids: tuple[str, ...], now: datetime
) -> dict[str, datetime]:
    return {**dict.fromkeys(ids, now), **held}


def must_hold(state: FenceState) -> list[tuple[str, PermitFence]]:
    """The permits that are paused, suspended or ended, by permit id.

    One that was about to be replaced counts as replaced: after a restore no ledger can say more.
    """
    held = {id_: PermitFence("superseded", at) for id_, at in state.replacing.items()}
    held |= {
        id_: one
        for id_, one in state.permits.items()
        if one.state in ENDED or (one.state != "active" and id_ not in held)
    }
    return sorted(held.items())
