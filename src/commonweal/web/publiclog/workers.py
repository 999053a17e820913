"""The signer's side: the log's keys, their chain and its witnesses are published for readers."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from commonweal.foundation.canonical import canonical
from commonweal.foundation.errors import CommonwealError
from commonweal.foundation.files import make_private_folder, write_atomic
from commonweal.ledger.keychain import make_chain
from commonweal.ledger.log_keys import log_key_order
from commonweal.vault.custody import Custody
from commonweal.vault.custody.witnesses import policy_of
from commonweal.web.publiclog.trusted import FILE, FORMAT

_PUBLIC_MODE = 0o644


def publish_keys(custody: Custody) -> int:
    """1 where the file was written, else 0. It is written only where it says something else."""
    with custody.ledger.reading() as connection:
        order = log_key_order(connection)
        chain = None
        if order.added or order.retired:
            try:
                chain = make_chain(connection)
            except CommonwealError:
                return 0  # a change of the key waits for its signature: the next look has it
    # The chain is read from the first key on: one that is retired leads to those after it.
    keys = custody.ledger_keys if chain is not None else custody.ledger_keys_in_use
    plain = {
        "format": FORMAT,
        "keys": [str(key) for key in keys],
        "chain": chain,
        "policy": policy_of(custody).format(),
    }
    path, content = custody.home.path / FILE, canonical(plain) + b"\n"
    if path.is_file() and path.read_bytes() == content:
        return 0
    make_private_folder(path.parent)
    write_atomic(path, content, mode=_PUBLIC_MODE)
    return 1


def steps(room: str) -> Sequence[Callable[[Custody], int]]:
    """What the signer does for this app."""
    return (publish_keys,) if room == "signer" else ()
