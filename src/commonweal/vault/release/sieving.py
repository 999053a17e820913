"""The codes that the airlock looks identifiers up by, made here for the length of one check.

The airlock has the sieve (`airlock_files.sieve`) and never its key: whoever had both could try
every name and number on it. So the vault hands out a function, and takes it back.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator

import pyarrow as pa

from commonweal.papers.release import ReleaseManifest
from commonweal.vault.custody import Custody
from commonweal.vault.keys.codes import Bytes, codes_of

SieveCodes = Callable[[pa.ChunkedArray], Bytes]


@contextlib.contextmanager
def sieve_codes(custody: Custody, manifest: ReleaseManifest) -> Iterator[SieveCodes]:
    """What makes the codes of texts under the key of a release's sieve, until the block ends.

    The texts are letters and digits in capitals, as `ops.bare_token` spells them. Raises what the
    keyring raises. After the block the function raises ValueError.
    """
    secret = custody.keyring.secret_of(manifest.key_ids["sieve"])
    lent = True

    def codes(texts: pa.ChunkedArray) -> Bytes:
        if not lent:
            raise ValueError("the codes of a sieve are made for one check")
        return codes_of(secret, texts)

    try:
        yield codes
    finally:
        lent = False
