"""What the service is told by its environment, read once, strictly and with types.

`COMMONWEAL_HOME` names the home; `DATABASE_URL` where the service keeps its records;
`COMMONWEAL_WEB_NAMES` by which names people reach it; `COMMONWEAL_WEB_TLS` where encryption ends;
`COMMONWEAL_SMTP_URL` how mail leaves; `COMMONWEAL_WEB_ADDRESS` where links in mail lead;
`COMMONWEAL_REVIEW_LEAD_WEEKS` how long before its day a project is reminded of its yearly review;
`COMMONWEAL_WEB_SCANNER` what looks for viruses; `COMMONWEAL_CIS2_...` how staff sign in with NHS
CIS2, `COMMONWEAL_NHS_LOGIN_...` how patients do with NHS login (`providers`). A setting that cannot
be used stops the service: nothing is guessed and nothing falls back to something weaker.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal
from urllib.parse import SplitResult, parse_qsl, unquote, urlsplit

from commonweal.foundation.errors import WrongUsage
from commonweal.web.config.providers import (
    Provider,
    is_safe_address,
    read_cis2,
    read_nhs_login,
)

HOME = "COMMONWEAL_HOME"
DATABASE = "DATABASE_URL"
NAMES = "COMMONWEAL_WEB_NAMES"
TLS = "COMMONWEAL_WEB_TLS"
SMTP = "COMMONWEAL_SMTP_URL"
SCANNER = "COMMONWEAL_WEB_SCANNER"
ADDRESS = "COMMONWEAL_WEB_ADDRESS"
REVIEW_LEAD = "COMMONWEAL_REVIEW_LEAD_WEEKS"

LOCALHOST = "localhost"
FOLDER = "web"
"""The folder of the home that belongs to the service."""
EXAMPLE = "example.json"
"""In that folder: an application that is filled in, for whoever looks around. `person`: whose it
is; `content` and `forms`: as a draft's."""
SQLITE_WAIT_SECONDS = 20

_NAME = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?(?:\.[a-z0-9-]{1,63})*", re.ASCII)
_PG_OPTIONS = frozenset({"sslmode", "sslrootcert", "connect_timeout", "application_name"})


@dataclass(frozen=True)
class Smtp:
    """How mail leaves. `encryption`: `starttls`, `tls` from the first byte, or `none`."""

    host: str
    port: int
    user: str
    password: str
    encryption: Literal["starttls", "tls", "none"]

    def __repr__(self) -> str:
        return f"Smtp({self.host})"


@dataclass(frozen=True)
class Environment:
    """The settings of one service process."""

    home: Path
    database: Mapping[str, Any]
    names: tuple[str, ...]
    behind_proxy: bool
    smtp: Smtp | None
    scanner: tuple[str, int] | None = None
    address: str = "http://localhost:8000"
    cis2: Provider | None = None
    nhs_login: Provider | None = None
    review_lead_weeks: int = 8

    def __repr__(self) -> str:
        return f"Environment({self.home})"

    @property
    def folder(self) -> Path:
        """Where the service keeps what is its own."""
        return self.home / FOLDER

    @property
    def insecure_http(self) -> bool:
        """True without encryption on the way: only ever on this machine itself."""
        return not self.behind_proxy

    @classmethod
    def read(cls, said: Mapping[str, str]) -> Environment:
        """Read the settings. Raises `WrongUsage` CW-WEB-SETTING, naming the setting."""
        if not said.get(HOME):
            raise _wrong(HOME, "names no home")
        home = Path(said[HOME]).absolute()
        proxy = _tls(said.get(TLS, "none"))
        names = _names(said.get(NAMES, LOCALHOST), behind_proxy=proxy)
        return cls(
            home,
            _database(said.get(DATABASE), home),
            names,
            proxy,
            _smtp(said.get(SMTP)),
            address=_address(said.get(ADDRESS), names, behind_proxy=proxy),
            cis2=read_cis2(said),
            nhs_login=read_nhs_login(said),
            scanner=_scanner(said.get(SCANNER)),
            review_lead_weeks=_weeks(said.get(REVIEW_LEAD, "8")),
        )


def is_loopback(host: str) -> bool:
    """True if `host` can only be reached from this machine."""
    if host == LOCALHOST:
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _wrong(setting: str, why: str) -> WrongUsage:
    return WrongUsage("CW-WEB-SETTING", f"The setting {setting} {why}.")


def _weeks(text: str) -> int:
    if text not in {str(weeks) for weeks in range(1, 14)}:
        raise _wrong(REVIEW_LEAD, "is a number of weeks from 1 to 13")
    return int(text)


def _tls(text: str) -> bool:
    if text not in ("none", "proxy"):
        raise _wrong(TLS, "is `none` (this machine only) or `proxy`")
    return text == "proxy"


def _names(text: str, *, behind_proxy: bool) -> tuple[str, ...]:
    names = tuple(name.strip().lower() for name in text.split(","))
    for name in names:
        if not _NAME.fullmatch(name):
            raise _wrong(NAMES, "is a list of host names with commas between them")
        if not behind_proxy and not is_loopback(name):
            raise _wrong(
                NAMES,
                f"names another host than this machine, which needs {TLS}=proxy and a proxy that "
                "encrypts",
            )
    return names


def _address(said: str | None, names: tuple[str, ...], *, behind_proxy: bool) -> str:
    """Where people open the service: links in mail begin with it."""
    if said is None:
        return f"https://{names[0]}" if behind_proxy else f"http://{names[0]}:8000"
    parts = _split(ADDRESS, said)
    bare = is_safe_address(said) and parts.path in ("", "/")
    if not bare or not (parts.hostname in names or is_loopback(str(parts.hostname))):
        raise _wrong(ADDRESS, f"is https:// and one of the names in {NAMES}")
    return said.rstrip("/")


def _database(url: str | None, home: Path) -> dict[str, Any]:
    if url is None:
        return _sqlite(home / FOLDER / "service.sqlite")
    parts = _split(DATABASE, url)
    if parts.scheme == "sqlite":
        if parts.netloc or not parts.path.startswith("/"):
            raise _wrong(DATABASE, "names an SQLite file as sqlite:///path/to/file")
        return _sqlite(Path(unquote(parts.path)))
    if parts.scheme in ("postgresql", "postgres"):
        return _postgresql(parts)
    raise _wrong(DATABASE, "begins with sqlite:// or postgresql://")


def _sqlite(path: Path) -> dict[str, Any]:
    # IMMEDIATE: a transaction that will write waits for its turn at its beginning, and never finds
    # out in the middle. FULL: what was acknowledged outlives a power cut (rule 2, intents).
    pragmas = ("journal_mode=WAL", "synchronous=FULL", "foreign_keys=ON", "secure_delete=ON")
    return {
        "ENGINE": "django.db.backends.sqlite3",
        "NAME": str(path),
        "CONN_MAX_AGE": None,
        "OPTIONS": {
            "transaction_mode": "IMMEDIATE",
            "timeout": SQLITE_WAIT_SECONDS,
            "init_command": "".join(f"PRAGMA {pragma};" for pragma in pragmas),
        },
    }


def _postgresql(parts: SplitResult) -> dict[str, Any]:
    asked = dict(parse_qsl(parts.query, keep_blank_values=True, strict_parsing=bool(parts.query)))
    socket = asked.pop("host", "")
    if not asked.keys() <= _PG_OPTIONS or not parts.path.strip("/"):
        raise _wrong(DATABASE, "has an option that is not known, or names no database")
    return {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": unquote(parts.path.lstrip("/")),
        "USER": unquote(parts.username or ""),
        "PASSWORD": unquote(parts.password or ""),
        "HOST": socket or parts.hostname or "",
        "PORT": str(parts.port or ""),
        "CONN_MAX_AGE": None,
        "CONN_HEALTH_CHECKS": True,
        "OPTIONS": {"application_name": "commonweal-web", **asked},
    }


def _smtp(url: str | None) -> Smtp | None:
    if url is None:
        return None
    parts = _split(SMTP, url)
    schemes: Mapping[str, tuple[Literal["starttls", "tls", "none"], int]] = {
        "smtp": ("starttls", 587),
        "smtps": ("tls", 465),
        "smtp+none": ("none", 25),
    }
    if parts.scheme not in schemes or not parts.hostname:
        raise _wrong(SMTP, "is smtp://user:password@host:port, smtps:// or smtp+none://")
    encryption, port = schemes[parts.scheme]
    if encryption == "none" and not is_loopback(parts.hostname):
        raise _wrong(SMTP, "sends unencrypted mail to another machine")
    user, password = unquote(parts.username or ""), unquote(parts.password or "")
    return Smtp(parts.hostname, parts.port or port, user, password, encryption)


def _scanner(url: str | None) -> tuple[str, int] | None:
    if url is None:
        return None
    parts = _split(SCANNER, url)
    if parts.scheme != "clamd" or not parts.hostname or parts.path or parts.username:
        raise _wrong(SCANNER, "is clamd://host:port")
    return parts.hostname, parts.port or 3310


def _split(setting: str, url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError:
        raise _wrong(setting, "is not an address") from None
    return parts
