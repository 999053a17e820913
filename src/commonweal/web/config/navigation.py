"""What stands in the bar at the top: public pages for everybody, and the rooms of who is signed in.

A room of its own says itself when it is shown: its `AppConfig` has `menu`, the words and the name
of the address, and may have `shows_menu`. So this part of the house knows no other.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.urls import reverse

from commonweal.web.config import clock

_PUBLIC = (
    ("Projects", "register:index"),
    ("Data we hold", "discovery:index"),
    ("Committee", "committee:index"),
    ("Public panel", "panel:index"),
    ("About", "about"),
)
_FIRST = 2
"""How many of them stand before the rooms of who is signed in."""


def navigation(person: Any, path: str) -> list[dict[str, Any]]:
    """The items for `person` (None: nobody is signed in), with the one where they are marked.

    What has no room in the bar goes behind "More": for who works here that is what they read least.
    """
    rooms = _rooms(person) if person is not None else []
    items = [*_PUBLIC[:_FIRST], *rooms, *_PUBLIC[_FIRST:]]
    return [_item(words, reverse(name), path) for words, name in items]


def _rooms(person: Any) -> list[tuple[str, str]]:
    day = clock.today()
    found = []
    for config in apps.get_app_configs():
        menu = getattr(config, "menu", None)
        shows = getattr(config, "shows_menu", None)
        if menu is not None and (shows is None or shows(person, day)):
            found.append(menu)
    return found


def _item(words: str, href: str, path: str) -> dict[str, Any]:
    return {"text": words, "href": href, "current": path.startswith(href)}
