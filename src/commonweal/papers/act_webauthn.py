"""Assertions of security keys and passkeys, verified with the `webauthn` package (W3C WebAuthn).

The package checks type, challenge, origin, the hash of the site's name, that somebody was there and
was recognised, the count, and the signature. Here is asked what it leaves open: one spelling of
each part, no use from inside a foreign page, and no key but the one the roster names.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.papers.acts import Act, WebAuthnEvidence
from commonweal.papers.credentials import (
    WebAuthnCredential,
    b64url,
    check_cose_key,
    unb64url,
    webauthn_part,
)
from commonweal.papers.roster import RosterPerson, SigningSite

_COUNT = slice(33, 37)
"""Where the authenticator's data hold its count (four bytes, big endian)."""
_MAX_CLIENT_DATA = 4096


ALGORITHMS = (-7, -8, -257)
"""COSE numbers of ES256, EdDSA and RS256, in the order in which keys are asked for them."""


def request_options(act: Act, person: RosterPerson, site: SigningSite) -> dict[str, Any]:
    """What a page hands to `navigator.credentials.get` so that `person` signs `act`.

    Bytes are base64url, as in `PublicKeyCredential.parseRequestOptionsFromJSON`.
    """
    held = [one.id for one in person.credentials if isinstance(one, WebAuthnCredential)]
    return {
        "challenge": b64url(act.challenge()),
        "rpId": site.rp_id,
        "userVerification": "required",
        "allowCredentials": [{"type": "public-key", "id": id_} for id_ in held],
        "timeout": int((act.expires - act.at).total_seconds() * 1000),
    }


def registered(answer: Mapping[str, Any], challenge: bytes, site: SigningSite) -> tuple[str, str]:
    """The id and COSE key (both base64url) of a security key that was just set up in a browser.

    `answer`: as `PublicKeyCredential.toJSON` gives it; `challenge`: the random bytes that the page
    was given for it. The makers' attestation is not asked for. Raises `Fault` CW-ACT-EVIDENCE;
    `Unavailable` CW-ACT-UNAVAILABLE.
    """
    package = webauthn_part("webauthn")
    numbers = webauthn_part("webauthn.helpers.cose").COSEAlgorithmIdentifier
    try:
        _check_client_data(unb64url(answer["response"]["clientDataJSON"]))
        found = package.verify_registration_response(
            credential=dict(answer),
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=list(site.origins),
            require_user_verification=True,
            supported_pub_key_algs=[numbers(one) for one in ALGORITHMS],
        )
        check_cose_key(found.credential_public_key)
    except CommonwealError:
        raise
    except Exception as error:
        raise Fault(
            "CW-ACT-EVIDENCE", "The answer of the security key cannot be used to set it up."
        ) from error
    return b64url(found.credential_id), b64url(found.credential_public_key)


def verify_assertion(
    evidence: WebAuthnEvidence,
    credential: WebAuthnCredential,
    site: SigningSite,
    challenge: bytes,
    last_count: int,
) -> int:
    """The count of the key at this assertion (0 where it does not count).

    Raises `Fault` CW-ACT-EVIDENCE, CW-ACT-CLONED; `Unavailable` CW-ACT-UNAVAILABLE.
    """
    package = webauthn_part("webauthn")
    _check_client_data(unb64url(evidence.client_data))
    given = {
        "id": evidence.credential,
        "rawId": evidence.credential,
        "type": "public-key",
        "response": {
            "clientDataJSON": evidence.client_data,
            "authenticatorData": evidence.authenticator_data,
            "signature": evidence.signature,
        },
    }
    try:
        found = package.verify_authentication_response(
            credential=given,
            expected_challenge=challenge,
            expected_rp_id=site.rp_id,
            expected_origin=list(site.origins),
            credential_public_key=unb64url(credential.public_key),
            # The count is asked below, so that a cloned key gets its own code.
            credential_current_sign_count=0,
            require_user_verification=True,
        )
    except Exception as error:
        raise Fault(
            "CW-ACT-EVIDENCE", "The answer of the security key does not prove this act."
        ) from error
    if found.credential_id != unb64url(credential.id) or not found.user_verified:
        raise Fault("CW-ACT-EVIDENCE", "The answer is not of the person's security key.")
    count = int(found.new_sign_count)
    check_count(last_count, count)
    return count


def check_count(before: int, count: int) -> None:
    """Refuse a count that did not grow: two keys may bear one name. Raises `Fault` CW-ACT-CLONED.

    Keys that do not count say 0 each time, and that is allowed.
    """
    if (before or count) and count <= before:
        raise Fault(
            "CW-ACT-CLONED",
            "The count of this security key did not grow, so there may be a copy of it.",
            remedy="Retire the key with `commonweal people propose`, and give out a new one.",
        )


def _check_client_data(client_data: bytes) -> None:
    """What the package does not ask of the browser's words about the page."""
    try:
        said = parse_json(client_data, "The browser's answer", max_bytes=_MAX_CLIENT_DATA)
    except CommonwealError as error:
        raise Fault("CW-ACT-EVIDENCE", "The browser's answer cannot be read.") from error
    if not isinstance(said, dict):
        raise Fault("CW-ACT-EVIDENCE", "The browser's answer cannot be read.")
    if said.get("crossOrigin", False) is not False or "topOrigin" in said:
        raise Fault("CW-ACT-EVIDENCE", "The act was signed inside a page of somebody else.")
