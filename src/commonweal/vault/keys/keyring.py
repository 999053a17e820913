"""The keyring of one home: create, find, use, rotate and destroy keys (S19, S20).

Root key -> one key-encryption key for each purpose -> data keys. Every key has a half in the root
store, so destroying it reaches each copy of the home (see `root_store`). The state of a key is
what its record says, unless the fence says more: a destroyed key stays destroyed and a replaced
one makes nothing new, whatever record a restored or changed home shows. A key whose half is missing
(an older copy of the root store was put back) is `unavailable`: it is refused, the others work.
"""

from __future__ import annotations

import base64
import contextlib
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from commonweal.foundation.clock import Clock
from commonweal.foundation.errors import Refused, Unavailable, WrongUsage
from commonweal.foundation.files import translated, write_atomic
from commonweal.vault.keys.approvals import Approval, DestructionOrder, Order, require_approvals
from commonweal.vault.keys.fence import Fence, FenceState
from commonweal.vault.keys.provider import FileProvider, KeyProvider, Place
from commonweal.vault.keys.purposes import PURPOSES, purpose_of
from commonweal.vault.keys.records import (
    WRAPPING_PREFIX,
    KeyInfo,
    KeyRecord,
    KeyState,
    broken,
    check_name,
    check_project,
    forget,
    new_id,
)
from commonweal.vault.keys.root_store import RootStore
from commonweal.vault.keys.secret import Secret

if TYPE_CHECKING:
    from commonweal.vault.home import Home

_FILE = re.compile(r"[0-9a-f]{32}\.json", re.ASCII)


class KeySigner:
    """A signing key that never leaves the keyring.

    It fits `papers.signing.Signer` and `ledger.note.Ed25519Signer`.
    """

    def __init__(self, keyring: Keyring, info: KeyInfo) -> None:
        self._keyring = keyring
        self._info = info

    @property
    def key_id(self) -> str:
        """The id under which a trust policy knows the key."""
        return self._info.id

    @property
    def info(self) -> KeyInfo:
        """What may be known of the key."""
        return self._info

    @property
    def verification_key(self) -> bytes:
        """The raw Ed25519 key (32 bytes) that verifies what this one signs."""
        return self._info.verification_key

    def sign(self, message: bytes) -> bytes:
        """The Ed25519 signature (64 bytes) over `message`; the key's state is looked at anew."""
        return self._keyring.sign_with(self._info.id, message)


class Keyring:
    """The keys of one home. Every call looks at the disk, so that what another process did counts.

    Every method raises `Unavailable` CW-KEY-UNAVAILABLE when the root store cannot be used and
    `Fault` CW-KEY-BROKEN when a record was changed.
    """

    def __init__(
        self, folder: Path, store: RootStore, clock: Clock, provider: KeyProvider | None = None
    ) -> None:
        self._folder = folder
        self._store = store
        self._clock = clock
        self._provider = provider or FileProvider(store)
        self.fence = Fence(store, clock)
        self._settle()

    def __repr__(self) -> str:
        return f"Keyring({self._store.home_id})"

    @classmethod
    def open(cls, home: Home, clock: Clock) -> Keyring:
        """The keyring of an opened home; finishes a destruction that was cut off."""
        return cls(home.keys, RootStore.open(home.root_store, home.id), clock)

    # --- looking --------------------------------------------------------------------------

    def get(self, name: str) -> KeyInfo:
        """The active version of a key, else its newest. Raises `WrongUsage` CW-KEY-UNKNOWN."""
        return self._proved(self._current(name)).info

    def list(self) -> tuple[KeyInfo, ...]:
        """Every version of every key, by name and version.

        A key that cannot be unwrapped for want of its half has the state `unavailable`; what is
        said of such a key is what its record says, proved by nothing.
        """
        found = [self._seen(record) for record in self._records() if not _wraps(record)]
        return tuple(sorted(found, key=lambda info: (info.name, info.version)))

    def versions(self, name: str) -> tuple[KeyInfo, ...]:
        """Every version of one key, oldest first, each proved. Raises as `get`."""
        return tuple(self._proved(record).info for record in self._named(name))

    def made(self) -> frozenset[str]:
        """The ids of every key that this home made and that was not destroyed, by its halves."""
        return self._store.halves()

    def unavailable(self) -> tuple[str, ...]:
        """The names of keys without a usable half, wrapping keys included, in order."""
        seen = (self._seen(record) for record in self._records())
        return tuple(sorted({info.name for info in seen if info.state == "unavailable"}))

    def of_id(self, key_id: str) -> KeyInfo:
        """One version of a key by its id. Raises `WrongUsage` CW-KEY-UNKNOWN."""
        return self._proved(self._by_id(key_id)).info

    # --- using ----------------------------------------------------------------------------

    def secret(self, name: str) -> Secret:
        """The active version of a key that is not for signing.

        Raises `WrongUsage` CW-KEY-UNKNOWN or CW-KEY-USE, `Refused` CW-KEY-DESTROYED.
        """
        record = self._current(name)
        self._require_active(record.info)
        return self._secret(record)

    def secret_of(self, key_id: str) -> Secret:
        """A version by its id, also one that was replaced: to open what it sealed."""
        return self._secret(self._by_id(key_id))

    def signer(self, name: str) -> KeySigner:
        """The active version of a signing key, to sign with."""
        record = self._current(name)
        self._require_active(record.info)
        self._require_signing(record.info)
        return KeySigner(self, self._proved(record).info)

    def signer_of(self, key_id: str) -> KeySigner:
        """The signer of one active version by its id: while two versions are active, either."""
        record = self._by_id(key_id)
        self._require_active(record.info)
        self._require_signing(record.info)
        return KeySigner(self, self._proved(record).info)

    def sign(self, name: str, message: bytes) -> bytes:
        """The Ed25519 signature (64 bytes) over `message` by the active version of a key."""
        return self.signer(name).sign(message)

    def sign_with(self, key_id: str, message: bytes) -> bytes:
        """As `sign`, by the id of an active version."""
        record = self._by_id(key_id)
        self._require_active(record.info)
        self._require_signing(record.info)
        with _naming(record.info):
            return self._provider.sign(self._place(record.info), _wrapped(record), message)

    def checkpoint_signer(self, name: str) -> KeySigner:
        """The signer of the ledger's checkpoints: of purpose `ledger_checkpoint` only."""
        signer = self.signer(name)
        if signer.info.purpose != "ledger_checkpoint":
            raise WrongUsage("CW-KEY-USE", f"The key {name} does not sign checkpoints.")
        return signer

    # --- making and replacing -------------------------------------------------------------

    def create(self, name: str, purpose: str, project: str | None = None) -> KeyInfo:
        """Make a key. A name is never used twice, also after its key was destroyed.

        Raises `WrongUsage` CW-KEY-NAME or CW-KEY-PURPOSE, `Refused` CW-KEY-EXISTS.
        """
        check_name(name)
        purpose_of(purpose, project)
        check_project(project)
        with self._store.locked():
            if any(record.info.name == name for record in self._records() if not _wraps(record)):
                raise Refused("CW-KEY-EXISTS", f"There is, or was, a key called {name}.")
            return self._make(name, purpose, project, version=1)

    def rotate(self, name: str, *, beside: bool = False) -> KeyInfo:
        """Make a new active version; the older ones only open what they sealed.

        `beside`: the older ones stay active until `retire_version`, for keys that a trust policy
        names: the new one counts for nothing before a new policy does.
        Raises `Refused` CW-KEY-ROTATION for keys that tie data together (a project's key would
        lose the link between its releases), CW-KEY-DESTROYED.
        """
        with self._store.locked():
            current = self._current(name).info
            if not PURPOSES[current.purpose].rotates:
                raise Refused(
                    "CW-KEY-ROTATION",
                    f"The key {name} is for {current.purpose} and is never replaced: what it "
                    "made could no longer be linked or opened.",
                )
            if current.state == "destroyed":
                raise _destroyed(name)
            made = self._make(name, current.purpose, current.project, current.version + 1)
            if not beside:
                self._retire([r for r in self._named(name) if r.info.id != made.id])
            return made

    def retire_version(self, key_id: str) -> bool:
        """Let one version of a signing key sign no more; False if it did not any more."""
        with self._store.locked():
            record = self._by_id(key_id)
            self._require_signing(record.info)
            if record.info.state != "active":
                return False
            self._retire([record])
            return True

    def rotate_wrapping(self, purpose: str) -> int:
        """Make a new key-encryption key for `purpose` and wrap its keys anew; gives their number.

        The old one is kept, for backups: what they hold is wrapped under it. Keys that are
        unavailable stay under it too.
        """
        if purpose not in PURPOSES:
            purpose_of(purpose, None)
        with self._store.locked():
            older = [r for r in self._records() if r.info.purpose == WRAPPING_PREFIX + purpose]
            newest = max((record.info.version for record in older), default=0)
            above = self._make_wrapping(purpose, newest + 1)
            self._retire(older)
            below = [r for r in self._records() if r.info.purpose == purpose and r.wrapped]
            below = [r for r in below if self._seen(r).state != "unavailable"]
            for record in below:
                key = self._unwrap(record)
                info = replace(record.info, wrapped_by=above.id)
                self._save(KeyRecord(info, self._provider.wrap(self._place(info), key)))
            return len(below)

    # --- destroying -----------------------------------------------------------------------

    def destruction_order(self, name: str, version: int | None = None) -> DestructionOrder:
        """The order that people approve: for all versions of a key, or for one that is retired.

        Raises CW-KEY-UNKNOWN or CW-KEY-DESTROYED; `Refused` CW-KEY-USE for one version in use.
        """
        versions = self._named(name)
        if version is not None:
            versions = tuple(r for r in versions if r.info.version == version)
            if not versions:
                raise WrongUsage("CW-KEY-UNKNOWN", f"The key {name} has no version {version}.")
            if versions[0].info.state == "active":
                raise Refused("CW-KEY-USE", f"Version {version} of the key {name} is in use.")
        if all(record.info.state == "destroyed" for record in versions):
            raise _destroyed(name)
        ids = tuple(sorted(record.info.id for record in versions))
        return DestructionOrder(self._store.home_id, name, versions[0].info.purpose, ids)

    def approve(self, order: Order, person: str) -> Approval:
        """The approval of `order` by the holder of the person_signing key named `person`."""
        if self.get(person).purpose != "person_signing":
            raise WrongUsage("CW-KEY-USE", f"The key {person} does not sign for a person.")
        at = self._clock.now().replace(microsecond=0)
        return Approval(person, at, self.sign(person, order.message(person, at)))

    def destroy(
        self,
        name: str,
        approvals: Sequence[Approval] = (),
        *,
        approvers: Mapping[str, bytes] | None = None,
        version: int | None = None,
    ) -> tuple[KeyInfo, ...]:
        """Destroy all versions of a key, here and in every backup; gives their records.

        `version`: only this one, which must be retired.

        `approvers`: raw Ed25519 keys of the people who may approve, by name, as a trust policy
        holds them; without it the person_signing keys of this home. First the fence, then the
        halves, then the records: cut off anywhere, the next opening of the keyring finishes it.
        Raises `Refused` CW-KEY-APPROVAL unless two different people approved (keys of one person,
        purpose `person_signing`, need no approval), CW-KEY-DESTROYED.
        """
        with self._store.locked():
            order = self.destruction_order(name, version)
            if PURPOSES[order.purpose].two_people:
                known = self.people() if approvers is None else approvers
                require_approvals(order, approvals, known, self._clock.now())
            self.fence.record_destroyed(*order.key_ids)
            self._settle()
            return tuple(r.info for r in self._named(name) if r.info.id in order.key_ids)

    def shred_release(self, name: str) -> bool:
        """Destroy the data key of one release that was never finished or has been replaced (S13).

        A rule of the machine, so it needs no approval; it works on purpose `release_data` only.
        False if the key is not there or is destroyed already. Raises `WrongUsage` CW-KEY-USE.
        """
        with self._store.locked():
            versions = [r for r in self._records() if r.info.name == name and not _wraps(r)]
            if any(record.info.purpose != "release_data" for record in versions):
                raise WrongUsage("CW-KEY-USE", f"The key {name} does not belong to a release.")
            alive = [r.info.id for r in versions if r.info.state != "destroyed"]
            if not alive:
                return False
            self.fence.record_destroyed(*alive)
            self._settle()
            return True

    # --- for backups ----------------------------------------------------------------------

    def chain(self, name: str) -> tuple[KeyRecord, KeyRecord]:
        """The wrapped records of a key's active version and of the key above it."""
        record = self._current(name)
        self._require_active(record.info)
        return record, KeyRecord.load(self._folder / f"{record.info.wrapped_by}.json")

    # --- inside ---------------------------------------------------------------------------

    def _settle(self) -> None:
        """Carry out what the fence says of keys that still have their half or wrapped bytes."""
        destroyed = self.fence.read().destroyed
        for key_id in destroyed:
            if self._store.has_half(key_id):
                self._provider.destroy(key_id)
            path = self._folder / f"{key_id}.json"
            if path.is_file():
                record = KeyRecord.load(path)
                if record.wrapped is not None:
                    self._save(record.in_state("destroyed"))
                    forget()

    def _records(self) -> tuple[KeyRecord, ...]:
        fence = self.fence.read()
        with translated("the folder of keys"):
            names = sorted(p.name for p in self._folder.iterdir() if _FILE.fullmatch(p.name))
        return tuple(_fenced(KeyRecord.load(self._folder / name), fence) for name in names)

    def _named(self, name: str) -> tuple[KeyRecord, ...]:
        check_name(name)
        found = [r for r in self._records() if r.info.name == name and not _wraps(r)]
        if not found:
            raise WrongUsage("CW-KEY-UNKNOWN", f"There is no key called {name}.")
        return tuple(sorted(found, key=lambda record: record.info.version))

    def _current(self, name: str) -> KeyRecord:
        versions = self._named(name)
        active = [record for record in versions if record.info.state == "active"]
        return (active or versions)[-1]

    def _by_id(self, key_id: str) -> KeyRecord:
        if _FILE.fullmatch(f"{key_id}.json"):
            path = self._folder / f"{key_id}.json"
            if path.is_file():
                record = _fenced(KeyRecord.load(path), self.fence.read())
                if not _wraps(record):
                    return record
        raise WrongUsage("CW-KEY-UNKNOWN", "There is no key with this id.")

    def _make(self, name: str, purpose: str, project: str | None, version: int) -> KeyInfo:
        key = Secret.generate()
        public = None
        if PURPOSES[purpose].signs:
            private = Ed25519PrivateKey.from_private_bytes(key.use())
            raw = private.public_key().public_bytes_raw()
            public = base64.urlsafe_b64encode(raw).decode().rstrip("=")
        info = KeyInfo(
            id=new_id(),
            name=name,
            purpose=purpose,
            project=project,
            version=version,
            algorithm="HKDF-SHA-256" if public is None else "Ed25519",
            created_at=_milliseconds(self._clock.now()),
            state="active",
            wrapped_by=self._wrapping(purpose).id,
            public_key=public,
        )
        self._save(KeyRecord(info, self._provider.wrap(self._place(info), key)), new=True)
        return info

    def _make_wrapping(self, purpose: str, version: int) -> KeyInfo:
        info = KeyInfo(
            id=new_id(),
            name=f"wrapping.{purpose}",
            purpose=WRAPPING_PREFIX + purpose,
            project=None,
            version=version,
            algorithm="HKDF-SHA-256",
            created_at=_milliseconds(self._clock.now()),
            state="active",
            wrapped_by="root",
            public_key=None,
        )
        wrapped = self._provider.wrap(self._place(info), Secret.generate())
        self._save(KeyRecord(info, wrapped), new=True)
        return info

    def _wrapping(self, purpose: str) -> KeyInfo:
        wanted = WRAPPING_PREFIX + purpose
        found = [r.info for r in self._records() if r.info.purpose == wanted]
        active = [info for info in found if info.state == "active"]
        # Under a wrapping key without its half nothing new could be made.
        active = [info for info in active if self._store.has_half(info.id)]
        if active:
            return max(active, key=lambda info: info.version)
        return self._make_wrapping(purpose, max((i.version for i in found), default=0) + 1)

    def _place(self, info: KeyInfo) -> Place:
        if info.wrapped_by == "root":
            return Place(info.id, None, info.binding)
        path = self._folder / f"{info.wrapped_by}.json"
        if not path.is_file():
            raise broken(info.id, "the key that wraps it is not there")
        above = KeyRecord.load(path)
        if above.info.wrapped_by != "root" or not _wraps(above):
            raise broken(info.id, "the key above it does not wrap keys")
        return Place(info.id, self._unwrap(above), info.binding)

    def _unwrap(self, record: KeyRecord) -> Secret:
        with _naming(record.info):
            return self._provider.unwrap(self._place(record.info), _wrapped(record))

    def _seen(self, record: KeyRecord) -> KeyInfo:
        """What may be shown of a key, also if its half is missing."""
        try:
            return self._proved(record).info
        except Unavailable as error:
            if error.code != "CW-KEY-UNAVAILABLE":
                raise
            return replace(record.info, state="unavailable")

    def _proved(self, record: KeyRecord) -> KeyRecord:
        """The record, once its clear fields were proved by unwrapping."""
        if record.info.state != "destroyed":
            self._unwrap(record).wipe()
        return record

    def _secret(self, record: KeyRecord) -> Secret:
        if PURPOSES[record.info.purpose].signs:
            raise WrongUsage("CW-KEY-USE", f"The key {record.info.name} signs; it is not shown.")
        return self._unwrap(record)

    def _require_active(self, info: KeyInfo) -> None:
        if info.state == "destroyed":
            raise _destroyed(info.name)
        if info.state != "active":
            raise Refused(
                "CW-KEY-USE",
                f"The key {info.name} has no active version.",
                remedy="Make a new version with `commonweal keys rotate`.",
            )

    def _require_signing(self, info: KeyInfo) -> None:
        if not PURPOSES[info.purpose].signs:
            raise WrongUsage("CW-KEY-USE", f"The key {info.name} does not sign.")

    def people(self) -> dict[str, bytes]:
        """The raw Ed25519 keys of the people who sign with a key of this home, by its name."""
        return {
            info.name: info.verification_key
            for info in self.list()
            if info.purpose == "person_signing" and info.state == "active"
        }

    def _retire(self, records: Sequence[KeyRecord]) -> None:
        old = [record for record in records if record.info.state == "active"]
        if old:
            self.fence.record_retired(*(record.info.id for record in old))
        for record in old:
            self._save(record.in_state("decrypt_only"))

    def _save(self, record: KeyRecord, *, new: bool = False) -> None:
        path = self._folder / f"{record.info.id}.json"
        write_atomic(path, record.to_bytes(), exclusive=new)


@contextlib.contextmanager
def _naming(info: KeyInfo) -> Iterator[None]:
    """Name the key that is asked for where it, or the key above it, has no half."""
    try:
        yield
    except Unavailable as error:
        if error.code != "CW-KEY-UNAVAILABLE":
            raise
        raise Unavailable(
            "CW-KEY-UNAVAILABLE",
            f"The key {info.name} cannot be used: the root store does not hold its half, or the "
            "half cannot be read.",
            remedy="Put back the newest copy of the root store; `commonweal doctor` names every "
            "key without its half.",
        ) from error


def _fenced(record: KeyRecord, fence: FenceState) -> KeyRecord:
    state: KeyState = record.info.state
    if record.info.id in fence.destroyed:
        state = "destroyed"
    elif record.info.id in fence.retired and state == "active":
        state = "decrypt_only"
    return record if state == record.info.state else record.in_state(state)


def _wraps(record: KeyRecord) -> bool:
    return record.info.purpose.startswith(WRAPPING_PREFIX)


def _wrapped(record: KeyRecord) -> bytes:
    if record.wrapped is None:
        raise _destroyed(record.info.name)
    return record.wrapped


def _destroyed(name: str) -> Refused:
    return Refused("CW-KEY-DESTROYED", f"The key {name} was destroyed.")


def _milliseconds(at: datetime) -> datetime:
    # Records hold milliseconds; what is bound must be what is written.
    return at.replace(microsecond=at.microsecond // 1000 * 1000)
