"""The forms of a page as it comes from the service, and what a browser without scripts needs."""

from __future__ import annotations

from dataclasses import dataclass, field
from html.parser import HTMLParser

TOKEN = "csrfmiddlewaretoken"


@dataclass
class Form:
    """One form: how it is sent, the names of its boxes, and the buttons that send it."""

    method: str
    names: list[str] = field(default_factory=list)
    boxes: int = 0
    buttons: int = 0


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.forms: list[Form] = []
        self.strays: list[str] = []
        self._open = False

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if tag == "form":
            self.forms.append(Form(given.get("method", "get").lower()))
            self._open = True
        elif tag in ("button", "input", "select", "textarea"):
            self._control(tag, given)

    def handle_endtag(self, tag: str) -> None:
        if tag == "form":
            self._open = False

    def _control(self, tag: str, given: dict[str, str]) -> None:
        kind = given.get("type", "submit" if tag == "button" else "text").lower()
        sends = kind in ("submit", "image") and tag in ("button", "input")
        # A button that only a script can make useful is brought, or shown, by that script.
        if {"hidden", "disabled"} & given.keys():
            return
        if not self._open:
            if "form" not in given:
                self.strays.append(given.get("id") or given.get("name") or tag)
        elif sends:
            self.forms[-1].buttons += 1
        elif kind == "button":
            self.strays.append(given.get("id") or given.get("name") or tag)
        elif name := given.get("name"):
            self.forms[-1].names.append(name)
            self.forms[-1].boxes += kind != "hidden"


def form_faults(html: str) -> list[str]:
    """Why a form of a page could not be sent without scripts; nothing where each can."""
    reader = _Reader()
    reader.feed(html.partition("<main")[2].partition("</main>")[0])
    found = [f"{one} does nothing without scripts" for one in reader.strays]
    for number, form in enumerate(reader.forms, 1):
        if form.method not in ("get", "post"):
            found.append(f"form {number} is sent by {form.method}")
        # With nothing to fill in there is nothing to send: a list whose lines have no button now.
        if form.boxes and not form.buttons:
            found.append(f"form {number} has no button that sends it")
        if form.method == "post" and TOKEN not in form.names:
            found.append(f"form {number} has no token")
    return found
