"""Addresses of services elsewhere, taken apart before anything is sent to them."""

from __future__ import annotations

from typing import NamedTuple
from urllib.parse import urlsplit

from commonweal.foundation.errors import WrongUsage

_LOCAL = frozenset({"localhost", "127.0.0.1", "::1"})


class Address(NamedTuple):
    """Where a service answers. `path`: what stands before every path of it, without a last `/`."""

    secure: bool
    host: str
    port: int | None
    path: str


def service_address(text: str, code: str, sentence: str) -> Address:
    """The address in `text`: https, or http on this machine; no query, fragment or password.

    Raises `WrongUsage` `code` with `sentence`.
    """
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        host, port, parts = None, None, urlsplit("")
    plain_here = parts.scheme == "http" and host in _LOCAL
    bare = not (parts.query or parts.fragment or parts.username or parts.password)
    if host is None or not bare or not (parts.scheme == "https" or plain_here):
        raise WrongUsage(code, sentence)
    return Address(parts.scheme == "https", host, port, parts.path.rstrip("/"))
