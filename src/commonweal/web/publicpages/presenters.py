"""What public pages show: texts filled in, links to what is there, and who looks after them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from django.conf import settings
from markdown_it.token import Token

from commonweal.foundation.errors import Fault
from commonweal.web.publicpages.formats import Format, formats_of
from commonweal.web.publicpages.head import Contacts
from commonweal.web.publicpages.library import Library, address_of, library, standing
from commonweal.web.publicpages.marking import (
    Part,
    link_tokens,
    marked,
    own_links,
    text_token,
)
from commonweal.web.publicpages.places import answers, place
from commonweal.web.publicpages.reading import PageText, built_in, contacts
from commonweal.web.register.presenters import entry_or_none

NO_PHONE = "a phone number, which this page does not have yet"
NO_EMAIL = "an email address, which this page does not have yet"
PARTS = (
    "/projects/what-came-of-it/", "/projects/companies/", "/projects/open-data/",
    "/projects/refused/", "/projects/tell-me/", "/who-decides/", "/who-decides/oversight-group/",
    "/log/", "/log/for-experts/", "/what-went-wrong/", "/texts/", "/concerns/", "/my-data/",
    "/committee/", "/panel/",
)  # fmt: skip
"""Parts of the service that may be missing, and stand for themselves: never the project that is
called like one of them."""
MORE: tuple[tuple[str, str, str], ...] = (
    ("/projects/", "The list of projects", "What each is for, who does it, and until when."),
    ("/projects/refused/", "Requests that were refused", "And the reasons."),
    ("/projects/what-came-of-it/", "What came of it", "What projects found and what changed."),
    ("/projects/companies/", "Who makes money from it", "Every project with a company in it."),
    ("/who-decides/", "Who decides", "The people, their other interests, and their minutes."),
    ("/what-went-wrong/", "What went wrong", "Mistakes that we tell of, and what was done."),
    ("/concerns/", "Raise a concern", "You get a number, and an answer within 30 days."),
    ("/texts/", "What we have told the public", "In our own words: results, stories and mistakes."),
    ("/log/", "The public log", "What was decided and what was done, one after the other."),
    ("/projects/open-data/", "All of this as files", "For people who make their own lists."),
    ("/projects/tell-me/", "Hear of new projects", "We send you a mail. You need no account."),
    ("/data/", "What kinds of data there are", "Every kind of detail that can be asked for."),
)
"""What else everybody can look at: shown where it is there."""


@dataclass(frozen=True)
class Question:
    """A question that a reader comes with, and where its answer begins."""

    words: str
    answer: str
    href: str


_QUESTIONS: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("Who uses data, and why?", "A list of every project: who does it and what it is for.",
     ("register:index",)),
    ("Was my record used?", "How to see which projects used your record.", ("/my-data/",)),
    ("Who decided?", "People decide, and members of the public have at least half of the votes.",
     ("/who-decides/", "committee:index")),
    ("Can I stop it?", "Yes. How to say no, by phone, by post or in person.",
     ("publicpages:your_choices",)),
    ("What happened then?", "What projects found, and what changed for patients.",
     ("/projects/what-came-of-it/",)),
    ("Who makes money from it?", "Every project with a company in it, and what the NHS gets.",
     ("/projects/companies/", "/pages/companies/")),
    ("What went wrong?", "What we have told of mistakes, and what was done.",
     ("/what-went-wrong/",)),
)  # fmt: skip


def questions() -> list[Question]:
    """The questions whose answers are there. Each leads to the first place that is."""
    found = []
    for words, answer, names in _QUESTIONS:
        places = [where for name in names if (where := place(name) or _page_place(name))]
        if places:
            found.append(Question(words, answer, places[0]))
    return found


def _page_place(name: str) -> str | None:
    return name if name.startswith("/pages/") else None


def more_places() -> list[dict[str, str]]:
    """What else there is to look at."""
    return [
        {"href": href, "title": title, "words": words} for href, title, words in MORE if place(href)
    ]


def leads(every: Library, href: str) -> str | None:
    """Where an own address leads; None where nothing is there."""
    path = href.partition("#")[0]
    if path.startswith("/pages/") and path != "/pages/":
        name = path.removeprefix("/pages/").partition("/")[0]
        return href if name in every.pages or name in every.broken else None
    if path in PARTS:
        return href if place(path) else None
    return href if answers(path) else None


def now_library() -> Library:
    """Every page as it is now, with case studies that cite nothing counted as broken."""
    every = library(settings.HOME.path)
    cited = {
        one.name: Fault(
            "CW-PAGES-FILE",
            f"The page {one.name}.md: field project names no project in the public list.",
        )
        for one in every.group("cases")
        if entry_or_none(str(one.head.project)) is None
    }
    kept = {name: one for name, one in every.pages.items() if name not in cited}
    return Library(kept, {**every.broken, **cited}, every.unused)


def known_contacts() -> Contacts:
    """How patients reach the hospital. Raises `Fault` CW-PAGES-CONTACTS."""
    return contacts(settings.HOME.path)


def values(known: Contacts) -> dict[str, Sequence[Token]]:
    """What stands in place of names in braces. What is not given is said in words."""
    address = f"{settings.ENVIRONMENT.address}/"
    return {
        "hospital": [text_token(settings.HOME.custodian)],
        "address": [text_token(address)],
        "phone": link_tokens(f"tel:{known.phone.replace(' ', '')}", known.phone)
        if known.phone else [text_token(NO_PHONE)],
        "email": link_tokens(f"mailto:{known.email}", known.email)
        if known.email else [text_token(NO_EMAIL)],
    }  # fmt: skip


def page_shown(every: Library, name: str, day: date) -> dict[str, Any]:
    """One page. Raises what `Library.page` and `known_contacts` raise."""
    one = every.page(name)
    return {
        **begun(every, name, day),
        "name": name,
        "formats": [form for form in formats_of(settings.HOME.path, name) if not form.fault],
        "group": every.group(one.head.group),
    }


def begun(every: Library, name: str, day: date) -> dict[str, Any]:
    """What a page of a layout of its own takes from its text, and the contacts."""
    one, known = every.page(name), known_contacts()
    return {
        "head": one.head,
        "parts": parts_of(every, one, known),
        "foot": foot(one, day),
        "contacts": known,
        "address_of": address_of,
        "cases": cases(every),
        "more": more_places(),
        "online": place("choices:begin"),
        # Where no provider is set nobody can sign in, so nobody is sent there to choose.
        "signed_in": place("patients:choose") if settings.PATIENTS_PROVIDER else None,
    }


def parts_of(every: Library, one: PageText, known: Contacts) -> list[Part]:
    """The marked text of a page."""
    return marked(one.body, values(known), lambda href: leads(every, href))


def foot(one: PageText, day: date) -> dict[str, Any]:
    """Who looks after a page, since when and until when it holds."""
    return {
        "owner": one.head.owner,
        "reviewed": one.head.reviewed,
        "review_by": one.head.review_by,
        "over": standing(one, day) == "over",
        "checked": one.origin == "hospital",
    }


def cases(every: Library) -> list[dict[str, str]]:
    """The case studies, each of a project in the register."""
    return [
        {"href": address_of(one.name), "title": one.head.title, "words": one.head.summary,
         "project": str(one.head.project)}
        for one in every.group("cases")
    ]  # fmt: skip


def unshown(every: Library) -> list[dict[str, str]]:
    """Built-in pages whose place a broken file of the hospital has: named, not shown."""
    return [
        {"href": address_of(name), "title": built_in()[name].head.title}
        for name in sorted(every.broken) if name in built_in()
    ]  # fmt: skip


def looked_after(every: Library, day: date) -> dict[str, Any]:
    """For staff: how every page stands, what is broken, and what is missing."""
    return {
        "rows": [
            {"page": one, "href": address_of(one.name), "standing": standing(one, day),
             "dead": dead_links(every, one)}
            for _, _, pages in every.groups() for one in pages
        ],
        "broken": [(name, fault.sentence) for name, fault in sorted(every.broken.items())],
        "unused": every.unused,
        "refused_formats": _refused_formats(every),
        "contacts": _contacts_or_fault(),
    }  # fmt: skip


def dead_links(every: Library, one: PageText) -> list[str]:
    """Own addresses in a page where nothing is, but for parts that may be missing."""
    return [
        href for href in own_links(one.body)
        if href not in PARTS and leads(every, href) is None
    ]  # fmt: skip


def _refused_formats(every: Library) -> list[Format]:
    found = (formats_of(settings.HOME.path, name) for name in every.pages)
    return [one for forms in found for one in forms if one.fault]


def _contacts_or_fault() -> dict[str, Any]:
    try:
        known = known_contacts()
    except Fault as fault:
        return {"fault": fault.sentence, "missing": []}
    wanted = {"phone": known.phone, "email": known.email, "post": known.post, "desk": known.desk,
              "officer": known.officer, "full_notice": known.full_notice}  # fmt: skip
    return {"fault": "", "missing": [name for name, value in wanted.items() if value is None]}
