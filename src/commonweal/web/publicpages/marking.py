"""From Markdown to what a page shows: a few marks, and nothing that a text could do harm with.

Allowed are paragraphs, headings, lists, bold and slanted words, and links to own addresses,
`https`, `tel:` and `mailto:`. Everything else is refused, not cleaned: HTML, pictures, other links,
code. What a text may have filled in stands in braces: `{hospital}` in a sentence, `{contact}` as a
paragraph. Values are put in after the marks were read, so no value can mark anything.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from urllib.parse import urlsplit

from markdown_it import MarkdownIt
from markdown_it.token import Token
from markupsafe import Markup

from commonweal.foundation.errors import Fault
from commonweal.web.publicpages.head import is_email, is_phone, is_secure_address

INLINE = ("hospital", "phone", "email", "address")
"""What stands in a sentence. `address`: where this website is."""
BLOCKS = ("contact", "officer", "choose", "cases", "parts")
"""What stands as a paragraph of its own, and a template shows."""
_ALLOWED = frozenset({
    "paragraph_open", "paragraph_close", "heading_open", "heading_close", "bullet_list_open",
    "bullet_list_close", "ordered_list_open", "ordered_list_close", "list_item_open",
    "list_item_close", "inline", "text", "softbreak", "strong_open", "strong_close", "em_open",
    "em_close", "link_open", "link_close",
})  # fmt: skip
_CLASSES = {
    "h2": "nhsuk-heading-m",
    "h3": "nhsuk-heading-s",
    "ul": "nhsuk-list nhsuk-list--bullet",
    "ol": "nhsuk-list nhsuk-list--number",
}
_TAG = re.compile(r"<[A-Za-z!/?]|&[#A-Za-z][A-Za-z0-9]*;")
_BRACE = re.compile(r"\{([^{}\n]*)\}|[{}]")
_OWN = re.compile(r"/(?!/)[A-Za-z0-9/_.~-]*(?:#[A-Za-z0-9-]+)?", re.ASCII)

Leads = Callable[[str], str | None]
"""Where an own address leads; None where nothing is there, and the words stand without a link."""


@dataclass(frozen=True)
class Part:
    """A piece of a page: marked text, or the name of what a template shows there."""

    html: Markup | None = None
    block: str = ""


@cache
def _reader() -> MarkdownIt:
    reader = MarkdownIt("zero").enable(["heading", "list", "emphasis", "link", "escape"])
    # What a link may be is asked below, where it can be refused: the reader would show its source.
    reader.validateLink = lambda url: True  # type: ignore[method-assign]  # noqa: ARG005
    reader.normalizeLink = lambda url: url  # type: ignore[method-assign]
    return reader


def check_body(body: str, what: str) -> None:
    """Refuse a text that holds what a page may not have. Raises `Fault` CW-PAGES-FILE."""
    if (found := _TAG.search(body)) is not None:
        raise _wrong(what, body, found.start(), "holds HTML, and a page is plain Markdown")
    # A first heading would be a second title; pictures, code and rules are not read at all.
    for pattern, words in (
        (r"^ {0,3}#(?!#)", "has a heading of the first level, which is the title's"),
        (r"^ {0,3}#{4,}", "has a heading below the third level"),
        (r"!\[", "holds a picture"),
        (r"`", "holds code"),
        (r"^ {0,3}(?:>|\||-{3,}|={3,}|\*{3,}|_{3,})", "holds a quotation, a table or a rule"),
    ):
        if (bad := re.search(pattern, body, re.MULTILINE)) is not None:
            raise _wrong(what, body, bad.start(), words)
    tokens = _reader().parse(body)
    if not tokens:
        raise Fault("CW-PAGES-FILE", f"{what}: the text is empty.")
    for token in _every(tokens):
        if token.type not in _ALLOWED:
            raise Fault("CW-PAGES-FILE", f"{what} holds a mark that pages do not have.")
        if token.type == "heading_open" and (token.level or token.tag not in ("h2", "h3")):
            raise Fault("CW-PAGES-FILE", f"{what} has a heading inside a list or of another level.")
        if token.type == "link_open":
            _check_link(str(token.attrs.get("href", "")), what)
    _check_braces(tokens, what)


def _check_link(href: str, what: str) -> None:
    scheme, _, rest = href.partition(":")
    known = {"mailto": is_email, "tel": is_phone}
    if scheme in known:
        fits = known[scheme](rest)
    else:
        fits = _OWN.fullmatch(href) is not None or is_secure_address(href)
    if not fits or ".." in href:
        raise Fault(
            "CW-PAGES-FILE",
            f"{what} has a link that leads neither to an address of this service nor to https, "
            "tel or mailto.",
        )


def _check_braces(tokens: Sequence[Token], what: str) -> None:
    for before, token in pairwise(tokens):
        for child in token.children or ():
            for found in _BRACE.finditer(child.content):
                name = found[1]
                alone = token.content.strip() == found[0] and _is_plain(before)
                if name not in INLINE and not (name in BLOCKS and alone):
                    raise Fault(
                        "CW-PAGES-FILE",
                        f"{what} has something in braces that cannot be filled in there. In a "
                        f"sentence there may be {_listed(INLINE)}; as a paragraph of its own "
                        f"{_listed(BLOCKS)}.",
                    )


def _is_plain(before: Token) -> bool:
    """True for what opens a paragraph that stands by itself."""
    return before.type == "paragraph_open" and before.level == 0


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"{{{name}}}" for name in names)


def _every(tokens: Sequence[Token]) -> Iterator[Token]:
    for token in tokens:
        yield token
        yield from _every(token.children or ())


def _wrong(what: str, body: str, at: int, words: str) -> Fault:
    line = body.count("\n", 0, at) + 1
    return Fault("CW-PAGES-FILE", f"{what}: line {line} of its text {words}.")


def own_links(body: str) -> list[str]:
    """The own addresses that a text links to, without what follows a `#`."""
    found = [
        str(token.attrs.get("href", "")) for token in _every(_reader().parse(body))
        if token.type == "link_open"
    ]  # fmt: skip
    return [urlsplit(href).path for href in found if href.startswith("/")]


def marked(body: str, values: dict[str, Sequence[Token]], leads: Leads) -> list[Part]:
    """The parts of a text that `check_body` let pass, filled in, with links to what is there."""
    reader, parts, pending = _reader(), list[Part](), list[Token]()

    def flush() -> None:
        if pending:
            html = reader.renderer.render(pending, reader.options, {})
            # Made of checked tokens alone, each text escaped by the renderer.
            parts.append(Part(html=Markup(html)))  # noqa: S704
            pending.clear()

    tokens = iter(reader.parse(body))
    for token in tokens:
        if token.tag in _CLASSES and token.nesting == 1:
            token.attrSet("class", _CLASSES[token.tag])
        if token.type == "inline":
            alone = _BRACE.fullmatch(token.content.strip())
            if alone and alone[1] in BLOCKS:
                pending.pop()  # the paragraph that holds nothing else
                next(tokens)
                flush()
                parts.append(Part(block=str(alone[1])))
                continue
            token.children = _filled(_linked(token.children or [], leads), values)
        pending.append(token)
    flush()
    return parts


def _linked(children: Sequence[Token], leads: Leads) -> list[Token]:
    """The same, with links that lead nowhere taken from their words."""
    kept, dropped = [], 0
    for child in children:
        if child.type == "link_open":
            href = str(child.attrs["href"])
            if href.startswith("/") and leads(href) is None:
                dropped += 1
                continue
            if href.startswith("tel:"):
                child.attrs["href"] = href.replace(" ", "")
        elif child.type == "link_close" and dropped:
            dropped -= 1
            continue
        kept.append(child)
    return kept


def _filled(children: Sequence[Token], values: dict[str, Sequence[Token]]) -> list[Token]:
    done: list[Token] = []
    inside = 0
    for child in children:
        inside += child.nesting if child.tag == "a" else 0
        if child.type != "text":
            done.append(child)
            continue
        at = 0
        for found in _BRACE.finditer(child.content):
            value = values[found[1]]
            # A link holds no link.
            value = [one for one in value if one.type == "text"] if inside else value
            done += [text_token(child.content[at : found.start()]), *value]
            at = found.end()
        done.append(text_token(child.content[at:]))
    return done


def text_token(text: str) -> Token:
    """Words, as a token."""
    token = Token("text", "", 0)
    token.content = text
    return token


def link_tokens(href: str, words: str) -> list[Token]:
    """A link, as tokens."""
    begin, end = Token("link_open", "a", 1), Token("link_close", "a", -1)
    begin.attrs = {"href": href}
    return [begin, text_token(words), end]
