"""The data keys of releases: one for each attempt to build one.

A build that fails or is cut off has its key destroyed, and a key's name is never used twice, so the
next attempt at the same release makes a key under the next name. At most one key of a release is
alive.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator

from commonweal.vault.custody import Custody
from commonweal.vault.keys import KeyInfo, Secret
from commonweal.vault.release.session import key_name


def make_release_key(custody: Custody, release: str, project: str) -> KeyInfo:
    """A new data key for the release."""
    known = {info.name for info in custody.keyring.list()}
    free = next(name for name in _names(release) if name not in known)
    return custody.keyring.create(free, "release_data", project=project)


def active_release_key(custody: Custody, release: str) -> Secret | None:
    """The data key of the release, or None once it was destroyed.

    Raises `Unavailable` CW-KEY-UNAVAILABLE if its half is missing.
    """
    for info in _keys(custody, release):
        if info.state in ("active", "unavailable"):
            return custody.keyring.secret(info.name)
    return None


def shred_release_keys(custody: Custody, release: str) -> bool:
    """Destroy what is alive of the release's keys; False if nothing was."""
    names = [info.name for info in _keys(custody, release)]
    shredded = [name for name in names if custody.keyring.shred_release(name)]
    return bool(shredded)


def _keys(custody: Custody, release: str) -> Iterator[KeyInfo]:
    known = {info.name: info for info in custody.keyring.list()}
    for name in itertools.takewhile(known.__contains__, _names(release)):
        yield known[name]


def _names(release: str) -> Iterator[str]:
    for attempt in itertools.count():
        # An id of a release holds no space, so no two releases share a name.
        yield key_name("release", release if attempt == 0 else f"{release} {attempt}")
