"""What stands in the bar at the top and at the foot: public pages for everybody, and own rooms.

A room of its own says itself when it is shown: its `AppConfig` has `menu`, the words and the name
of the address, and may have `shows_menu`. So this part of the house knows no other. A public page
whose part of the service is not there is left out.
"""

from __future__ import annotations

from typing import Any

from django.apps import apps
from django.urls import reverse

from commonweal.web.config import clock
from commonweal.web.publicpages.places import place

_PUBLIC: tuple[tuple[str, tuple[str, ...]], ...] = (
    ("Projects", ("register:index",)),
    ("Your choices", ("publicpages:your_choices",)),
    ("Who decides", ("/who-decides/", "committee:index")),
    ("Data we hold", ("discovery:index",)),
    ("Public log", ("/log/",)),
    ("Public panel", ("panel:index",)),
    ("All pages", ("publicpages:index",)),
)
"""The words of each, and where it leads: the first of these places that is there."""
_WORKING = ("Projects", "Data we hold")
"""What stands before the rooms of who is signed in; the others come after them."""
_FOOT: tuple[tuple[str, str], ...] = (
    ("Your choices", "publicpages:your_choices"),
    ("Raise a concern", "/concerns/"),
    ("How decisions are made", "about"),
    ("All pages", "publicpages:index"),
    ("Accessibility", "accessibility"),
    ("Cookies", "cookies"),
    ("For programs (API)", "/api/v1/openapi.json"),
)


def navigation(person: Any, path: str) -> list[dict[str, Any]]:
    """The items for `person` (None: nobody is signed in), with the one where they are marked.

    What has no room in the bar goes behind "More": for who works here that is what they read least.
    """
    public = [(words, where) for words, names in _PUBLIC if (where := _first(names))]
    if person is None:
        return [_item(words, href, path) for words, href in public]
    rooms = [(words, reverse(name)) for words, name in _rooms(person)]
    before = [one for one in public if one[0] in _WORKING]
    items = [*before, *rooms, *(one for one in public if one not in before)]
    return [_item(words, href, path) for words, href in items]


def footer() -> list[dict[str, str]]:
    """The items at the foot of every page."""
    return [{"text": words, "href": href} for words, name in _FOOT if (href := place(name))]


def _first(names: tuple[str, ...]) -> str | None:
    return next((where for name in names if (where := place(name)) is not None), None)


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
