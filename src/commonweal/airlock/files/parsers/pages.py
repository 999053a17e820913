"""HTML: elements and attributes in their order."""

from __future__ import annotations

from html.parser import HTMLParser

from commonweal.airlock.files.parsers.allowed import HTML_NEVER_CLOSED, attribute_fault, tag_fault
from commonweal.airlock.files.parsers.common import (
    MOST_EVENTS,
    Answer,
    Invalid,
    TooLarge,
    decoded,
)

MOST_DEPTH = 60
# What a browser closes by itself where a new one of the kind begins.
_ENDS = {"tr": {"td", "th", "tr"}, "td": {"td", "th"}, "th": {"td", "th"}, "li": {"li"},
         "tbody": {"td", "th", "tr", "thead", "tbody"}}  # fmt: skip


def read(data: bytes, answer: Answer) -> None:
    """Tell what is on the page. Raises `Invalid` and `TooLarge`."""
    text, _ = decoded(data)
    page = _Page(answer)
    page.feed(text)
    page.close()
    if page.open:
        raise Invalid
    answer.body = {"events": page.events}


class _Page(HTMLParser):
    """Collects what the parser sees; elements that are not closed are no page."""

    def __init__(self, answer: Answer) -> None:
        super().__init__(convert_charrefs=True)
        self.answer = answer
        self.events: list[list[object]] = []
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for ended in _ENDS.get(tag, ()):
            while self.open and self.open[-1] == ended:
                self._close(ended)
        fault = tag_fault("html", tag)
        if fault is not None:
            self.answer.note(fault)
        self._event(["open", tag, self._attributes(attrs)])
        if tag not in HTML_NEVER_CLOSED:
            self.open.append(tag)
            if len(self.open) > MOST_DEPTH:
                raise TooLarge

    def _attributes(self, attributes: list[tuple[str, str | None]]) -> list[list[str]]:
        told = []
        for name, value in attributes:
            fault = attribute_fault("html", name, value or "")
            # Names and styles of a page are dropped; one that hides something is not let by.
            if fault == "unknown_mark" and name in ("style", "id", "halign"):
                self.answer.note("metadata")
                continue
            if fault is not None:
                self.answer.note(fault)
            told.append([name, value or ""])
        return told

    def handle_endtag(self, tag: str) -> None:
        if tag in HTML_NEVER_CLOSED:
            return
        if tag not in self.open:
            raise Invalid
        while self.open[-1] != tag:
            if self.open[-1] not in ("td", "th", "tr", "li", "p", "thead", "tbody"):
                raise Invalid
            self._close(self.open[-1])
        self._close(tag)

    def _close(self, tag: str) -> None:
        self.open.pop()
        self._event(["close", tag])

    def handle_data(self, data: str) -> None:
        if self.open and self.open[-1] in ("style", "script"):
            return
        if data.strip():
            self._event(["text", data])

    def handle_comment(self, data: str) -> None:  # noqa: ARG002
        self.answer.note("comments")

    def handle_pi(self, data: str) -> None:  # noqa: ARG002
        self.answer.note("comments")

    def unknown_decl(self, data: str) -> None:  # noqa: ARG002
        self.answer.note("comments")

    def _event(self, event: list[object]) -> None:
        self.events.append(event)
        if len(self.events) > MOST_EVENTS:
            raise TooLarge
