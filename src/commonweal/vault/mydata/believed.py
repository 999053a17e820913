"""Which provider of identity the vault believes: said by an operator, kept where no web writes.

It stands in the details of an entry of the sealed log, sealed under the key `identity-provider`:
nobody without the vault's keys can write one, and none can be taken back unseen. The newest entry
counts. The service's own settings say nothing here: a web that points its pages to another provider
gets signatures that the vault does not know.
"""

from __future__ import annotations

import hmac
import re
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlsplit

from commonweal.foundation.canonical import canonical, parse_json
from commonweal.foundation.clock import parse_stamp
from commonweal.foundation.errors import CommonwealError, Fault, Unavailable
from commonweal.ledger.details import Details, open_details
from commonweal.ledger.entry import Actor, Event, intent_hash, read_entry
from commonweal.vault.custody import Custody, create_key, settle
from commonweal.vault.mydata.provider import FITS, Provider, read_keys

EVENT = "person.provider_set"
KEY = "identity-provider"
ACTOR = Actor("custodian", "command-line")
_CLIENT = re.compile(r"[\x21-\x7e]{1,255}", re.ASCII)
_MOST_ADDRESS = 500


@dataclass(frozen=True)
class Believed:
    """The provider in force, and since when."""

    provider: Provider
    since: datetime


def set_provider(
    custody: Custody, issuer: str, client: str, algorithms: frozenset[str], jwks: bytes
) -> Believed:
    """Believe this provider from now on, and no other.

    `issuer`: exactly as it stands in tokens. `client`: the id under which it knows this service.
    `jwks`: its file of public keys. Raises `Fault` CW-MYDATA-PROVIDER; nothing is changed then.
    """
    _check_address(issuer, demo=custody.home.kind == "demo")
    if not _CLIENT.fullmatch(client):
        raise _wrong("knows this service by an id of visible ASCII characters")
    provider = Provider(issuer, client, algorithms, read_keys(jwks))
    kinds = {key.kind for key in provider.keys.values()}
    _check_fits(provider, kinds)
    held = {
        "provider": 1,
        "issuer": issuer,
        "client": client,
        "algorithms": sorted(algorithms),
        "jwks": canonical(parse_json(jwks, "The file of keys")).decode(),
    }
    if not any(info.name == KEY for info in custody.keyring.list()):
        create_key(custody, KEY, "details")
    info = custody.keyring.get(KEY)
    details = Details(held, info.id, custody.keyring.secret_of(info.id).use())
    custody.ledger.append(Event(EVENT, ACTOR, {"keys": len(provider.keys)}), details)
    settle(custody)
    return believed(custody)


def set_keys(custody: Custody, jwks: bytes) -> Believed:
    """The same provider with other keys: it changed them. Raises as `set_provider`."""
    now = believed(custody).provider
    return set_provider(custody, now.issuer, now.client, now.algorithms, jwks)


def believed(custody: Custody) -> Believed:
    """The provider in force. Raises `Fault` CW-MYDATA-PROVIDER where none is, or it was changed."""
    with custody.ledger.reading() as connection:
        row = connection.execute(
            "SELECT body, body_hash, created_at, key_id, ciphertext FROM intent LEFT JOIN detail "
            "ON detail.intent_id = intent.id WHERE type = ? ORDER BY intent.id DESC LIMIT 1",
            (EVENT,),
        ).fetchone()
    if row is None:
        raise Fault(
            "CW-MYDATA-PROVIDER",
            "Nobody has said yet which provider of identity people sign in with.",
            remedy="commonweal patients provider set says it.",
        )
    body, hashed, created, key_id, sealed = row
    if not hmac.compare_digest(bytes(hashed), intent_hash(created, bytes(body))) or sealed is None:
        raise _changed()
    try:
        entry = read_entry(bytes(body))
        info = custody.keyring.of_id(str(entry.get("details_key")))
        if key_id != info.id or info.name != KEY:
            raise _changed()
        secret = custody.keyring.secret_of(info.id)
        plain = open_details(sealed, info.id, secret.use(), str(entry["details"]))
        return Believed(_provider(plain), parse_stamp(created))
    except Unavailable:
        raise
    except CommonwealError as error:
        raise _changed() from error


def _provider(plain: Any) -> Provider:
    names = {"provider", "issuer", "client", "algorithms", "jwks"}
    if not isinstance(plain, dict) or plain.keys() != names or plain["provider"] != 1:
        raise _changed()
    keys = read_keys(str(plain["jwks"]).encode())
    signs = frozenset(map(str, plain["algorithms"]))
    return Provider(str(plain["issuer"]), str(plain["client"]), signs, keys)


def _check_fits(provider: Provider, kinds: set[str]) -> None:
    for algorithm in sorted(provider.algorithms):
        if FITS[algorithm] not in kinds:
            raise _wrong(f"has a key that {algorithm} signs with; none of these is one")


def _check_address(issuer: str, *, demo: bool) -> None:
    """An address without anything that two readers could read differently."""
    try:
        parts = urlsplit(issuer)
        plain = parts.geturl() == issuer and parts.port != 0
    except ValueError:
        raise _wrong("has an issuer that is a web address") from None
    near = demo and parts.scheme == "http" and parts.hostname in ("localhost", "127.0.0.1")
    if (
        not plain
        or not issuer.isascii()
        or not issuer.isprintable()
        or " " in issuer
        or len(issuer) > _MOST_ADDRESS
        or not parts.hostname
        or parts.query
        or parts.fragment
        or "@" in parts.netloc
        or not (parts.scheme == "https" or near)
    ):
        raise _wrong("has an issuer that begins with https:// and is only an address")


def _changed() -> Fault:
    return Fault(
        "CW-MYDATA-PROVIDER",
        "What this home holds of its provider of identity was changed or cannot be opened.",
        remedy="Look at commonweal ledger verify, then say it anew: commonweal patients provider "
        "set.",
    )


def _wrong(what: str) -> Fault:
    return Fault("CW-MYDATA-PROVIDER", f"A provider of identity {what}.")
