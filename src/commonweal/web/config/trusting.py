"""What kind of home the service stands in, read from its trust policy (S21).

The kind is never a setting. `trust.json` is believed only if the ledger's first entry holds its
hash and names the same kind, so whoever can change a setting, an environment variable or the
service's database cannot make a home a demonstration.
"""

from __future__ import annotations

import hmac
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.clock import SystemClock
from commonweal.foundation.errors import Fault
from commonweal.foundation.files import read_bytes
from commonweal.ledger.entry import read_entry
from commonweal.ledger.store import Ledger
from commonweal.papers.trust import TrustPolicy

TRUST = "trust.json"
LEDGER = Path("ledger") / "ledger.sqlite"
INFO = "home.json"
_MAX_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class HomeSeen:
    """What the service may know of its home. `id`: which home acts are signed for."""

    path: Path
    id: str
    kind: Literal["demo", "standard"]
    custodian: str

    @property
    def is_demonstration(self) -> bool:
        """True for made-up people only."""
        return self.kind == "demo"


def look_at_home(path: Path) -> HomeSeen:
    """The home in `path`.

    Raises `Fault` CW-HOME-MISSING, CW-TRUST-CHANGED, CW-LEDGER-MISSING and what reading raises.
    """
    if not (path / TRUST).is_file():
        raise Fault(
            "CW-HOME-MISSING",
            f"There is no Commonweal home in the folder {path.name}.",
            remedy="Make one with `commonweal home create`, or name another with --home.",
        )
    content = read_bytes(path / TRUST, "The trust policy", limit=_MAX_BYTES)
    policy = TrustPolicy.read(parse_json(content, "The trust policy"), "The trust policy")
    with Ledger.open(path / LEDGER, SystemClock()) as ledger:
        first = read_entry(ledger.entry("public", 0))
    same = hmac.compare_digest(str(first.get("policy_hash", "")), policy.digest())
    if first["type"] != "trust.policy_set" or not same or first.get("home") != policy.home:
        raise Fault(
            "CW-TRUST-CHANGED",
            "The trust policy of this home is not the one that its ledger begins with.",
            remedy="Do not use this home; restore a backup and find out what happened.",
        )
    return HomeSeen(path, _id(path), policy.home, policy.custodian)


def _id(path: Path) -> str:
    """The home's id as `home.json` has it. The signer refuses acts that are for another."""
    plain = parse_json(read_bytes(path / INFO, "The home", limit=_MAX_BYTES), "The home")
    found = plain.get("id") if isinstance(plain, dict) else None
    if not isinstance(found, str):
        raise Fault("CW-HOME-INVALID", "The file home.json of this home names no id.")
    return found
