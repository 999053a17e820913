"""HTTP to a provider: its own certificate checked, no redirects, no proxies, nothing endless."""

from __future__ import annotations

import contextlib
import http.client
import json
from collections.abc import Mapping
from typing import Any
from urllib.parse import urlsplit

from commonweal.foundation.errors import Unavailable
from commonweal.web.config.providers import is_safe_address

TIMEOUT_SECONDS = 10.0
_MAX_ANSWER = 512 * 1024
_OK = 200


def unavailable(why: str) -> Unavailable:
    """The provider did not do what it must."""
    return Unavailable(
        "CW-OIDC-PROVIDER",
        f"Signing in cannot go on: the provider {why}.",
        remedy="Wait a little and begin again. If it goes on, tell the people who run this "
        "service.",
    )


def fetch(
    method: str, url: str, *, body: str | None = None, headers: Mapping[str, str] | None = None
) -> dict[str, Any]:
    """The JSON object at `url`. Raises `Unavailable` CW-OIDC-PROVIDER for anything else."""
    status, content = _answer(method, url, body, dict(headers or {}))
    if status != _OK:
        raise unavailable("refused what it was asked")
    try:
        plain = json.loads(content)
    except (ValueError, RecursionError):
        raise unavailable("sent an answer that cannot be read") from None
    if not isinstance(plain, dict):
        raise unavailable("sent an answer that cannot be read")
    return plain


def _answer(method: str, url: str, body: str | None, headers: dict[str, str]) -> tuple[int, bytes]:
    if not is_safe_address(url.partition("?")[0]):
        raise unavailable("names an address without encryption")
    parts = urlsplit(url)
    secure = parts.scheme == "https"
    make = http.client.HTTPSConnection if secure else http.client.HTTPConnection
    asked = parts.path + (f"?{parts.query}" if parts.query else "")
    try:
        connection = make(str(parts.hostname), parts.port, timeout=TIMEOUT_SECONDS)
        with contextlib.closing(connection):
            told = {"Accept": "application/json", "Connection": "close", **headers}
            connection.request(method, asked or "/", body, told)
            response = connection.getresponse()
            content = response.read(_MAX_ANSWER + 1)
    except (OSError, http.client.HTTPException, ValueError):
        raise unavailable("cannot be reached") from None
    if len(content) > _MAX_ANSWER:
        raise unavailable("sent an answer that is too long")
    return response.status, content
