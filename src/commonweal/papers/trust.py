"""The trust policy: who may sign what, how many must, and how long things stay fresh.

It is the ledger's first entry (S11). A paper is believed only if enough keys that hold the
right role at the time of signing have signed it. Policy times that law or duty leave to the
custodian (time to say no, age of choices) are fields here, not constants.

A later version names its number, the hash of the version before it, and every key that was ever
taken out; how it comes about is in `trust_change.py`, which version counts when in
`trust_history.py`. The first version has none of these fields.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from pydantic import Field, StringConstraints, field_validator, model_validator

from commonweal.foundation.errors import Fault
from commonweal.papers.base import Holder, Identifier, Line, Moment, Paper, Sha256, person_look

_P = 2**255 - 19
_ORDER_8 = 2707385501144840649318225287225658788936804267575313519463743609750303402022
_SMALL_ORDER = frozenset({0, 1, _P - 1, _P, _P + 1, _ORDER_8, _P - _ORDER_8})
"""The y coordinates of the points of order 1, 2, 4 and 8 on edwards25519 (RFC 8032)."""

SigningRole = Literal["permit", "status", "manifest", "statement", "policy"]
RetiredBecause = Literal["replaced", "left", "compromised"]

CHANGE_DELAY_HOURS = 72
"""How long a change waits in a home for real data, where its policy does not say (S11)."""
LEAST_DELAY_HOURS = 24
"""The shortest wait that a home for real data may choose: a night and a morning to see it."""
PEOPLE_FOR_CHANGES = 2
"""How many people must sign a change wherever so many hold the role."""

PublicKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{43}$")]
"""A raw Ed25519 verification key, base64url without padding."""


class TrustedKey(Paper):
    """A verification key and what it may sign. `public_key` is raw Ed25519, base64url."""

    id: Identifier
    holder: Holder
    algorithm: Literal["Ed25519"]
    public_key: PublicKey
    roles: Annotated[tuple[SigningRole, ...], Field(min_length=1)]
    valid_from: Moment
    valid_until: Moment | None = None

    @field_validator("public_key")
    @classmethod
    def _is_a_key(cls, text: str) -> str:
        loaded_public(text)
        return text

    @model_validator(mode="after")
    def _lives(self) -> TrustedKey:
        if self.valid_until is not None and self.valid_until <= self.valid_from:
            raise ValueError("a key ends before it begins")
        return self

    def loaded(self) -> Ed25519PublicKey:
        """The key, ready to verify with."""
        return loaded_public(self.public_key)

    def holds(self, role: SigningRole, at: datetime) -> bool:
        """True if the key may sign for `role` at time `at`."""
        ends = self.valid_until is None or at < self.valid_until
        return role in self.roles and self.valid_from <= at and ends


class TrustedWitness(Paper):
    """A witness of the public log: its name and raw Ed25519 key (base64url), and who runs it.

    `url` is where it is asked (the submission prefix of C2SP tlog-witness); a reader needs none.
    """

    name: Annotated[str, StringConstraints(pattern=r"^[^\s+]{1,200}$")]
    holder: Holder
    public_key: PublicKey
    url: Annotated[str, StringConstraints(pattern=r"^https?://[!-~]{1,300}$")] | None = None

    @field_validator("public_key")
    @classmethod
    def _is_a_key(cls, text: str) -> str:
        loaded_public(text)
        return text


class RetiredKey(Paper):
    """A key that signs no more, kept for ever so that it never comes back.

    `since`: only for a key that somebody else may hold: from when on nothing it signed counts.
    """

    id: Identifier
    public_key: PublicKey
    reason: RetiredBecause
    since: Moment | None = None

    @model_validator(mode="after")
    def _since_when(self) -> RetiredKey:
        if (self.reason == "compromised") is (self.since is None):
            raise ValueError("a compromised key needs a time since when, and no other has one")
        return self


class LogKey(Paper):
    """A key of the ledger's checkpoints. `signs_until`: when the log stops signing with it."""

    id: Identifier
    public_key: PublicKey
    signs_until: Moment | None = None

    @field_validator("public_key")
    @classmethod
    def _is_a_key(cls, text: str) -> str:
        loaded_public(text)
        return text


class Freshness(Paper):
    """How old things may be. Limits of the design are upper bounds here."""

    permit_status_seconds: Annotated[int, Field(ge=10, le=300)] = 300
    choices_days: Annotated[int, Field(ge=1, le=21)] = 7
    cag_review_grace_days: Annotated[int, Field(ge=0, le=90)] = 30
    superseded_days: Annotated[int, Field(ge=0, le=90)] | None = None
    """Days for which a release that was replaced can be read for what jobs left of it; 28 where it
    is absent."""


class TrustPolicy(Paper):
    """The policy of one home. `home` `demo` can never become `standard` (S21)."""

    trust: Literal[1]
    home: Literal["demo", "standard"]
    custodian: Line
    keys: Annotated[tuple[TrustedKey, ...], Field(min_length=1, max_length=1000)]
    thresholds: dict[SigningRole, Annotated[int, Field(ge=1, le=20)]]
    time_to_say_no_days: Annotated[int, Field(ge=0, le=365)] = 28
    direct_time_to_say_no_days: Annotated[int, Field(ge=0, le=365)] = 28
    fresh: Freshness = Freshness()
    hints_per_day: Annotated[int, Field(ge=0, le=1000)] = 20
    plans_per_day: Annotated[int, Field(ge=0, le=1000)] = 20
    attacks_per_day: Annotated[int, Field(ge=0, le=1000)] | None = None
    """Test attacks on releases or files that may be made a day; 5 where it is absent."""
    witnesses: Annotated[tuple[TrustedWitness, ...], Field(min_length=1, max_length=32)] | None = (
        None
    )
    witness_quorum: Annotated[int, Field(ge=1, le=32)] | None = None
    witness_lag_minutes: Annotated[int, Field(ge=1, le=43_200)] | None = None
    change_delay_hours: Annotated[int, Field(ge=0, le=8_760)] | None = None
    version: Annotated[int, Field(ge=2, le=100_000)] | None = None
    previous: Sha256 | None = None
    proposed_at: Moment | None = None
    retired: Annotated[tuple[RetiredKey, ...], Field(min_length=1, max_length=10_000)] | None = None
    log_keys: Annotated[tuple[LogKey, ...], Field(min_length=1, max_length=64)] | None = None

    @model_validator(mode="after")
    def _workable(self) -> TrustPolicy:
        ids = [key.id for key in self.keys]
        if len(ids) != len(set(ids)):
            raise ValueError("a key is named twice")
        materials = [key.public_key for key in self.keys]
        if len(materials) != len(set(materials)):
            raise ValueError("two keys are the same key")
        for role, needed in self.thresholds.items():
            if len({person_look(key.holder) for key in self.keys if role in key.roles}) < needed:
                raise ValueError(f"fewer people hold the role {role} than must sign")
        if self.home == "standard" and self.time_to_say_no_days == 0:
            raise ValueError("only a demonstration home may have no time to say no")
        self._check_version()
        self._check_retired(ids, materials)
        self._check_log_keys(materials)
        self._check_witnesses(materials)
        return self

    def _check_version(self) -> None:
        later = {self.version is None, self.previous is None, self.proposed_at is None}
        if len(later) != 1:
            raise ValueError("version, previous and proposed_at go together")
        hours = self.change_delay_hours
        if self.home == "standard" and hours is not None and hours < LEAST_DELAY_HOURS:
            raise ValueError(
                f"changes in a home for real data wait at least {LEAST_DELAY_HOURS} hours"
            )

    def _check_retired(self, ids: list[str], materials: list[str]) -> None:
        gone = self.retired or ()
        if len({one.id for one in gone}) != len(gone):
            raise ValueError("a retired key is named twice")
        if {one.id for one in gone} & set(ids) or {one.public_key for one in gone} & set(materials):
            raise ValueError("a key that was retired cannot sign again")

    def _check_log_keys(self, materials: list[str]) -> None:
        if self.log_keys is None:
            return
        own = [one.public_key for one in self.log_keys]
        if len({*own, *materials}) != len(own) + len(materials):
            raise ValueError("two keys of the log, or one and a signer, are the same key")
        if all(one.signs_until is not None for one in self.log_keys):
            raise ValueError("no key of the log is left that signs on")

    def _check_witnesses(self, materials: list[str]) -> None:
        if self.witnesses is None:
            if self.witness_quorum is not None or self.witness_lag_minutes is not None:
                raise ValueError("a quorum of witnesses needs witnesses")
            return
        keys = [one.public_key for one in self.witnesses]
        if len({*keys, *materials}) != len(keys) + len(materials):
            raise ValueError("two witnesses, or a witness and a signer, have the same key")
        if self.witness_quorum is None:
            raise ValueError("witnesses are named without saying how many must sign")
        # Two witnesses of one holder are one opinion.
        if len({person_look(one.holder) for one in self.witnesses}) < self.witness_quorum:
            raise ValueError("fewer holders run witnesses than must sign")

    def require(self, role: SigningRole, signed_by: Mapping[str, datetime], what: str) -> None:
        """Refuse unless enough holders of `role` are among the verified signers.

        `signed_by`: key id and signing time of signatures that were verified already.
        Raises `Fault` CW-SIGNATURE-UNTRUSTED.
        """
        needed = self.thresholds.get(role)
        if needed is None:
            raise Fault(
                "CW-SIGNATURE-UNTRUSTED", f"The trust policy names no one who may sign {what}."
            )
        require_count(len(self.counted(role, signed_by)), needed, what)

    def counted(self, role: SigningRole, signed_by: Mapping[str, datetime]) -> set[str]:
        """The different people among the signers who held `role` when they signed."""
        found = ((self.key(id_), at) for id_, at in signed_by.items())
        return {
            person_look(key.holder) for key, at in found if key is not None and key.holds(role, at)
        }

    def key(self, id_: str) -> TrustedKey | None:
        """The key called `id_`, or None."""
        return next((key for key in self.keys if key.id == id_), None)

    @property
    def key_ids(self) -> frozenset[str]:
        """The ids of every key that signs by this policy, those of the log with them."""
        logs = {key.id for key in self.log_keys or ()}
        return frozenset(logs | {key.id for key in self.keys})

    def unknown_key(self, id_: str, what: str) -> Fault:
        """The refusal of a signature by a key that is not of this policy (or is no more)."""
        if any(one.id == id_ for one in self.retired or ()):
            return Fault(
                "CW-SIGNATURE-RETIRED",
                f"{what} carries a signature by a key that was retired, and the ledger did not "
                "hold it before.",
                remedy="Let it be made anew with a key that signs now.",
            )
        # It could not be checked, so a change in it could not be seen.
        return Fault(
            "CW-SIGNATURE-UNTRUSTED",
            f"{what} carries a signature by a key that the trust policy does not know.",
        )

    def about(self, _kind: str, _plain: Any, /) -> TrustPolicy:
        """This policy, whatever paper it is asked about."""
        return self

    # --- changes ----------------------------------------------------------------------------

    @property
    def number(self) -> int:
        """The number of this version; the first has 1."""
        return self.version or 1

    @property
    def delay(self) -> timedelta:
        """How long a change waits before it counts."""
        if self.change_delay_hours is not None:
            return timedelta(hours=self.change_delay_hours)
        return timedelta(hours=0 if self.home == "demo" else CHANGE_DELAY_HOURS)

    @property
    def changing_role(self) -> SigningRole:
        """The role whose holders change this policy: `policy`, or `permit` in an older home."""
        return "policy" if "policy" in self.thresholds else "permit"

    @property
    def changers_needed(self) -> int:
        """How many people must sign a change: two wherever two hold the role (S11, S20)."""
        role = self.changing_role
        holders = len({person_look(key.holder) for key in self.keys if role in key.roles})
        return max(self.thresholds.get(role, 1), min(PEOPLE_FOR_CHANGES, holders))


def require_count(found: int, needed: int, what: str) -> None:
    """Refuse too few signatures. Raises `Fault` CW-SIGNATURE-UNTRUSTED."""
    if found < needed:
        raise Fault(
            "CW-SIGNATURE-UNTRUSTED",
            f"{what} has {found} signature(s) by people who may sign it; {needed} are needed.",
        )


def encode_public(key: Ed25519PublicKey) -> str:
    """An Ed25519 verification key as the policy writes it."""
    return base64.urlsafe_b64encode(key.public_bytes_raw()).decode().rstrip("=")


def raw_public(text: str) -> bytes:
    """The 32 bytes of a verification key as the policy writes it."""
    return base64.urlsafe_b64decode(text + "=")


def loaded_public(text: str) -> Ed25519PublicKey:
    """A verification key as the policy writes it. Raises ValueError if it proves nothing."""
    raw = base64.urlsafe_b64decode(text + "=")
    if base64.urlsafe_b64encode(raw).decode().rstrip("=") != text:
        raise ValueError("the public key is spelt in a second way")
    # The y coordinate without its sign bit: below, the points of small order, under which anyone
    # could make a signature that verifies.
    if int.from_bytes(raw, "little") & ((1 << 255) - 1) in _SMALL_ORDER:
        raise ValueError("the public key is one that anyone can sign for")
    return Ed25519PublicKey.from_public_bytes(raw)
