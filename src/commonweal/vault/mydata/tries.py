"""How often one number asked: counted, so that nobody tries their way through (S8).

Kept in one sealed file of the home, by HMAC-SHA-256 of the number under a sub-key of the vault:
the file names nobody, whoever has the number cannot look it up, and it is as long for few as for
many. Every believed sign-in counts, whatever was asked and whatever the answer is.
"""

from __future__ import annotations

import contextlib
import hmac
import re
import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

from commonweal.foundation.canonical import canonical, parse_json
from commonweal.foundation.errors import CommonwealError, Fault, Refused, Unavailable
from commonweal.foundation.files import make_private_folder, only_one, read_bytes, write_atomic
from commonweal.foundation.identifiers import NHSNumber
from commonweal.foundation.sealing import seal_bytes, unseal_bytes
from commonweal.vault.custody import Custody
from commonweal.vault.keys import Secret
from commonweal.vault.mydata.order_key import NAME

MOST = 12
"""How often one number may ask within `WINDOW`."""
WINDOW = timedelta(hours=1)
FOLDER = "own-records"
FILE = "tries"
_CONTEXT = "own-records/tries"
_WHAT = "The count of who asked how often"
_STEP = 256 * 1024
_MOST_BYTES = 256 * 1024 * 1024
_WAIT_SECONDS = 10.0
_PAUSE_SECONDS = 0.02
_NUMBER = re.compile(r"[0-9a-f]{32}", re.ASCII)


def count_try(custody: Custody, number: NHSNumber) -> None:
    """Count one question of this number; on the disk before anything is looked for.

    Raises `Refused` CW-MYDATA-TRIES where it asked too often: one sentence, whoever it is.
    `Unavailable` CW-BUSY, and `Fault` CW-SEAL-BROKEN for a file that is not ours: a count that
    cannot be read is no reason to begin again from nothing.
    """
    folder = custody.home.path / FOLDER
    make_private_folder(folder)
    path, now = folder / FILE, int(custody.clock.now().timestamp())
    since = now - int(WINDOW.total_seconds())
    with _alone(folder / f".{FILE}.lock"):
        secret, key_id = custody.keyring.secret(NAME), custody.keyring.get(NAME).id
        kept = {
            name: [at for at in times if at > since]
            for name, times in _read(custody, path, key_id).items()
        }
        mine = hmac.digest(secret.subkey("tries-number").use(), number.digits.encode(), "sha256")
        times = kept.setdefault(mine.hex()[:32], [])
        over = len(times) >= MOST
        if not over:
            times.append(now)
        _write(path, secret, key_id, {name: times for name, times in kept.items() if times})
    if over:
        raise Refused(
            "CW-MYDATA-TRIES",
            f"This page can be asked for {MOST} times in an hour. Try again later.",
        )


def _read(custody: Custody, path: Path, key_id: str) -> dict[str, list[int]]:
    if not path.exists():
        return {}
    content = read_bytes(path, _WHAT, limit=_MOST_BYTES)
    named = content[:16].hex()
    try:
        secret = custody.keyring.secret_of(named)
        if custody.keyring.of_id(named).name != NAME:
            raise _broken()
    except Unavailable:
        raise
    except CommonwealError:
        raise _broken() from None
    opened = unseal_bytes(content[16:], _sealing(secret).use(), _CONTEXT, _WHAT)
    found = parse_json(opened.rstrip(b" "), _WHAT, max_bytes=_MOST_BYTES)
    if not isinstance(found, dict) or not all(_is_row(*row) for row in found.items()):
        raise _broken()
    # Under another version of the key numbers have other names: the counts of the last hour are
    # left behind when somebody replaces the key, which only an operator can.
    return found if named == key_id else {}


def _write(path: Path, secret: Secret, key_id: str, kept: dict[str, list[int]]) -> None:
    plain = canonical(kept)
    padded = plain.ljust((len(plain) // _STEP + 1) * _STEP)
    sealed = seal_bytes(padded, _sealing(secret).use(), _CONTEXT)
    write_atomic(path, bytes.fromhex(key_id) + sealed)


def _sealing(secret: Secret) -> Secret:
    return secret.subkey("tries-file")


def _is_row(name: Any, times: Any) -> bool:
    right = isinstance(times, list) and all(type(at) is int and at >= 0 for at in times)
    return right and isinstance(name, str) and _NUMBER.fullmatch(name) is not None


@contextlib.contextmanager
def _alone(lock: Path) -> Iterator[None]:
    """Hold the file; another worker's turn is short, so it is waited for."""
    until = time.monotonic() + _WAIT_SECONDS
    with contextlib.ExitStack() as held:
        while True:
            try:
                held.enter_context(only_one(lock, "the count of questions"))
                break
            except Unavailable:
                if time.monotonic() >= until:
                    raise
                time.sleep(_PAUSE_SECONDS)
        yield


def _broken() -> Fault:
    return Fault("CW-SEAL-BROKEN", f"{_WHAT} was changed, cut short, or sealed with another key.")
