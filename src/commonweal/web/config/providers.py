"""Providers of identity as the environment names them: NHS CIS2 for staff, NHS login for patients.

A provider is configured whole or not at all. Our private key for it is read once, when the service
starts, from a file that nobody else can read. What a provider must assert of a member of staff is
its profile. Of NHS login the service believes nothing: the vault does (S8).
"""

from __future__ import annotations

import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from urllib.parse import urlsplit

from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from joserfc.jwk import RSAKey

from commonweal.foundation.errors import Fault, Refused, WrongUsage
from commonweal.foundation.files import read_bytes

_LEAST_BITS = 2048
_MAX_BYTES = 64 * 1024
ALGORITHMS = frozenset({"RS256", "RS512", "PS256", "PS512", "ES256", "ES512"})
"""Signatures that are believed: never `none`, and never one made with a shared secret."""


@dataclass(frozen=True)
class Assurance:
    """A claim that must hold one of these words; numbers are compared as they are written."""

    claim: str
    words: frozenset[str]


@dataclass(frozen=True)
class Profile:
    """What one kind of provider is asked for, and what it must assert."""

    id: str
    label: str
    short: str
    scopes: str
    name_claim: str
    assurances: tuple[Assurance, ...]


CIS2 = Profile(
    id="cis2",
    label="NHS CIS2",
    short="CIS2",
    scopes="openid profile",
    name_claim="name",
    assurances=(Assurance("id_assurance_level", frozenset({"3", "4"})),),
)
ACR_CIS2 = "AAL3_ANY"


@dataclass(frozen=True)
class Provider:
    """One provider: where it is, who we are to it, and which `acr` it must assert."""

    profile: Profile
    issuer: str
    client: str
    acr: tuple[str, ...]
    key: RSAKey = field(repr=False)

    @property
    def id(self) -> str:
        """What it is called in addresses and rows."""
        return self.profile.id

    @property
    def origin(self) -> str:
        """Scheme, host and port of the issuer."""
        parts = urlsplit(self.issuer)
        return f"{parts.scheme}://{parts.netloc}"


NHS_LOGIN = Profile(
    id="nhs-login",
    label="NHS login",
    short="NHS login",
    scopes="openid profile",
    name_claim="",
    assurances=(),
)


_CIS2_SETTINGS = ("COMMONWEAL_CIS2_ISSUER", "COMMONWEAL_CIS2_CLIENT", "COMMONWEAL_CIS2_KEY")
_CIS2_ACR = "COMMONWEAL_CIS2_ACR"
_NHS_LOGIN_SETTINGS = (
    "COMMONWEAL_NHS_LOGIN_ISSUER", "COMMONWEAL_NHS_LOGIN_CLIENT", "COMMONWEAL_NHS_LOGIN_KEY",
)  # fmt: skip


def read_cis2(said: Mapping[str, str]) -> Provider | None:
    """CIS2 as the environment names it; None where it says nothing of it.

    Raises `WrongUsage` CW-WEB-SETTING, `Refused` or `Fault` CW-OIDC-KEY.
    """
    found = _read(said, CIS2, _CIS2_SETTINGS, said.get(_CIS2_ACR))
    if found is None:
        return None
    acr = tuple(one.strip() for one in said.get(_CIS2_ACR, ACR_CIS2).split(","))
    if not all(one.isascii() and one.isprintable() and one and " " not in one for one in acr):
        raise WrongUsage(
            "CW-WEB-SETTING", f"The setting {_CIS2_ACR} is a list of words with commas."
        )
    return replace(found, acr=acr)


def read_nhs_login(said: Mapping[str, str]) -> Provider | None:
    """NHS login as the environment names it; None where it says nothing of it.

    Raises as `read_cis2`.
    """
    return _read(said, NHS_LOGIN, _NHS_LOGIN_SETTINGS)


def _read(
    said: Mapping[str, str], profile: Profile, names: tuple[str, str, str], more: str | None = None
) -> Provider | None:
    """What the settings `names` (issuer, client, key) say; `more`: of what goes with them."""
    if not more and not any(said.get(name) for name in names):
        return None
    for name in names:
        if not said.get(name):
            raise WrongUsage(
                "CW-WEB-SETTING", f"The setting {name} is missing: {profile.short} needs all three."
            )
    issuer, client, key = names
    if not is_safe_address(said[issuer]):
        raise WrongUsage("CW-WEB-SETTING", f"The setting {issuer} is no https:// address.")
    return Provider(profile, said[issuer], said[client], (), private_key(Path(said[key]), key))


def is_safe_address(url: str) -> bool:
    """True for https, and for http on this machine itself."""
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        return False
    here = parts.hostname in ("localhost", "127.0.0.1", "::1")
    plain = not (parts.username or parts.password or parts.fragment or parts.query)
    return bool(parts.hostname) and plain and (parts.scheme == "https" or
                                               (parts.scheme == "http" and here))  # fmt: skip


def private_key(path: Path, setting: str = "COMMONWEAL_CIS2_KEY") -> RSAKey:
    """Our RSA key of a PEM file; `setting` names it in sentences.

    Raises `Refused` CW-OIDC-KEY if others can read it, `Fault` CW-OIDC-KEY if it is none.
    """
    try:
        seen = path.lstat()
    except OSError:
        raise Fault("CW-OIDC-KEY", f"The key file that {setting} names is not there.") from None
    if not stat.S_ISREG(seen.st_mode) or seen.st_uid != os.geteuid() or seen.st_mode & 0o077:
        raise Refused(
            "CW-OIDC-KEY",
            "The key file for signing in can be read by others, or belongs to someone else.",
            remedy="Make a new key: this one may be known. Then `chmod 600` its file.",
        )
    content = read_bytes(path, "The key file for signing in", limit=_MAX_BYTES)
    try:
        found = load_pem_private_key(content, password=None)
    except (ValueError, TypeError):
        found = None
    if not isinstance(found, RSAPrivateKey) or found.key_size < _LEAST_BITS:
        raise Fault(
            "CW-OIDC-KEY",
            f"The key file for signing in holds no RSA key of at least {_LEAST_BITS} bits (PEM, "
            "without a password).",
        )
    key = RSAKey.import_key(content)
    key.ensure_kid()
    return key
