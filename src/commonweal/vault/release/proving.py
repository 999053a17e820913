"""One patient and one release: the proof that their record is in it, or the signed word that not.

The proof reveals nothing of others (S7): siblings are hashes under nonces that nobody else has. It
is checked with three things: the proof file, the label that is told to the patient alone, and the
release's entry on the public log, whose proof is carried along.

Every question is written on the sealed log before it is answered: the release and what was wanted,
and nothing of the person or the answer (S9, S10).
"""

from __future__ import annotations

import hashlib
import io
import re
import secrets
import unicodedata
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from commonweal.foundation.canonical import canonical, parse_json
from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import Fault, Refused
from commonweal.foundation.files import read_bytes, translated
from commonweal.foundation.identifiers import InvalidNHSNumber, NHSNumber
from commonweal.foundation.london import london_day
from commonweal.foundation.sealing import unseal
from commonweal.ledger.entry import Event
from commonweal.ledger.membership import MembershipProof, label
from commonweal.ledger.note import VerifierKey
from commonweal.ledger.proving import check_proof
from commonweal.papers.release import ReleaseManifest, StatementOfAbsence, absence_sentence
from commonweal.vault.custody import Custody
from commonweal.vault.custody.holding import STATEMENT_SIGNER
from commonweal.vault.custody.witnesses import witnessed_proof
from commonweal.vault.keys import Secret
from commonweal.vault.release.closing import MANAGER
from commonweal.vault.release.membership import listed, prove
from commonweal.vault.release.store import PROOF, airlock_folder, read_manifest
from commonweal.vault.release.writing import context_of, sealing_key

FORMAT = "commonweal/person-proof/1"
_ABOUT_DOMAIN = b"commonweal/absence/1\x00"
_NOT_IN_LIST = "CW-LEDGER-MEMBERSHIP-INVALID"
_NOBODY = (
    "Nobody was found in this release under this spelling. That does not say that the person is "
    "not in it."
)
_SIGNS = ("-", " ", "_", "/", ".")


class _NotListed(Fault):
    """Nobody stands in the list under this identifier: the one fault from which absence follows."""

    def __init__(self) -> None:
        super().__init__(_NOT_IN_LIST, _NOBODY)


@dataclass(frozen=True)
class PersonProof:
    """What a patient is given: their own label, the membership proof, and the ledger's proof."""

    label: bytes
    membership: MembershipProof
    ledger_proof: str

    def canonical(self) -> bytes:
        """The proof as one JSON file."""
        return canonical(
            {
                "format": FORMAT,
                "label": self.label.hex(),
                "membership": parse_json(self.membership.canonical(), "The membership proof"),
                "ledger_proof": self.ledger_proof,
            }
        )

    @classmethod
    def parse(cls, content: bytes) -> PersonProof:
        """Read a proof file. Raises `Fault` CW-LEDGER-MEMBERSHIP-INVALID."""
        found = parse_json(content, "The proof")
        keys = {"format", "label", "membership", "ledger_proof"}
        if not isinstance(found, dict) or found.keys() != keys or found["format"] != FORMAT:
            raise _invalid("The proof does not have the form of a person's proof.")
        try:
            own = bytes.fromhex(found["label"])
        except (TypeError, ValueError) as error:
            raise _invalid("The label in the proof is not hexadecimal.") from error
        if not isinstance(found["ledger_proof"], str):
            raise _invalid("The ledger's proof is missing.")
        membership = MembershipProof.parse(canonical(found["membership"]))
        return cls(own, membership, found["ledger_proof"])

    def verify(self, keys: list[VerifierKey | str], chain: bytes | None = None) -> str:
        """Check all of it with the ledger's verification keys; returns the release's id.

        `chain`: leads from a key that was replaced to those after it.
        1. The ledger's proof holds and is about a completed release. 2. Its membership root is the
        one in the proof. 3. The label's leaf lies under that root.
        Raises `Fault` or `ProofError`.
        """
        return self.fits(check_proof(self.ledger_proof, keys, chain).entry)

    def fits(self, entry: Mapping[str, Any]) -> str:
        """Hold the rest against the entry that the ledger's proof showed; the release's id."""
        if entry.get("type") != "release.completed":
            raise _invalid("The ledger's proof is not about a release.")
        if entry.get("release") != self.membership.release:
            raise _invalid("The proof is about another release.")
        root = str(entry["membership_root"]).removeprefix("sha256:")
        self.membership.verify(self.label, bytes.fromhex(root))
        return self.membership.release


def record_asked(
    custody: Custody, release: str, purpose: Literal["prove", "absence", "check", "own"]
) -> int:
    """Write on the sealed log that it is asked whether somebody is in `release`."""
    fields = {"release": release, "purpose": purpose}
    return custody.ledger.append(Event("release.person_asked", MANAGER, fields))


def prove_person(custody: Custody, folder: Path, identifier: str) -> PersonProof:
    """The proof that the person with this identifier is in the release in `folder`.

    Raises `Fault` CW-LEDGER-MEMBERSHIP-INVALID where they are not, CW-RELEASE-MISSING.
    """
    manifest = _manifest(custody, folder)
    record_asked(custody, manifest.release, "prove")
    return _proof(custody, folder, manifest, identifier)


def _proof(
    custody: Custody, folder: Path, manifest: ReleaseManifest, identifier: str
) -> PersonProof:
    key = custody.keyring.secret("membership")
    stored = stored_list(custody, manifest)
    person, membership = _found(stored, key, manifest.release, spellings(identifier))
    proof = witnessed_proof(custody, read_bytes(folder / PROOF, "The ledger's proof").decode())
    found = PersonProof(label(key.use(), manifest.release, person), membership, proof)
    found.verify(list(custody.ledger_keys))
    return found


def _found(
    stored: bytes, key: Secret, release: str, people: tuple[str, ...]
) -> tuple[str, MembershipProof]:
    found = listed(stored, key, release, people)
    if not found:
        raise _NotListed
    # As it was given, or in one other spelling: of several people nobody can tell which is meant.
    if found[0] != people[0] and len(found) > 1:
        raise _invalid(_NOBODY)
    return found[0], prove(stored, key, release, found[0])


def state_absence(custody: Custody, folder: Path, identifier: str) -> tuple[str, str]:
    """(signed statement, secret) for somebody who is not in the release.

    The statement is about a commitment to the person's label; with the secret, which only the
    person gets, they can show that it is about them.
    Raises `Fault` CW-RELEASE-IS-MEMBER where they are in it, CW-LEDGER-MEMBERSHIP-INVALID where
    the list does not hold together, `Refused` CW-RELEASE-ABSENCE-UNSURE where looking for this
    identifier cannot rule it out.
    """
    manifest = _manifest(custody, folder)
    record_asked(custody, manifest.release, "absence")
    _require_certain(manifest, identifier)
    try:
        _proof(custody, folder, manifest, identifier)
    except _NotListed:
        pass  # a list that does not hold together has the same code, and says nothing of anybody
    else:
        raise Fault("CW-RELEASE-IS-MEMBER", "The release does include this person's record.")
    key = custody.keyring.secret("membership")
    mine = label(key.use(), manifest.release, spellings(identifier)[0])
    return statement_about(custody, manifest, mine)


def statement_about(custody: Custody, manifest: ReleaseManifest, mine: bytes) -> tuple[str, str]:
    """(signed statement of absence, secret) for whoever has the label `mine` in the release.

    It asks nothing: the caller has found that nobody has it.
    """
    secret = secrets.token_bytes(32)
    about = hashlib.sha256(_ABOUT_DOMAIN + secret + mine).hexdigest()
    made_on = london_day(manifest.built_at)
    statement = StatementOfAbsence.read(
        {
            "statement": 1,
            "release": manifest.release,
            "made_on": made_on.isoformat(),
            "about": f"sha256:{about}",
            "sentence": absence_sentence(made_on),
            "issued_at": stamp(custody.clock.now()),
        },
        "The statement",
    )
    signer = custody.signer(STATEMENT_SIGNER)
    return statement.signed([signer], statement.issued_at), secret.hex()


def _require_certain(manifest: ReleaseManifest, identifier: str) -> None:
    if manifest.person_kind != "nhs_number":
        raise Refused(
            "CW-RELEASE-ABSENCE-UNSURE",
            "People are not listed by NHS number in this release, so absence cannot be stated.",
        )
    try:
        NHSNumber(identifier)
    except InvalidNHSNumber:
        raise Refused(
            "CW-RELEASE-ABSENCE-UNSURE",
            "This is not a valid NHS number, so absence cannot be stated.",
        ) from None


def spellings(identifier: str) -> tuple[str, ...]:
    """The spellings under which a person may stand in a list, the likeliest first.

    NHS numbers stand there by their digits alone, other identifiers as they are recorded: in which
    letters and with which signs between them nobody kept, so the usual ways are tried. What they
    have in common is the one spelling of `choices/spelling.py`.
    """
    text = identifier.strip()
    try:
        return tuple(dict.fromkeys([NHSNumber(text).digits, text]))
    except InvalidNHSNumber:
        pass
    plain = unicodedata.normalize("NFKC", text)
    parts = re.findall(r"[^\W_]+", plain)
    # Letters and digits that stand together may be recorded with a sign between them.
    finer = re.findall(r"[0-9]+|[^\W\d_]+", plain)
    joined = [sign.join(some) for some in (parts, finer) for sign in ("", *_SIGNS)]
    tried = [form for way in (plain, *joined) for form in (way, way.upper(), way.lower())]
    return tuple(dict.fromkeys([text, *tried]))


def _manifest(custody: Custody, folder: Path) -> ReleaseManifest:
    return read_manifest(custody.home.releases, folder, custody.belief)


def stored_list(custody: Custody, manifest: ReleaseManifest) -> bytes:
    """The whole membership list of a release, opened. Raises CW-SEAL-BROKEN, CW-FILE-MISSING."""
    path = airlock_folder(custody.home.releases, manifest.release) / "membership"
    key = sealing_key(custody.keyring.secret("membership"))
    opened = io.BytesIO()
    context = context_of(manifest.release, "membership")
    with translated("the membership list"), path.open("rb") as content:
        unseal(content, opened, key.use(), context, "The membership list")
    return opened.getvalue()


def _invalid(sentence: str) -> Fault:
    return Fault(_NOT_IN_LIST, sentence)
