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
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.clock import Clock, parse_stamp
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.foundation.files import make_private_folder, read_bytes, write_atomic
from commonweal.ledger.store import FIRST_EVENT, Ledger
from commonweal.ledger.trust_order import PolicyStep, trust_order
from commonweal.papers.trust import TrustPolicy
from commonweal.papers.trust_change import open_change, open_withdrawal
from commonweal.papers.trust_history import PolicyVersion, TrustHistory, TrustView
from commonweal.vault.home import Home
from commonweal.vault.keys.fence import PolicyFence

TRUST = "trust.json"
POLICIES = "policies"
MAX_TRUST = 4 * 1024 * 1024
Fenced = Mapping[int, PolicyFence]


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


# --- papers -----------------------------------------------------------------------------------


def paper_names(home: Home, policy_hash: str, ending: str = "jws") -> tuple[Path, Path]:
    """Where the paper of a version is kept: in the home, and in the root store."""
    name = f"{policy_hash.removeprefix('sha256:')}.{ending}"
    return home.path / POLICIES / name, home.root_store / POLICIES / name


def keep_paper(home: Home, policy_hash: str, text: str, ending: str = "jws") -> None:
    """Write the paper to both places. What no entry of the ledger names is worth nothing."""
    for path in reversed(paper_names(home, policy_hash, ending)):
        make_private_folder(path.parent)
        write_atomic(path, text.encode())


def read_paper(home: Home, policy_hash: str, ending: str = "jws") -> bytes:
    """The paper of a version from either place. Raises `Fault` CW-TRUST-CHANGED."""
    for path in paper_names(home, policy_hash, ending):
        if path.is_file():
            return read_bytes(path, "The trust policy", limit=MAX_TRUST)
    raise changed("the paper of one of its versions is not there")


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
    known = held if held is not None and held.hash == step.policy_hash else None
    adopted = known.at if known is not None and step.restored else step.at
    view = TrustView(before, history.compromised, now=adopted)
    text = read_paper(home, step.policy_hash)
    policy = open_change(text, view, step.version, adopted, lapses=not step.restored)
    if policy.digest() != step.policy_hash:
        raise changed(f"version {step.version} is not the one on the ledger")
    begins = step.effective_from
    if step.restored and not (known is not None and known.effective_from == begins):
        # Nobody but the ledger says that it waited: it waits again, as what it was made from does.
        begins = max(begins, max(step.at, made_from.effective_from) + before.delay)
    elif not step.restored:
        if history.in_force(step.at, step.intent_id) != before:
            raise changed(f"version {step.version} follows one that did not count yet")
        if begins < step.at + before.delay:
            raise changed(f"version {step.version} would count before its wait is over")
    if step.withdrawn_at is not None:
        withdrawal = read_paper(home, step.policy_hash, "withdrawn.jws")
        open_withdrawal(withdrawal, replace(view, now=step.withdrawn_at), policy, step.withdrawn_at)
        if step.withdrawn_at >= begins and not (known is not None and known.withdrawn):
            # One person may stop what waits. What counts is changed by as many as must sign.
            raise changed(f"version {step.version} was withdrawn when it counted already")
    return PolicyVersion(policy, adopted, begins, step.withdrawn_at, step.intent_id)


def require_fenced(history: TrustHistory, fenced: Fenced) -> None:
    """Refuse a history that lacks what the fence knows. Raises `Fault` CW-LEDGER-REWOUND."""
    known = {one.policy.number: one for one in history.versions}
    for number, held in fenced.items():
        found = known.get(number)
        same = found is not None and hmac.compare_digest(found.policy.digest(), held.hash)
        if not same or (held.withdrawn and found is not None and found.withdrawn_at is None):
            raise Fault(
                "CW-LEDGER-REWOUND",
                f"The ledger does not know version {number} of the trust policy, which was "
                "adopted.",
                remedy="The ledger is an older copy: `commonweal restore` of a backup puts that "
                "right, and copying files does not.",
            )


def _first(home: Home, connection: sqlite3.Connection) -> TrustPolicy:
    """The policy in `trust.json`, if the ledger's first entry holds its hash."""
    trust = unopened_first(home)
    if trust_bytes(trust) != read_bytes(home.path / TRUST, "The trust policy", limit=MAX_TRUST):
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
    content = read_bytes(home.path / TRUST, "The trust policy", limit=MAX_TRUST)
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


class TrustBook:
    """The trust policy of an open home, read anew when the ledger has grown."""

    def __init__(
        self, home: Home, ledger: Ledger, clock: Clock, fenced: Callable[[], Fenced]
    ) -> None:
        self._home = home
        self._ledger = ledger
        self._clock = clock
        self._fenced = fenced
        self._seen = -1
        self._closed = False
        self._history: TrustHistory | None = None

    def close(self) -> None:
        """The ledger closes: what was read last stays."""
        self._closed = True

    def history(self) -> TrustHistory:
        """Every version. Raises as `load_history`."""
        if self._closed and self._history is not None:
            return self._history
        with self._ledger.reading() as connection:
            newest = int(connection.execute("SELECT max(id) FROM intent").fetchone()[0] or 0)
            if self._history is None or newest < self._seen or self._news(connection):
                self._history = load_history(self._home, connection, self._fenced())
            self._seen = newest
        return self._history

    def _news(self, connection: sqlite3.Connection) -> bool:
        found = connection.execute(
            "SELECT 1 FROM intent WHERE id > ? AND type LIKE 'trust.%' LIMIT 1", (self._seen,)
        ).fetchone()
        return found is not None

    def now(self) -> datetime:
        """The present, never before the ledger's last entry: a clock set back brings no old policy
        back."""
        if self._closed:
            return self._clock.now()
        with self._ledger.reading() as connection:
            found = connection.execute(
                "SELECT created_at FROM intent ORDER BY id DESC LIMIT 1"
            ).fetchone()
        now = self._clock.now()
        return now if found is None else max(now, parse_stamp(found[0]))

    def policy(self) -> TrustPolicy:
        """The policy in force now."""
        return self.history().in_force(self.now())
