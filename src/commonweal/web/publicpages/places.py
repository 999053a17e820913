"""Where the parts of the service are, for those that are there: so no page shows a dead link.

A part of the service may be missing: it is not installed, or it has not been joined yet. Whoever
would link to it asks here first.
"""

from __future__ import annotations

from typing import Any

from django.urls import NoReverseMatch, Resolver404, resolve, reverse


def place(name: str, *arguments: Any) -> str | None:
    """The address of a part of the service; None where that part is not there.

    `name`: the name of an address (`register:index`), with what it takes; or an address itself
    (`/log/`). An address counts as there only if it stands for itself: `/projects/companies/` is
    not the project called "companies".
    """
    if name.startswith("/"):
        return name if _stands(name) else None
    try:
        return reverse(name, args=arguments or None)
    except NoReverseMatch:
        return None


def log_entry(number: int) -> str:
    """Where an entry of the public log is read: in words where the log has its pages."""
    return place("publiclog:entry", number) or reverse("api:entry", args=[number])


def answers(address: str) -> bool:
    """True if something of the service takes this address, whether or not it then finds it."""
    return _match(address) is not None


def _stands(address: str) -> bool:
    found = _match(address)
    return found is not None and not found.captured_kwargs and not found.args


def _match(address: str) -> Any:
    path = address.partition("#")[0].partition("?")[0]
    if path.startswith("//"):  # to a browser that is another host
        return None
    try:
        return resolve(path)
    except (Resolver404, ValueError):
        return None
