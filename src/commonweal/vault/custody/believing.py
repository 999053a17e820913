"""Who is believed about a paper of this home: the policy that the ledger's order says (S11).

A permit, manifest, summary or authorisation that the ledger holds is judged by the policy in force
when it was written there; any other paper by the policy in force now (`papers/trust_history.py`).
The ledger holds a paper if the details of its entry hold the hash of the paper's content.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commonweal.foundation.canonical import digest
from commonweal.foundation.clock import parse_stamp
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.foundation.files import read_bytes
from commonweal.papers.authorisation import Authorisation
from commonweal.papers.permit import PAPER_TYPE as PERMIT
from commonweal.papers.permit import Permit
from commonweal.papers.release import ReleaseManifest, ReleaseSummary, summarise
from commonweal.papers.signed import SignedPaper
from commonweal.papers.signing import unverified
from commonweal.papers.trust import SigningRole, TrustedKey
from commonweal.papers.trust_history import TrustView

if TYPE_CHECKING:
    from commonweal.vault.custody.holding import Custody

_EVENTS = {
    PERMIT: ("permit.issued", "permit", "id", "permit_digest"),
    ReleaseManifest.paper_type: ("release.completed", "release", "release", "manifest"),
    Authorisation.paper_type: ("attack.authorised", "authorisation", "id", "paper"),
}
"""By type of paper: the event that holds it, the event's field for its name, the paper's own field
for that, and under which key the event's details hold its hash."""
_MANIFEST = "manifest.jws"


class Belief:
    """What `SignedPaper.load` asks in an open home; fits `papers.signing.Trust`."""

    def __init__(self, custody: Custody) -> None:
        self._custody = custody

    def __repr__(self) -> str:
        return f"Belief({self._custody.home.id})"

    @property
    def _now(self) -> TrustView:
        book = self._custody.book
        return book.history().view(book.now())

    def key(self, id_: str) -> TrustedKey | None:
        """The key called `id_` of the policy in force, or None."""
        return self._now.key(id_)

    def unknown_key(self, id_: str, what: str) -> Fault:
        """The refusal of a signature by a key that is not of the policy in force."""
        return self._now.unknown_key(id_, what)

    def require(self, role: SigningRole, signed_by: Mapping[str, datetime], what: str) -> None:
        """As the policy in force."""
        self._now.require(role, signed_by, what)

    def require_changer(self, key_id: str, name: str) -> None:
        """Refuse a key that may not change the trust policy now, before it signs for nothing.

        Raises `Fault` CW-SIGNATURE-UNTRUSTED or CW-SIGNATURE-COMPROMISED.
        """
        now, at = self._now, self._custody.book.now()
        key = now.key(key_id)
        if key is None or not key.holds(now.policy.changing_role, at):
            raise Fault(
                "CW-SIGNATURE-UNTRUSTED",
                f"The key {name} may not change the trust policy.",
                remedy="`commonweal home policy show` names those who may.",
            )
        if not now.counts(key_id):
            raise Fault(
                "CW-SIGNATURE-COMPROMISED", f"Somebody else may hold the key {name}; it signs no "
                "change.",
            )  # fmt: skip

    def about(self, kind: str, plain: Any, /) -> TrustView:
        """Who is believed about the paper of type `kind` that says `plain` of itself."""
        held = self._held(kind, plain) if isinstance(plain, dict) else None
        return self._now if held is None else self._custody.book.history().recorded(*held)

    def _held(self, kind: str, plain: dict[str, Any]) -> tuple[datetime, int] | None:
        """Since when, and as which intent, the ledger holds the paper; None where it does not."""
        if kind == ReleaseSummary.paper_type:
            return self._summary_held(plain)
        if kind not in _EVENTS:
            return None
        type_, field, named, key = _EVENTS[kind]
        return self._held_since(type_, field, str(plain.get(named)), key, _hash(plain))

    def _summary_held(self, plain: dict[str, Any]) -> tuple[datetime, int] | None:
        """A summary follows from its manifest, which the store keeps and the ledger holds."""
        release = str(plain.get("release"))
        if "/" in release or release.startswith("."):
            return None
        path = self._custody.home.releases / release / _MANIFEST
        try:
            held = unverified(read_bytes(path, "The manifest"), "The manifest")
            found = self._held(ReleaseManifest.paper_type, held)
            manifest = ReleaseManifest.read(held, "The manifest")
            same = hmac.compare_digest(summarise(manifest).digest(), _hash(plain))
        except CommonwealError:
            return None
        return found if same else None

    def _held_since(
        self, type_: str, field: str, name: str, key: str, hash_: str
    ) -> tuple[datetime, int] | None:
        """When and as which intent the ledger wrote the entry whose details hold this hash.

        Details that were erased, or whose key is gone, hold nothing any more.
        """
        ledger = self._custody.ledger
        where = "permit = ?3" if field == "permit" else (
            "json_extract(CAST(body AS TEXT), '$.' || ?2) = ?3"
        )  # fmt: skip
        with ledger.reading() as connection:
            rows = connection.execute(
                "SELECT intent.id, created_at, key_id FROM intent JOIN detail ON "  # noqa: S608
                f"intent_id = intent.id WHERE type = ?1 AND {where} "
                "ORDER BY intent.id",
                (type_, field, name),
            ).fetchall()
        for intent_id, created_at, key_id in rows:
            try:
                secret = self._custody.keyring.secret_of(key_id)
                details = ledger.open_details(intent_id, secret.use())
            except CommonwealError:
                continue
            said = details.get(key) if isinstance(details, dict) else None
            if isinstance(said, str) and hmac.compare_digest(said.encode(), hash_.encode()):
                return parse_stamp(created_at), int(intent_id)
        return None


def to_be_looked_at(custody: Custody) -> dict[str, list[str]]:
    """Ids of permits and releases that need a signature by a key that others may hold."""
    permits = sorted(custody.permits.glob("*.jws"))
    releases = sorted(custody.home.releases.glob(f"*/{_MANIFEST}"))
    return {
        "permits": [path.stem for path in permits if _doubtful(custody, Permit, path)],
        "releases": [
            path.parent.name for path in releases if _doubtful(custody, ReleaseManifest, path)
        ],
    }


def _doubtful(custody: Custody, kind: type[SignedPaper], path: Path) -> bool:
    try:
        kind.load(read_bytes(path, kind.called), custody.belief)
    except CommonwealError as error:
        return error.code == "CW-SIGNATURE-COMPROMISED"
    return False


def _hash(plain: dict[str, Any]) -> str:
    try:
        return digest(plain)
    except (CommonwealError, ValueError, TypeError):
        return ""
