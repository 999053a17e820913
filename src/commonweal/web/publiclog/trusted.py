"""The log's keys, their chain and the witnesses, as the signer publishes them; and who signed.

The service holds no key. The signer writes `public/log-keys.json`; a reader should have the key
from somewhere else too, which the page for experts says.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from django.conf import settings

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.foundation.files import read_bytes
from commonweal.ledger.checkpoint import open_checkpoint
from commonweal.ledger.cosigning import TOLERANCE_SECONDS
from commonweal.ledger.keychain import keys_for
from commonweal.ledger.note import Note, VerifierKey
from commonweal.ledger.policy import WitnessPolicy
from commonweal.ledger.quorum import counted
from commonweal.web.config import clock
from commonweal.web.publiclog.signed import SignedLog

FILE = Path("public") / "log-keys.json"
FORMAT = "commonweal/log-keys/1"
_MAX_BYTES = 5 * 1024 * 1024


@dataclass(frozen=True)
class Published:
    """What the signer publishes: keys in use, the chain to them (or None), the witness policy."""

    keys: tuple[VerifierKey, ...]
    chain: str | None
    policy: WitnessPolicy


def published_bytes() -> bytes | None:
    """The file as it lies there, or None before there is one."""
    path = Path(settings.ENVIRONMENT.home / FILE)
    if not path.is_file():
        return None
    return read_bytes(path, "The log's keys", limit=_MAX_BYTES)


def published() -> Published | None:
    """The published keys, or None before there are any. Raises `Fault` CW-LEDGER-POLICY-INVALID."""
    content = published_bytes()
    if content is None:
        return None
    plain = parse_json(content, "The log's keys")
    form = {"format", "keys", "chain", "policy"}
    if not isinstance(plain, dict) or plain.keys() != form or plain["format"] != FORMAT:
        raise Fault(
            "CW-LEDGER-POLICY-INVALID", "The file of the log's keys does not have its form."
        )
    keys = tuple(VerifierKey.parse(str(key)) for key in plain["keys"])
    chain = None if plain["chain"] is None else str(plain["chain"])
    return Published(keys, chain, WitnessPolicy.parse(str(plain["policy"])))


@dataclass(frozen=True)
class Looked:
    """What this page found when it looked just now.

    `signed`: the hospital's key signed, and the stored sums lead to what was signed. `witnesses`:
    name and time of each witness outside the hospital that signed; `enough`: as many as the rules
    ask for; `asked`: whether the rules ask for any.
    """

    signed: bool
    witnesses: tuple[tuple[str, datetime], ...] = ()
    asked: bool = False
    enough: bool = False


def look(log: SignedLog) -> Looked:
    """Check the newest signature. What cannot be checked counts as not checked."""
    try:
        found = published()
        if found is None or not log.adds_up():
            return Looked(False)
        open_checkpoint(log.note, keys_for(log.note, found.keys, found.chain), log.point.origin)
        now = clock.now()
        signed = counted(Note.parse(log.note), found.policy, now)
    except CommonwealError:
        return Looked(False)
    limit = now + timedelta(seconds=TOLERANCE_SECONDS)
    names = tuple((one.key.name, one.moment) for one in signed if one.moment <= limit)
    enough = found.policy.asks and found.policy.satisfied({one.key for one in signed})
    return Looked(True, names, found.policy.asks, enough)
