"""How hard the public pages are to read: `python3 dev.py words`. Advice, never a gate (P12).

Goes through every page that somebody without an account can reach by links from the first page of a
demonstration home, measures the words of its main part, and prints the hardest pages first, with
their hardest sentences.
"""

from __future__ import annotations

import logging
import os
import sys
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass
from html.parser import HTMLParser
from pathlib import Path
from typing import Any
from urllib.parse import urldefrag

from commonweal.governance.readability import (
    AIM_AGE,
    Readability,
    hard_words,
    measure,
    sentences,
)

_BLOCKS = frozenset({"p", "h1", "h2", "h3", "li", "dt", "dd", "td", "th", "summary", "legend",
                     "label", "button", "caption", "div", "tr", "option"})  # fmt: skip
_SKIPPED = frozenset({"script", "style", "code", "pre", "svg"})
MOST = 120
"""Pages at the most: lists of many rows look alike."""


class Words(HTMLParser):
    """The words of a page's main part, a block a paragraph, and the links of the whole page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.parts: list[str] = []
        self.links: list[str] = []
        self._main = self._skipped = 0
        self._open: list[tuple[str, bool]] = []
        self.feed(html)

    @property
    def text(self) -> str:
        """All of it, with an empty line between blocks."""
        blocks = "".join(self.parts).split("\n\n")
        return "\n\n".join(" ".join(one.split()) for one in blocks if one.split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        if tag == "a" and given.get("href"):
            self.links.append(str(given["href"]))
        if tag == "main":
            self._main += 1
        # A fingerprint or a number to read out is no sentence.
        hidden = tag in _SKIPPED or "house-code" in (given.get("class") or "")
        if tag not in ("br", "input", "img", "link", "meta", "hr"):
            self._open.append((tag, hidden))
            self._skipped += hidden
        if tag in _BLOCKS:
            self.parts.append("\n\n")

    def handle_endtag(self, tag: str) -> None:
        if tag == "main":
            self._main -= 1
        while self._open:
            name, hidden = self._open.pop()
            self._skipped -= hidden
            if name == tag:
                break
        if tag in _BLOCKS:
            self.parts.append("\n\n")

    def handle_data(self, data: str) -> None:
        if self._main and not self._skipped:
            self.parts.append(data)


@dataclass(frozen=True)
class PageWords:
    """One page: its figures, and its sentences with the age that each needs, hardest first."""

    address: str
    figures: Readability
    hardest: tuple[tuple[float, str], ...]

    @property
    def age(self) -> float:
        """About how old a reader is who reads the page with ease."""
        return self.figures.reading_age


def page_words(address: str, html: str) -> PageWords:
    """The figures of a page."""
    text = Words(html).text
    # Headings, names and labels are no sentences: they would make every page look easy.
    prose = [one for one in sentences(text) if len(one.split()) >= 5]
    ranked = sorted(((measure(one).reading_age, one) for one in prose), reverse=True)
    return PageWords(address, measure("\n\n".join(prose)), tuple(ranked))


def walk(client: Any, first: Iterable[str] = ("/",)) -> list[PageWords]:
    """Every page that `client` reaches by links, from the hardest to the easiest."""
    waiting, seen, found = list(first), set(first), []
    while waiting and len(found) < MOST:
        address = waiting.pop(0)
        answer = client.get(address)
        kind = answer.headers.get("Content-Type", "")
        if answer.status_code != 200 or not kind.startswith("text/html"):
            continue
        html = answer.content.decode()
        found.append(page_words(address, html))
        for link in Words(html).links:
            path = urldefrag(link)[0].partition("?")[0]
            if path.startswith("/") and path not in seen:
                seen.add(path)
                waiting.append(path)
    return sorted(found, key=lambda one: (-one.age, one.address))


def report(pages: list[PageWords]) -> list[str]:
    """The lines to print."""
    lines = [
        f"{len(pages)} public pages; aim for age {AIM_AGE}. Advice, not a gate.",
        *(f"age {one.age:4.1f}  {one.figures.words:5} words  {one.address}" for one in pages),
        "",
        "The hardest sentences:",
    ]
    every: dict[str, tuple[float, str]] = {}
    for one in pages:
        for age, sentence in one.hardest:
            every.setdefault(sentence, (age, one.address))
    ranked = sorted(every.items(), key=lambda pair: -pair[1][0])
    lines += [f"age {age:4.1f}  {address}  {text}" for text, (age, address) in ranked[:40]]
    listed = sorted({(word, say) for text in every for word, say in hard_words(text)})
    lines += ["", "Words that few people know:"] if listed else []
    lines += [f'"{word}": say {say}' for word, say in listed]
    return lines


def main() -> None:
    """Make a demonstration home, read its public pages and print what is hard."""
    from tests.web.house import make_home

    with tempfile.TemporaryDirectory() as folder:
        place = Path(folder) / "home"
        make_home(place, stores=Path(folder) / "stores")
        os.environ["COMMONWEAL_HOME"] = str(place)
        os.environ["DJANGO_SETTINGS_MODULE"] = "commonweal.web.config.settings"
        import django

        django.setup()
        logging.disable(logging.WARNING)  # a line for every page that is asked for
        from commonweal.web.prepare import prepare
        from tests.web.conftest import new_client

        prepare()
        sys.stdout.write("\n".join(report(walk(new_client()))) + "\n")


if __name__ == "__main__":
    main()
