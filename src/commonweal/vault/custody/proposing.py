"""From a list of changes, as a person writes it, to the whole next trust policy.

Keys are called by the names that they have in this home (`commonweal keys list`), or by their ids.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from commonweal.foundation.clock import stamp
from commonweal.foundation.documents import load_document
from commonweal.foundation.errors import CommonwealError, WrongUsage
from commonweal.papers.base import Holder, Line, Moment, Paper
from commonweal.papers.trust import RetiredBecause, SigningRole, TrustPolicy
from commonweal.papers.trust_change import CALLED, refused
from commonweal.papers.trust_words import changes_in_words
from commonweal.vault.custody.amending import check_proposal
from commonweal.vault.custody.holding import LEDGER_KEY, Custody
from commonweal.vault.custody.witnesses import read_policy, trusted_witnesses
from commonweal.vault.keys import KeyInfo

NONE = "none"
OVERLAP_DAYS = 30
Name = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$")]


class AddedKey(Paper):
    """A key of this home that shall sign, its holder, and what for."""

    key: Name
    holder: Holder
    roles: Annotated[tuple[SigningRole, ...], Field(min_length=1)]


class RetiredName(Paper):
    """A key that shall sign no more. `since`: for a compromised one, from when on."""

    key: Name
    reason: RetiredBecause
    since: Moment | None = None


class Times(Paper):
    """Times and numbers of the policy; what is left out stays as it is."""

    change_delay_hours: int | None = None
    time_to_say_no_days: int | None = None
    direct_time_to_say_no_days: int | None = None
    permit_status_seconds: int | None = None
    choices_days: int | None = None
    cag_review_grace_days: int | None = None
    superseded_days: int | None = None
    hints_per_day: int | None = None
    plans_per_day: int | None = None
    witness_lag_minutes: int | None = None


class PolicyChanges(Paper):
    """What shall be different. `witnesses`: a policy file beside this one, or `none`.

    `replace`: keys whose newest version takes the place of the one before, with the same holder and
    roles; for the ledger's own key both sign for `log_overlap_days` more.
    """

    changes: Literal[1]
    replace: tuple[Name, ...] = ()
    add: tuple[AddedKey, ...] = ()
    retire: tuple[RetiredName, ...] = ()
    roles: dict[Name, Annotated[tuple[SigningRole, ...], Field(min_length=1)]] = Field({})
    thresholds: dict[SigningRole, int] = Field({})
    times: Times = Times()
    witnesses: Line | None = None
    witness_quorum: int | None = None
    custodian: Line | None = None
    log_overlap_days: Annotated[int, Field(ge=0, le=366)] = OVERLAP_DAYS


def read_changes(file: Path) -> PolicyChanges:
    """The changes in a YAML or JSON file. Raises `PaperInvalid` and file faults."""
    plain = load_document(file, "The list of changes")
    return PolicyChanges.read(plain, f"The list of changes {file.name}")


def propose(custody: Custody, changes: PolicyChanges, folder: Path) -> TrustPolicy:
    """The next policy with these changes, which nobody has signed yet.

    `folder`: where a file that the changes name lies. Raises `Refused` CW-TRUST-REFUSED or
    CW-TRUST-PENDING, `WrongUsage` CW-KEY-UNKNOWN, `PaperInvalid`.
    """
    making = _Making(custody, changes)
    for name in changes.replace:
        making.replace(name)
    for one in changes.add:
        making.add(one)
    for gone in changes.retire:
        making.retire(gone)
    for name, roles in changes.roles.items():
        making.entry(name)["roles"] = list(roles)
    making.settings(changes, folder)
    policy = TrustPolicy.read(making.plain, CALLED)
    if not changes_in_words(custody.trust, policy):
        raise refused("nothing would be different")
    check_proposal(custody, policy)
    return policy


class _Making:
    """A policy while it is made from the one in force."""

    def __init__(self, custody: Custody, changes: PolicyChanges) -> None:
        self._custody = custody
        self._before = custody.trust
        self._overlap = timedelta(days=changes.log_overlap_days)
        self._now: datetime = custody.book.now()
        self.plain: dict[str, Any] = self._before.plain()
        self.plain |= {
            "version": custody.book.history().next_number,
            "previous": self._before.digest(),
            "proposed_at": stamp(self._now),
        }

    def replace(self, name: str) -> None:
        """Put the newest version of a key in the place of the one that the policy names."""
        newest = self._newest(name)
        if self._is_log_key(name):
            self._replace_log_key(name, newest)
            return
        old = self.entry(name)
        if newest.id == old["id"]:
            raise refused(f"the key {name} has no new version; make one with `keys rotate`")
        self._gone(old, "replaced", None)
        self._keys().append(old | _material(newest) | {"valid_from": stamp(newest.created_at)})

    def _replace_log_key(self, name: str, newest: KeyInfo) -> None:
        held = self._log_keys()
        if any(one["id"] == newest.id for one in held):
            raise refused(f"the key {name} has no new version; make one with `keys rotate`")
        ends = self._now + self._before.delay + self._overlap
        for one in held:
            one.setdefault("signs_until", stamp(ends))
        held.append({"id": newest.id, "public_key": newest.public_key})

    def add(self, one: AddedKey) -> None:
        """Let a key of this home sign that the policy does not name yet."""
        info = self._newest(one.key)
        entry = {"holder": one.holder, "algorithm": "Ed25519", "roles": list(one.roles),
                 "valid_from": stamp(info.created_at)}  # fmt: skip
        self._keys().append(entry | _material(info))

    def retire(self, gone: RetiredName) -> None:
        """Take a key out; one that is replaced already gets its true reason."""
        if self._is_log_key(gone.key):
            self._end_log_key(gone)
            return
        since = None if gone.since is None else stamp(gone.since)
        ids = self._ids(gone.key)
        for one in self.plain.get("retired", []):
            if one["id"] in ids:
                one["reason"] = gone.reason
                one.update({} if since is None else {"since": since})
                return
        self._gone(self.entry(gone.key), gone.reason, since)

    def _end_log_key(self, gone: RetiredName) -> None:
        held = self._log_keys()
        if gone.reason != "compromised" or len(held) < 2:
            raise refused("a key of the log only goes when another takes its place")
        now = stamp(self._now)
        for one in held[:-1]:
            # One whose time is over already stays as it was said.
            one["signs_until"] = min(one.get("signs_until", now), now)

    def entry(self, name: str) -> dict[str, Any]:
        """The policy's entry of a key. Raises `WrongUsage` CW-KEY-UNKNOWN."""
        ids = self._ids(name)
        for one in self._keys():
            if one["id"] in ids:
                return one
        raise WrongUsage("CW-KEY-UNKNOWN", f"The trust policy names no key called {name}.")

    def settings(self, changes: PolicyChanges, folder: Path) -> None:
        """Thresholds, times, witnesses and the custodian's name."""
        self.plain["thresholds"] |= changes.thresholds
        times = changes.times.plain()
        fresh = {name for name in times if name in type(self._before.fresh).model_fields}
        self.plain["fresh"] |= {name: times.pop(name) for name in fresh}
        if changes.witnesses == NONE:
            for name in ("witnesses", "witness_quorum", "witness_lag_minutes"):
                self.plain.pop(name, None)
        elif changes.witnesses is not None:
            found, quorum = trusted_witnesses(read_policy(folder / changes.witnesses))
            self.plain |= {"witnesses": found, "witness_quorum": quorum}
        if changes.witness_quorum is not None:
            self.plain["witness_quorum"] = changes.witness_quorum
        if changes.custodian is not None:
            self.plain["custodian"] = changes.custodian
        self.plain |= times

    def _gone(self, entry: dict[str, Any], reason: str, since: str | None) -> None:
        self._keys().remove(entry)
        one = {"id": entry["id"], "public_key": entry["public_key"], "reason": reason}
        self.plain.setdefault("retired", []).append(one | ({"since": since} if since else {}))

    def _keys(self) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.plain["keys"]
        return found

    def _log_keys(self) -> list[dict[str, Any]]:
        first = self._custody.keyring.versions(LEDGER_KEY)[0]
        begun = [{"id": first.id, "public_key": first.public_key}]
        found: list[dict[str, Any]] = self.plain.setdefault("log_keys", begun)
        return found

    def _is_log_key(self, name: str) -> bool:
        ids = {info.id for info in self._custody.keyring.versions(LEDGER_KEY)}
        return bool(self._ids(name) & ids)

    def _ids(self, name: str) -> set[str]:
        """The ids that a name may mean: its own, and those of the key's versions."""
        try:
            return {name} | {info.id for info in self._custody.keyring.versions(name)}
        except CommonwealError:
            return {name}

    def _newest(self, name: str) -> KeyInfo:
        newest = self._custody.keyring.versions(name)[-1]
        if newest.state != "active" or newest.public_key is None:
            raise refused(f"the key {name} does not sign")
        return newest


def _material(info: KeyInfo) -> dict[str, Any]:
    return {"id": info.id, "public_key": info.public_key}
