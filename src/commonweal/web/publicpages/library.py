"""Every public page: those that ship with the software, and the hospital's in their place.

A page of the hospital takes the place of the built-in one of its name. Where its file is wrong, the
page is refused with the reason: the built-in text is never shown as if it were the hospital's.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path

from commonweal.foundation.errors import Fault
from commonweal.web.publicpages.formats import FORMATS
from commonweal.web.publicpages.head import GROUPS
from commonweal.web.publicpages.reading import FOLDER, PageText, built_in, is_name, own_page

SOON = timedelta(days=60)
"""How long before the day a review is announced to staff."""
ADDRESSES: Mapping[str, str] = {
    "home": "/",
    "your-choices": "/your-choices/",
    "about": "/about",
    "accessibility": "/accessibility",
    "cookies": "/cookies",
}
"""Pages with an address of their own."""


@dataclass(frozen=True)
class Library:
    """The pages by name, and what is wrong. `broken`: by name, why a page is refused.

    `unused`: names in the hospital's folder that are nothing of a page.
    """

    pages: Mapping[str, PageText]
    broken: Mapping[str, Fault] = field(default_factory=dict)
    unused: tuple[str, ...] = ()

    def page(self, name: str) -> PageText:
        """One page. Raises what is wrong with its file, or CW-WEB-NOT-FOUND."""
        if name in self.broken:
            raise self.broken[name]
        if name not in self.pages:
            raise Fault("CW-WEB-NOT-FOUND", "There is no page of this name.")
        return self.pages[name]

    def group(self, name: str) -> list[PageText]:
        """The pages of a group, in order."""
        found = [one for one in self.pages.values() if one.head.group == name]
        return sorted(found, key=lambda one: (one.head.order, one.head.title, one.name))

    def groups(self) -> list[tuple[str, str, list[PageText]]]:
        """Every group that has pages: its name, its words and its pages."""
        every = [(name, words, self.group(name)) for name, words in GROUPS.items()]
        return [one for one in every if one[2]]


def address_of(name: str) -> str:
    """Where a page stands."""
    return ADDRESSES.get(name, f"/pages/{name}/")


def library(home: Path) -> Library:
    """Every page as it is now. A folder that cannot be listed counts as broken for every page."""
    pages, broken, unused = dict(built_in()), dict[str, Fault](), list[str]()
    for entry in _names(home / FOLDER):
        name = entry.removesuffix(".md")
        if not is_name(name) or name == entry:
            if not _is_format(entry):
                unused.append(entry)
            continue
        try:
            pages[name] = own_page(home, name)
        except FileNotFoundError:
            continue  # taken away in this moment
        except Fault as fault:
            broken[name] = fault
            pages.pop(name, None)
    return Library(pages, broken, tuple(unused))


def _names(folder: Path) -> list[str]:
    try:
        return sorted(one.name for one in folder.iterdir())
    except FileNotFoundError:
        return []
    except OSError:
        raise Fault("CW-PAGES-FILE", f"The folder {FOLDER} of this home cannot be read.") from None


def _is_format(entry: str) -> bool:
    return any(
        entry.endswith(f".{key}") and is_name(entry.removesuffix(f".{key}")) for key in FORMATS
    )


def standing(page: PageText, day: date) -> str:
    """How a page stands with its review: `over`, `soon` or `good`; `early` if dated ahead."""
    if page.head.reviewed > day:
        return "early"
    if page.head.review_by < day:
        return "over"
    return "soon" if page.head.review_by - day <= SOON else "good"
