"""The vault's X25519 key that orders of signed-in people are sealed to (S8).

Its private half is a sub-key of the key `person-orders` of the keyring and never leaves the vault.
Its public half lies in the home as a signed paper, for the web. After a rotation the version before
opens for a quarter of an hour what was on its way, and then nothing: no sign-in is older than that.
"""

from __future__ import annotations

import base64
from datetime import timedelta
from pathlib import Path

from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.foundation.files import make_private_folder, read_bytes, write_atomic
from commonweal.papers.order_key import OrderKey
from commonweal.papers.own_record_box import public_half
from commonweal.vault.custody import Custody, create_key, rotate_key
from commonweal.vault.custody.holding import STATEMENT_SIGNER
from commonweal.vault.custody.register import PUBLIC
from commonweal.vault.keys import KeyInfo, Secret

NAME = "person-orders"
PURPOSE = "person_orders"
FILE = "person-orders.jws"
STILL_OPENS = timedelta(minutes=15)
"""For how long after a rotation the version before opens what is on its way."""
_MOST_BYTES = 64 * 1024


def publish_order_key(custody: Custody) -> OrderKey:
    """Make the key where there is none yet, and write its signed paper; gives what it says.

    Called again it writes the same key under a new time. Raises what signing and writing raise.
    """
    if not any(info.name == NAME for info in custody.keyring.list()):
        create_key(custody, NAME, PURPOSE)
    info = custody.keyring.get(NAME)
    public = public_half(_private(custody.keyring.secret(NAME)).use())
    paper = OrderKey.read(
        {
            "order_key": 1,
            "home": custody.home.id,
            "key": info.id,
            "public_key": base64.urlsafe_b64encode(public).rstrip(b"=").decode(),
            "published_at": stamp(custody.clock.now()),
        },
        "The key for orders",
    )
    text = paper.signed([custody.signer(STATEMENT_SIGNER)], paper.published_at)
    OrderKey.load(text, custody.belief)  # what nobody would believe is not published
    make_private_folder(place(custody).parent)
    write_atomic(place(custody), text.encode())
    return paper


def rotate_order_key(custody: Custody) -> OrderKey:
    """A new version of the key, published. Raises `WrongUsage` CW-KEY-UNKNOWN before the first."""
    rotate_key(custody, NAME)
    return publish_order_key(custody)


def published_order_key(custody: Custody) -> OrderKey:
    """What the home publishes, checked: signed, of this home, and of the version that is in use.

    Raises `Fault` CW-MYDATA-KEY where the paper is another version's or another home's, and those
    of signed papers and files.
    """
    content = read_bytes(place(custody), "The key for orders", limit=_MOST_BYTES)
    paper = OrderKey.load(content, custody.belief)
    info = custody.keyring.get(NAME)
    public = public_half(_private(custody.keyring.secret(NAME)).use())
    if (paper.home, paper.key, paper.raw) != (custody.home.id, info.id, public):
        raise Fault(
            "CW-MYDATA-KEY",
            "The published key for orders is not the one that the vault opens orders with.",
            remedy="Publish it again: commonweal patients key publish.",
        )
    return paper


def private_half(custody: Custody, key_id: str) -> bytes:
    """The private half (32 bytes) of the version that an order names, while it still opens orders.

    Raises `Refused` CW-MYDATA-KEY for every other key there is or could be.
    """
    try:
        versions = custody.keyring.versions(NAME)
    except CommonwealError:
        raise _not_in_use() from None
    now = custody.clock.now()
    for older, newer in zip(versions, [*versions[1:], None], strict=True):
        still = newer is None or newer.created_at + STILL_OPENS > now
        if older.id == key_id and _opens(older) and still:
            return _private(custody.keyring.secret_of(key_id)).use()
    raise _not_in_use()


def place(custody: Custody) -> Path:
    """Where the paper lies in the home."""
    return custody.home.path / PUBLIC / FILE


def _opens(info: KeyInfo) -> bool:
    return info.purpose == PURPOSE and info.state in ("active", "decrypt_only")


def _private(secret: Secret) -> Secret:
    return secret.subkey("x25519")


def _not_in_use() -> Refused:
    return Refused("CW-MYDATA-KEY", "This was sealed to a key that is not in use. Begin again.")
