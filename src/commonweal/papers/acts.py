"""Signed acts: what a person does with their own key, and how it is verified where it counts (S11).

The web only carries these. An act names one object by the digest of its frozen content, the verdict
on it, the role in which the person acts, the home, and a short time in which it can be used; with
the sentence that the person saw. There are two kinds of evidence and no other: an assertion of a
security key or passkey (WebAuthn) whose challenge is SHA-256 of the act's canonical JSON, and in a
demonstration home a signature by a key that the home keeps. No token, session or row is evidence.
"""

from __future__ import annotations

import hashlib
import secrets
import string
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints, model_validator

from commonweal.foundation.acts import ActKind
from commonweal.foundation.errors import Fault, Refused
from commonweal.papers.act_table import ACTS, FORMER_ROLES, ObjectType, sentence
from commonweal.papers.base import Identifier, Moment, Paper, Sha256, Text
from commonweal.papers.credentials import (
    Base64Url,
    SoftwareCredential,
    WebAuthnCredential,
)
from commonweal.papers.roster import Roster, RosterPerson, RosterRole
from commonweal.papers.roster_history import RosterHistory
from commonweal.papers.signed import read_whole
from commonweal.papers.signing import Signer, open_known, sign_paper
from commonweal.papers.trust import TrustPolicy

ACT_TYPE = "commonweal-act+json"
CALLED = "The signed act"
LIFE = timedelta(minutes=15)
"""The longest time from making an act until the ledger must have heard of it."""
SKEW = timedelta(seconds=30)
"""How far the clock of who made an act may be before the clock of who verifies it."""
_ID_LETTERS = 32


class Act(Paper):
    """One act of one person. `id` is random, and never used twice.

    `subject`: the application, permit or release that it belongs to, by its id. `content`: digest
    of what the person wrote with it, such as the reasons of a vote.
    """

    act: Literal[1]
    id: Annotated[str, StringConstraints(pattern=r"^[a-z]{32}$")]
    kind: ActKind
    verdict: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z_]{0,39}$")]
    actor: Identifier
    role: RosterRole
    subject: Identifier
    object_type: ObjectType
    object_digest: Sha256
    content: Sha256 | None = None
    at: Moment
    expires: Moment
    home: Identifier
    statement: Text

    @model_validator(mode="after")
    def _short_lived(self) -> Act:
        if not self.at < self.expires <= self.at + LIFE:
            raise ValueError(f"an act can be used for at most {LIFE.seconds // 60} minutes")
        return self

    def challenge(self) -> bytes:
        """The 32 bytes that a security key signs: SHA-256 of the act's canonical JSON."""
        return hashlib.sha256(self.canonical()).digest()


class SoftwareEvidence(Paper):
    """The act as a JWS by a key that a demonstration home keeps for the person."""

    kind: Literal["software"]
    credential: Identifier
    jws: Annotated[str, StringConstraints(min_length=1, max_length=64_000)]


class WebAuthnEvidence(Paper):
    """What the browser gave: an assertion of `credential`, each part as base64url."""

    kind: Literal["webauthn"]
    credential: Base64Url
    authenticator_data: Base64Url
    client_data: Base64Url
    signature: Base64Url


Evidence = Annotated[SoftwareEvidence | WebAuthnEvidence, Field(discriminator="kind")]


class SignedAct(Paper):
    """An act with the evidence that the person made it. Believed only by `verify_act`."""

    act: Act
    evidence: Evidence

    @classmethod
    def load(cls, plain: Any) -> SignedAct:
        """A signed act in its full form, nothing verified yet. Raises `Fault` CW-ACT-INVALID."""
        return read_whole(cls, plain, CALLED, "CW-ACT-INVALID")


@dataclass(frozen=True)
class Heard:
    """When the ledger heard of an act, and as which intent."""

    at: datetime
    entry: int


@dataclass(frozen=True)
class VerifiedAct:
    """An act that was verified. `person` as the roster had it; `sign_count` of the security key."""

    act: Act
    digest: str
    person: RosterPerson
    credential: str
    sign_count: int
    heard: datetime


# --- making -------------------------------------------------------------------------------------


def new_act(
    *,
    kind: ActKind,
    verdict: str,
    actor: str,
    role: RosterRole,
    subject: str,
    object_digest: str,
    home: str,
    at: datetime,
    content: str | None = None,
    life: timedelta = LIFE,
) -> Act:
    """An act that nobody has signed yet, with its sentence and a fresh id.

    Raises `PaperInvalid` CW-ACT-INVALID, `Fault` CW-ACT-RULE.
    """
    whole = at.replace(microsecond=at.microsecond // 1000 * 1000)
    act = Act(
        act=1,
        id=_new_id(),
        kind=kind,
        verdict=verdict,
        actor=actor,
        role=role,
        subject=subject,
        object_type=ACTS[kind].object_type,
        object_digest=object_digest,
        content=content,
        at=whole,
        expires=whole + life,
        home=home,
        statement=sentence(kind, verdict, role, subject, object_digest, content),
    )
    _check_rule(act)
    return act


def _new_id() -> str:
    # Letters only: a run of digits in a random id could look like somebody's NHS number.
    return "".join(secrets.choice(string.ascii_lowercase) for _ in range(_ID_LETTERS))


def software_signed(act: Act, signer: Signer, at: datetime) -> SignedAct:
    """The act signed with a demonstration's key."""
    jws = sign_paper(ACT_TYPE, act.plain(), [signer], at)
    evidence = SoftwareEvidence(kind="software", credential=signer.key_id, jws=jws)
    return SignedAct(act=act, evidence=evidence)


# --- verifying ----------------------------------------------------------------------------------


def verify_act(
    signed: SignedAct,
    history: RosterHistory,
    trust: TrustPolicy,
    at: datetime,
    *,
    home: str,
    heard: Heard | None = None,
    last_count: int = 0,
) -> VerifiedAct:
    """Believe an act, or raise.

    `at`: the present. `heard`: when the ledger heard of it; None while it is new, so that the
    present is that moment. `last_count`: the count of the security key at its act before this one.

    1. The act is of this home and the table allows it, or did when the ledger heard of it; with the
       very sentence of the table.
    2. The ledger heard of it while it could be used; nothing comes from the future.
    3. The roster in force then names the person, in the role, with the credential.
    4. Nobody else could have held the credential.
    5. The evidence is the person's, over these very bytes.

    Raises `Fault` CW-ACT-INVALID, CW-ACT-RULE, CW-ACT-OTHER-HOME, CW-ACT-TIME, CW-ACT-EVIDENCE,
    CW-ACT-CLONED; `Refused` CW-ACT-PERSON, CW-ACT-ROLE, CW-ACT-CREDENTIAL, CW-ACT-SOFTWARE-KEY,
    CW-ROSTER-NONE; `Unavailable` CW-ACT-UNAVAILABLE.
    """
    act = signed.act
    if act.home != home:
        raise Fault("CW-ACT-OTHER-HOME", "The act was signed for another hospital's system.")
    _check_rule(act, FORMER_ROLES.get(act.kind, frozenset()) if heard else frozenset())
    moment = at if heard is None else heard.at
    _check_times(act, moment, at)
    roster = history.at(moment, None if heard is None else heard.entry)
    if roster.home != home:
        raise Fault("CW-ACT-OTHER-HOME", "The roster is of another hospital's system.")
    person = _acting_person(act, roster, moment)
    credential = _credential(signed, person)
    since = history.compromised.get(credential.id)
    if since is not None and (heard is None or heard.at >= since):
        raise Refused("CW-ACT-CREDENTIAL", "Somebody else may hold the key of this act.")
    count = _check_evidence(signed, credential, roster, trust, last_count)
    return VerifiedAct(act, signed.digest(), person, credential.id, count, moment)


def _check_rule(act: Act, former: frozenset[str] = frozenset()) -> None:
    """`former`: roles that the table had when the ledger heard of it, and has no more."""
    rule = ACTS[act.kind]
    if act.role not in rule.roles | former:
        raise Refused("CW-ACT-ROLE", f"An act of the kind {act.kind} is not for this role.")
    if act.object_type != rule.object_type:
        raise Fault("CW-ACT-RULE", f"An act of the kind {act.kind} is about something else.")
    if (rule.content == "needed" and act.content is None) or (
        rule.content == "none" and act.content is not None
    ):
        raise Fault("CW-ACT-RULE", f"An act of the kind {act.kind} has the wrong content.")
    said = sentence(act.kind, act.verdict, act.role, act.subject, act.object_digest, act.content)
    if act.statement != said:
        raise Fault("CW-ACT-RULE", "The sentence that was shown is not what the act does.")


def _check_times(act: Act, heard: datetime, at: datetime) -> None:
    if heard > at + SKEW or act.at > heard + SKEW:
        raise Fault("CW-ACT-TIME", "The act comes from the future.")
    if heard > act.expires:
        raise Fault(
            "CW-ACT-TIME",
            "The act was not brought to the ledger in time, so it counts no more.",
            remedy="Let the person sign it again.",
        )


def _acting_person(act: Act, roster: Roster, heard: datetime) -> RosterPerson:
    person = roster.person(act.actor)
    if person is None:
        raise Refused("CW-ACT-PERSON", "The roster does not name the person of this act.")
    if not (person.holds(act.role, act.at) and person.holds(act.role, heard)):
        raise Refused(
            "CW-ACT-ROLE", f"The person does not hold the role {act.role} at the time of the act."
        )
    return person


def _credential(signed: SignedAct, person: RosterPerson) -> SoftwareCredential | WebAuthnCredential:
    found = person.credential(signed.evidence.credential)
    if found is None or found.kind != signed.evidence.kind:
        raise Refused(
            "CW-ACT-CREDENTIAL", "The act was signed with a key that is not the person's."
        )
    if found.valid_from > signed.act.at:
        raise Refused("CW-ACT-CREDENTIAL", "The key of this act was not yet in use at its time.")
    return found


def _check_evidence(
    signed: SignedAct,
    credential: SoftwareCredential | WebAuthnCredential,
    roster: Roster,
    trust: TrustPolicy,
    last_count: int,
) -> int:
    evidence = signed.evidence
    if isinstance(credential, SoftwareCredential) and isinstance(evidence, SoftwareEvidence):
        if trust.home != "demo":
            raise Refused(
                "CW-ACT-SOFTWARE-KEY", "Keys that the system keeps decide in a demonstration only."
            )
        _check_jws(signed.act, evidence, credential)
        return 0
    if not isinstance(credential, WebAuthnCredential) or not isinstance(evidence, WebAuthnEvidence):
        raise Fault("CW-ACT-EVIDENCE", "The evidence of the act does not fit the person's key.")
    from commonweal.papers.act_webauthn import verify_assertion

    if roster.site is None:
        raise Refused("CW-ACT-CREDENTIAL", "The roster names no site for security keys.")
    return verify_assertion(evidence, credential, roster.site, signed.act.challenge(), last_count)


@dataclass(frozen=True)
class _OneKey:
    """The one key that may have signed."""

    credential: SoftwareCredential

    def key(self, id_: str, /) -> SoftwareCredential | None:
        return self.credential if id_ == self.credential.id else None

    def unknown_key(self, _id: str, what: str) -> Fault:
        return Fault("CW-ACT-EVIDENCE", f"{what} is signed with a key that is not the person's.")


def _check_jws(act: Act, evidence: SoftwareEvidence, credential: SoftwareCredential) -> None:
    try:
        opened = open_known(evidence.jws, ACT_TYPE, _OneKey(credential), CALLED)
    except Fault as error:
        raise Fault("CW-ACT-EVIDENCE", "The signature does not prove this act.") from error
    if Act.read(opened.plain, CALLED, "CW-ACT-INVALID") != act:
        raise Fault("CW-ACT-EVIDENCE", "The signature is on another act.")
    if not all(act.at - SKEW <= signed <= act.expires for signed in opened.signed_by.values()):
        raise Fault("CW-ACT-TIME", "The time of the signature does not fit the act.")
