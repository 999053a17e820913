"""The versions of a home's trust policy, each believed for its own reasons (S11, S21).

The first is `trust.json`: the ledger's first entry holds its hash. Each later one is a signed
paper, `policies/<hash>.jws`: an event on the ledger holds its hash, and it is signed by those who
could change the version before it. So neither files nor database alone can bring in a policy. A
copy of each paper lies in the root store, and the fence knows every version: a home or ledger that
was put back to an older state cannot make a retired key count again.
"""

from __future__ import annotations

import hmac
import json
import sqlite3
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.clock import Clock
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.foundation.files import read_bytes
from commonweal.ledger.store import FIRST_EVENT, Ledger
from commonweal.ledger.trust_order import PolicyStep, trust_order
from commonweal.papers.trust import TrustPolicy
from commonweal.papers.trust_change import open_change, open_withdrawal
from commonweal.papers.trust_history import PolicyVersion, TrustHistory, TrustView
from commonweal.vault.custody import version_papers
from commonweal.vault.custody.version_papers import (
    MAX_PAPER,
    WITHDRAWN_ENDING,
    Fenced,
    Shelf,
    VersionBook,
    adopted_at,
    counts_from,
    require_waiting,
)
from commonweal.vault.home import Home
from commonweal.vault.keys.fence import PolicyFence

TRUST = "trust.json"
POLICIES = "policies"


def trust_bytes(trust: TrustPolicy) -> bytes:
    """The one way in which `trust.json` is written."""
    return trust.canonical() + b"\n"


def changed(why: str) -> Fault:
    """The fault of a policy that is not the one on the ledger."""
    return Fault(
        "CW-TRUST-CHANGED",
        f"The trust policy of this home was changed: {why}.",
        remedy="Do not use this home; restore a backup and find out what happened.",
    )


SHELF = Shelf(POLICIES, "The trust policy", changed)


# --- history ----------------------------------------------------------------------------------


def load_history(home: Home, connection: sqlite3.Connection, fenced: Fenced) -> TrustHistory:
    """Every version, verified in the order of the ledger.

    Raises `Fault` CW-TRUST-CHANGED, or CW-LEDGER-REWOUND where the fence knows a version that the
    ledger does not.
    """
    first = _first(home, connection)
    order, wrong = trust_order(connection)
    if wrong is not None:
        raise changed(wrong)
    versions = [PolicyVersion(first, order.steps[0].at, order.steps[0].at)]
    for step in order.steps[1:]:
        try:
            versions.append(_version(home, versions, step, fenced.get(step.version)))
        except CommonwealError as error:
            if error.code == "CW-TRUST-CHANGED":
                raise
            raise changed(f"version {step.version} is not believed ({error.code})") from error
    return TrustHistory(tuple(versions))


def _version(
    home: Home, versions: list[PolicyVersion], step: PolicyStep, held: PolicyFence | None
) -> PolicyVersion:
    made_from = next(one for one in versions if one.policy.digest() == step.previous)
    before, history = made_from.policy, TrustHistory(tuple(versions))
    adopted = adopted_at(step, step.policy_hash, held)
    view = TrustView(before, history.compromised, now=adopted)
    text = SHELF.read(home, step.policy_hash)
    policy = open_change(text, view, step.version, adopted, lapses=not step.restored)
    if policy.digest() != step.policy_hash:
        raise changed(f"version {step.version} is not the one on the ledger")
    if not step.restored and history.in_force(step.at, step.intent_id) != before:
        raise changed(f"version {step.version} follows one that did not count yet")
    follows = made_from.effective_from
    begins = counts_from(step, step.policy_hash, held, before.delay, SHELF, follows=follows)
    if step.withdrawn_at is not None:
        withdrawal = SHELF.read(home, step.policy_hash, WITHDRAWN_ENDING)
        open_withdrawal(withdrawal, replace(view, now=step.withdrawn_at), policy, step.withdrawn_at)
        require_waiting(step, step.policy_hash, held, begins, SHELF)
    return PolicyVersion(policy, adopted, begins, step.withdrawn_at, step.intent_id)


def require_fenced(history: TrustHistory, fenced: Fenced) -> None:
    """Refuse a history that lacks what the fence knows. Raises `Fault` CW-LEDGER-REWOUND."""
    known = {one.policy.number: (one.policy.digest(), one.withdrawn_at) for one in history.versions}
    version_papers.require_fenced(known, fenced, "the trust policy")


def _first(home: Home, connection: sqlite3.Connection) -> TrustPolicy:
    """The policy in `trust.json`, if the ledger's first entry holds its hash."""
    trust = unopened_first(home)
    if trust_bytes(trust) != read_bytes(home.path / TRUST, "The trust policy", limit=MAX_PAPER):
        raise changed("it is not written as it was")
    first = _first_entry(connection)
    if first.get("type") != FIRST_EVENT:
        raise changed("the ledger does not begin with a trust policy")
    said = str(first.get("policy_hash", ""))
    if not hmac.compare_digest(said.encode(), trust.digest().encode()):
        raise changed("it is not the one in the ledger's first entry")
    if not first.get("home") == trust.home == home.kind:
        raise changed("the kind of the home was changed")
    return trust


def unopened_first(home: Home) -> TrustPolicy:
    """The policy in `trust.json`, not yet held against the ledger. Raises CW-TRUST-CHANGED."""
    content = read_bytes(home.path / TRUST, "The trust policy", limit=MAX_PAPER)
    try:
        return TrustPolicy.read(parse_json(content, TRUST), "The trust policy")
    except CommonwealError as error:
        raise changed("it cannot be read") from error


def _first_entry(connection: sqlite3.Connection) -> dict[str, Any]:
    found = connection.execute("SELECT body FROM intent ORDER BY id LIMIT 1").fetchone()
    try:
        entry = json.loads(found[0]) if found is not None else {}
    except (TypeError, ValueError):
        return {}
    return entry if isinstance(entry, dict) else {}


class TrustBook(VersionBook[TrustHistory]):
    """The trust policy of an open home, read anew when the ledger has grown."""

    def __init__(
        self, home: Home, ledger: Ledger, clock: Clock, fenced: Callable[[], Fenced]
    ) -> None:
        super().__init__(home, ledger, clock, "trust.")
        self._fenced = fenced

    def _load(self, connection: sqlite3.Connection) -> TrustHistory:
        return load_history(self._home, connection, self._fenced())

    def policy(self) -> TrustPolicy:
        """The policy in force now."""
        return self.history().in_force(self.now())
