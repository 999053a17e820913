"""Which trust policy counts when, and for which paper (S11).

A paper carries times that its signer chose, so a key that was retired, or stolen and retired, could
sign today under an old time. What the signer cannot choose is when the ledger heard of the paper.

| paper | judged by |
|---|---|
| the ledger does not hold it | the policy in force now: a retired key counts for nothing |
| the ledger holds it since R | the policy that was in force at R, by the ledger's order |
| either, with a key that is compromised since S | as above, and the key counts only where R < S |

A key is compromised as soon as a change that says so is adopted, also while the change itself still
waits: a wait protects from new keys, not from taking trust away.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from commonweal.foundation.errors import Fault
from commonweal.papers.trust import SigningRole, TrustedKey, TrustPolicy
from commonweal.papers.versions import newest_in_force, waiting


@dataclass(frozen=True)
class PolicyVersion:
    """One version: when it was adopted, from when on it counts, and when it was withdrawn.

    `entry`: the number of the ledger's intent that adopted it.
    """

    policy: TrustPolicy
    adopted_at: datetime
    effective_from: datetime
    withdrawn_at: datetime | None = None
    entry: int = 0


@dataclass(frozen=True)
class TrustView:
    """Who is believed about one paper: a policy, and the keys that others may hold.

    `recorded_at`: since when the ledger holds the paper; None where it does not. `now`: the
    present, by which a key's time is over for a paper that the ledger does not hold.
    """

    policy: TrustPolicy
    compromised: Mapping[str, datetime] = field(default_factory=dict)
    recorded_at: datetime | None = None
    now: datetime | None = None

    def key(self, id_: str) -> TrustedKey | None:
        """The key called `id_`, or None."""
        return self.policy.key(id_)

    def unknown_key(self, id_: str, what: str) -> Fault:
        """The refusal of a signature by a key that is not of this policy."""
        return self.policy.unknown_key(id_, what)

    def about(self, _kind: str, _plain: Any, /) -> TrustView:
        """This view: it is about one paper already."""
        return self

    def counts(self, id_: str) -> bool:
        """False for a key that somebody else may have used for this paper."""
        since = self.compromised.get(id_)
        return since is None or (self.recorded_at is not None and self.recorded_at < since)

    def lasting(self, signed_by: Mapping[str, datetime]) -> dict[str, datetime]:
        """Those of the signers whose key's time was not over when the paper was first heard of.

        A signer writes the time of a signature, and with a key whose time is over an old one.
        """
        heard = self.recorded_at or self.now
        keys = ((id_, at, self.key(id_)) for id_, at in signed_by.items())
        return {
            id_: at for id_, at, key in keys
            if heard is None or key is None or key.valid_until is None or heard < key.valid_until
        }  # fmt: skip

    def require(self, role: SigningRole, signed_by: Mapping[str, datetime], what: str) -> None:
        """As `TrustPolicy.require`; also raises `Fault` CW-SIGNATURE-COMPROMISED."""
        signed_by = self.lasting(signed_by)
        self.policy.require(role, signed_by, what)
        kept = {id_: at for id_, at in signed_by.items() if self.counts(id_)}
        if len(self.policy.counted(role, kept)) < self.policy.thresholds[role]:
            raise Fault(
                "CW-SIGNATURE-COMPROMISED",
                f"{what} needs a signature by a key that somebody else may have used.",
                remedy="Let people look at it anew, and make it again with keys that sign now.",
            )


@dataclass(frozen=True)
class TrustHistory:
    """Every version of a home's trust policy in the order of the ledger; the first counts at once.

    Pure: it is given what the ledger says and does not look anything up.
    """

    versions: tuple[PolicyVersion, ...]

    @classmethod
    def of(cls, policy: TrustPolicy, at: datetime) -> TrustHistory:
        """The history of a home whose policy was never changed."""
        return cls((PolicyVersion(policy, at, at),))

    def in_force(self, at: datetime, entry: int | None = None) -> TrustPolicy:
        """The policy that counts at `at`, or for the intent `entry` that was written at `at`.

        Two things may bear the same time; the numbers of intents say which came first.
        """
        found = newest_in_force(self.versions[1:], at, entry)
        return self.versions[0].policy if found is None else found.policy

    def pending(self, at: datetime) -> PolicyVersion | None:
        """The version that was adopted and does not count yet, or None."""
        return waiting(self.versions[1:], at)

    def before(self, version: PolicyVersion, now: datetime) -> TrustView:
        """Who is believed at `now` under the policy that `version` was made from."""
        made_from = version.policy.previous
        found = (one.policy for one in self.versions if one.policy.digest() == made_from)
        return TrustView(next(found), self.compromised, now=now)

    @property
    def next_number(self) -> int:
        """The number of the next version: numbers of withdrawn ones are not used again."""
        return max(one.policy.number for one in self.versions) + 1

    @property
    def compromised(self) -> dict[str, datetime]:
        """Key id to since when others may hold it, by every version that was not withdrawn."""
        found: dict[str, datetime] = {}
        for version in self.versions:
            for one in version.policy.retired or ():
                if version.withdrawn_at is None and one.since is not None:
                    found[one.id] = min(one.since, found.get(one.id, one.since))
        return found

    def view(self, now: datetime) -> TrustView:
        """Who is believed about a paper that the ledger does not hold."""
        return TrustView(self.in_force(now), self.compromised, now=now)

    def recorded(self, at: datetime, entry: int | None = None) -> TrustView:
        """Who is believed about a paper that the ledger holds since `at`, as the intent `entry`."""
        return TrustView(self.in_force(at, entry), self.compromised, at)
