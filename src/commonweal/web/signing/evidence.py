"""What a browser answers for a security key, made into the evidence of an act. Hostile until read.

The answer is that of `PublicKeyCredential.toJSON` in a form's field. It is tried against the
person's key as the service knows it, so that a wrong key or a slip is said at once and can be tried
again; what counts, the signer verifies anew.
"""

from __future__ import annotations

from typing import Any

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.papers.act_webauthn import ALGORITHMS, verify_assertion
from commonweal.papers.acts import CALLED, WebAuthnEvidence
from commonweal.papers.credentials import WebAuthnCredential, b64url
from commonweal.papers.roster import RosterPerson, SigningSite
from commonweal.web.accounts.models import User
from commonweal.web.signing.models import Act

MAX_ANSWER = 64 * 1024
_SETUP_MILLISECONDS = 300_000


def read_answer(text: str) -> dict[str, Any]:
    """The browser's answer. Raises `Fault` CW-ACT-EVIDENCE for what is none."""
    if not text:
        raise _no_answer("No security key answered.")
    try:
        said = parse_json(text, CALLED, max_bytes=MAX_ANSWER)
    except CommonwealError as error:
        raise _no_answer("The answer of the security key cannot be read.") from error
    if not isinstance(said, dict) or not isinstance(said.get("response"), dict):
        raise _no_answer("The answer of the security key cannot be read.")
    return said


def evidence_of(
    answer: dict[str, Any], act: Act, person: RosterPerson, site: SigningSite
) -> dict[str, Any]:
    """The evidence in an answer, which proves the act by what the service knows.

    Raises `Fault` CW-ACT-EVIDENCE; `Unavailable` CW-ACT-UNAVAILABLE.
    """
    response = answer["response"]
    plain = {
        "kind": "webauthn",
        "credential": answer.get("rawId", answer.get("id")),
        "authenticator_data": response.get("authenticatorData"),
        "client_data": response.get("clientDataJSON"),
        "signature": response.get("signature"),
    }
    try:
        evidence = WebAuthnEvidence.read(plain, "The answer of the security key", "CW-ACT-INVALID")
    except CommonwealError as error:
        raise _no_answer("The answer of the security key cannot be read.") from error
    credential = person.credential(evidence.credential)
    if not isinstance(credential, WebAuthnCredential):
        raise _no_answer("The key that answered is not one of yours on the list of people.")
    verify_assertion(evidence, credential, site, act.act.challenge(), last_count=0)
    return evidence.plain()


def setup_options(person: User, site: SigningSite, challenge: bytes, name: str) -> dict[str, Any]:
    """What a page hands to `navigator.credentials.create` for a key to sign with.

    `name`: whose service it is, for the browser to show.
    """
    return {
        "challenge": b64url(challenge),
        "rp": {"id": site.rp_id, "name": name},
        "user": {
            "id": b64url(person.public_id.encode()),
            "name": person.public_id,
            "displayName": person.name,
        },
        "pubKeyCredParams": [{"type": "public-key", "alg": one} for one in ALGORITHMS],
        "authenticatorSelection": {
            "userVerification": "required", "residentKey": "discouraged",
        },
        "attestation": "none",
        "timeout": _SETUP_MILLISECONDS,
    }  # fmt: skip


def _no_answer(sentence: str) -> Fault:
    return Fault(
        "CW-ACT-EVIDENCE",
        sentence,
        remedy="Try again; it needs a browser with scripts that knows your key.",
    )
