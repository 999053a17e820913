"""A text that the public is to read, looked through for people and for figures (S22).

Two kinds of finding. `stop`: the text is not published while it is there (a number that looks like
a patient's, a postcode, a figure about people that cites no output that was released). `look`: the
second person must say why it is fine (a name, a phone number, a date of birth, any other number).
The rules find what is written in a usual way; they do not understand a text. That is why a person
looks at it as well, and why that person is never its writer.

Figures: a number that counts people or what happened to them, and any share of them, is a figure.
Days, years and times are none. Other numbers are left to the second person.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import Any, Literal

from commonweal.foundation.identifiers import InvalidNHSNumber, NHSNumber

Weight = Literal["stop", "look"]
SENTENCES: dict[str, tuple[Weight, str]] = {
    "nhs_number": ("stop", "This looks like an NHS number."),
    "long_number": ("stop", "This looks like a number that belongs to one person."),
    "postcode": ("stop", "This looks like a whole postcode."),
    "figure": ("stop", "This is a figure about people: say which released output it comes from."),
    "hidden": ("stop", "There are characters here that nobody can see."),
    "born": ("look", "This looks like a date of birth or an exact age."),
    "name": ("look", "This looks like somebody's name."),
    "contact": ("look", "This looks like a phone number, an e-mail address or a link."),
    "number": ("look", "This is a number. Is it about people?"),
}
"""By the kind of a finding: how much it weighs, and what the writer reads."""

_MONTHS = "January|February|March|April|May|June|July|August|September|October|November|December"
_DATE = re.compile(
    # With a capital letter: "3 may have died" is no day.
    rf"\b(?:[0-9]{{1,2}} )?(?:{_MONTHS})(?: (?:19|20)[0-9]{{2}})?\b"
    r"|(?<![/0-9.-])(?:19|20)[0-9]{2}\b|\b[0-9]{1,2}(?::[0-9]{2})? ?(?:am|pm|AM|PM)\b"
)
_TEN_DIGITS = re.compile(r"(?<![0-9])[0-9](?:[ ./-]?[0-9]){9}(?![0-9])")
_LONG = re.compile(r"(?<![0-9A-Za-z])[A-Za-z]{0,4}-?[0-9]{6,}(?![0-9])")
_POSTCODE = re.compile(r"\b[A-Z]{1,2}[0-9][0-9A-Z]? ?[0-9][ABD-HJLNP-UW-Z]{2}\b", re.IGNORECASE)
_EMAIL = re.compile(r"[^\s@<>]+@[^\s@<>]+\.[a-z]{2,}|\bhttps?://\S+|\bwww\.\S+", re.IGNORECASE)
_PHONE = re.compile(r"(?<![0-9])(?:\+44 ?|0)[0-9](?:[ -]?[0-9]){8,9}(?![0-9])")
_NUMBER = r"[0-9]+(?:[.,][0-9]+)*"
_ONES = "one|two|three|four|five|six|seven|eight|nine"
_SMALL = (
    rf"(?:twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety)(?:[ -](?:{_ONES}))?|{_ONES}|ten|"
    "eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen|"
    "hundreds?|thousands?|millions?|dozens?|half|thirds?|quarters?|fifths?|tenths?|"
    "two-thirds|three-quarters|single|couple|pair|both|none"
)
_BORN = re.compile(
    r"\b(?:born|date of birth|DOB)\b[^.0-9]{0,30}[0-9]{1,4}(?:[ /.-][A-Za-z0-9]+){0,2}"
    rf"|\b(?:[0-9]{{1,3}}|{_SMALL})[ -]?(?:years?|months?|weeks?|days?)[ -]old\b"
    rf"|\baged? (?:[0-9]{{1,3}}|{_SMALL})\b(?! (?:to|or|and) )"
    r"|\b[0-9]{1,2}/[0-9]{1,2}/[0-9]{2,4}\b",
    re.IGNORECASE,
)
_TITLED = re.compile(
    r"\b(?:Mr|Mrs|Miss|Ms|Mx|Dr|Prof|Professor|Sir|Dame|Lady|Lord|Nurse|Sister|Rev)\.? "
    "[A-Z][\\w\u2019'-]+"
)
_PAIR = re.compile("(?<![.!?:] )(?<!^)(?<![\\w])([A-Z][a-z\u2019'-]+(?: [A-Z][a-z\u2019'-]+)+)")
_COUNTED = (
    r"people|patients?|persons?|women|men|woman|man|children|child|babies|baby|adults?|teenagers?|"
    r"girls?|boys?|mothers?|fathers?|families|family|records?|admissions?|stays?|deaths?|cases?|"
    r"visits?|appointments?|operations?|births?|falls?|tests?|scans?|infections?|strokes?|"
    r"heart attacks?|lives|died|recovered|were"
)
_FIGURE = re.compile(
    rf"\b(?:{_NUMBER}|{_SMALL})(?:,? (?!and\b|or\b)[a-z-]+){{0,4}}?,? (?:of (?:the |all )?)?"
    rf"(?:{_COUNTED})\b|\b{_NUMBER} ?(?:%|per ?cent\b)|\b(?:{_NUMBER}|{_SMALL}) (?:in|out of) "
    rf"(?:every )?(?:{_NUMBER}|{_SMALL})\b",
    re.IGNORECASE,
)
_ANY_NUMBER = re.compile(rf"(?<![\w]){_NUMBER}")
_UNSEEN = frozenset(
    [0x34F, 0x115F, 0x1160, 0x17B4, 0x17B5, 0x2800, 0x3164, 0xFFA0, *range(0x180B, 0x1810),
     *range(0xFE00, 0xFE10), *range(0xE0100, 0xE01F0)]
)  # fmt: skip
"""Signs without a look that Unicode counts among letters and marks."""
_KNOWN = (
    "NHS England", "Caldicott Guardian", "Data Protection Officer", "Information Commissioner",
    "Information Governance", "National Data Opt", "Research Ethics Committee",
    "Health Research Authority", "Confidentiality Advisory Group", "Secretary of State",
    "United Kingdom", "Senior Information Risk Owner", "Care Quality Commission",
)  # fmt: skip


@dataclass(frozen=True)
class Found:
    """One finding: where it stands in the text, its kind and the words themselves."""

    kind: str
    start: int
    end: int
    words: str

    @property
    def weight(self) -> Weight:
        """Whether it stops the text, or a person must look at it."""
        return SENTENCES[self.kind][0]

    @property
    def sentence(self) -> str:
        """What the writer reads about it."""
        return SENTENCES[self.kind][1]

    def plain(self) -> dict[str, Any]:
        """As pages show it: words, sentence, and whether it must be taken out first (`stops`)."""
        words = self.words.strip() or "a hidden character"
        return {"words": words, "sentence": self.sentence, "stops": self.weight == "stop"}


def scan(text: str, *, cites: bool, known: tuple[str, ...] = ()) -> tuple[Found, ...]:
    """What a person must look at in `text`, in its order; each place is found once.

    `cites`: the text names a released output, so a figure needs a look and does not stop it (its
    kind is then `number`). `known`: names that are public already, such as the hospital's own.
    What stops a text is looked for first: nothing that is only to be looked at can cover it.
    """
    plain, where = _plain(text)
    taken: list[tuple[int, int]] = []
    found: list[Found] = []

    def keep(kind: str, spans: Iterable[tuple[int, int]]) -> None:
        for start, end in spans:
            begin, stop = where[start], where[end - 1] + 1
            if not any(begin < other and one < stop for one, other in taken):
                taken.append((begin, stop))
                if kind:
                    found.append(Found(kind, begin, stop, text[begin:stop]))

    keep("nhs_number", _nhs_numbers(plain))
    keep("postcode", _spans(_POSTCODE)(plain))
    keep("long_number", _long_numbers(plain))
    keep("number" if cites else "figure", _spans(_FIGURE)(plain))
    keep("born", _spans(_BORN)(plain))
    keep("contact", _spans(_EMAIL)(plain))
    keep("contact", _spans(_PHONE)(plain))
    keep("", _spans(_DATE)(plain))
    keep("name", _names(plain, known))
    keep("number", _spans(_ANY_NUMBER)(plain))
    found.extend(Found("hidden", at, at + 1, text[at]) for at in _hidden(text))
    return tuple(sorted(found, key=lambda one: (one.start, one.end)))


def _plain(text: str) -> tuple[str, list[int]]:
    """The text with digits, spaces and signs of any script as ASCII has them, hidden signs left
    out and all space between words as one, and where each of its signs stands in `text`."""
    signs: list[str] = []
    where: list[int] = []
    for at, sign in enumerate(text):
        plain = _plain_sign(sign)
        if plain and not (plain == " " and signs[-1:] == [" "]):
            signs.append(plain)
            where.append(at)
    return "".join(signs), where


def _plain_sign(sign: str) -> str:
    if sign.isspace():
        return " "
    if sign.isascii():
        return "" if is_hidden(sign) else sign
    if sign.isdecimal():
        return str(unicodedata.decimal(sign))
    if is_hidden(sign):
        return ""
    kind = unicodedata.category(sign)
    if kind in ("No", "Nl"):  # a half, a circled or Roman number: some number
        return "2"
    if kind == "Pd" or sign == "\u2212":
        return "-"
    folded = unicodedata.normalize("NFKC", sign)
    return folded if len(folded) == 1 else sign


def is_hidden(sign: str) -> bool:
    """True for a character that nobody can see."""
    kinds = ("Cc", "Cf", "Co", "Cn", "Cs")
    return (unicodedata.category(sign) in kinds and sign not in "\n\r\t") or ord(sign) in _UNSEEN


def _hidden(text: str) -> Iterator[int]:
    return (at for at, sign in enumerate(text) if is_hidden(sign))


def _spans(pattern: re.Pattern[str]) -> Callable[[str], Iterator[tuple[int, int]]]:
    return lambda text: (match.span() for match in pattern.finditer(text))


def _long_numbers(text: str) -> Iterator[tuple[int, int]]:
    # A phone number that is written without spaces is looked at, and stops nothing.
    phones = {match.span() for match in _PHONE.finditer(text)}
    return (span for span in _spans(_LONG)(text) if span not in phones)


def _nhs_numbers(text: str) -> Iterator[tuple[int, int]]:
    for match in _TEN_DIGITS.finditer(text):
        try:
            NHSNumber(re.sub(r"[^0-9]", "", match.group()))
        except InvalidNHSNumber:
            continue
        yield match.span()


def _names(text: str, known: tuple[str, ...]) -> Iterator[tuple[int, int]]:
    yield from _spans(_TITLED)(text)
    for match in _PAIR.finditer(text):
        if not any(match.group(1) in one for one in (*_KNOWN, *known)):
            yield match.span(1)
