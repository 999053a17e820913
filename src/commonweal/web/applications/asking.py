"""What the pages of the typed sections ask, read off the sections themselves, and what came back.

Each field of a part becomes one question. Names of fields on a page are the dotted places that
problems and links use (`people.0.training.1.expires`); a date has three boxes (`.day`, `.month`,
`.year`). `read_part` gives plain values: what cannot be read stays the text that was typed.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache
from typing import Any, Literal, cast, get_args, get_origin

from commonweal.governance.application.model import ApplicationContent
from commonweal.governance.application.parts import Part
from commonweal.governance.application.questions import choices, in_words, questions
from commonweal.papers.base import Day, Text
from commonweal.papers.vocabulary import REFUSED_PURPOSES

Kind = Literal["line", "text", "day", "days", "lines", "yes_no", "one", "several", "number", "part",
               "parts"]  # fmt: skip
Sent = Mapping[str, Sequence[str]]
MAX_ROWS = 100
"""The most rows that one page reads; no page of ours shows so many."""
_ROW = re.compile(r"0|[1-9][0-9]{0,2}", re.ASCII)
_SHARE = frozenset({"prosecutor_mean", "marketer", "suppress_up_to", "holdout_share",
                    "intruder_upper_bound"})  # fmt: skip
_STANDS = "If you leave it open, the hospital's limit holds. It is never made weaker."

CUSTODIANS: dict[str, frozenset[str]] = {
    "Evidence": frozenset({"checked_by", "checked_on"}),
    "Assurance": frozenset({"checked_by", "checked_on", "accepted_by", "accepted_on"}),
}
"""What only the hospital's own people write: no page of an applicant asks it or takes it."""

OWN_PAGE: dict[str, frozenset[str]] = {
    "ProjectPart": frozenset({"replaces", "change_reason"}),
    "Subjects": frozenset({"cohort"}),
    "Data": frozenset({"groups"}),
}
"""What has a page of its own, and stays as it is when the page of its section is saved."""

HINTS: dict[tuple[str, str], str] = {
    ("ProjectPart", "id"): "Letters, digits and dashes, such as asthma-winter. It never changes.",
    (
        "ProjectPart",
        "lay_summary",
    ): "What you would tell a neighbour. The public register shows it.",
    ("Member", "account"): "The account in this service under which the person works.",
    ("Evidence", "id"): "A short name by which other answers refer to this document.",
    (
        "Evidence",
        "sha256",
    ): "sha256: and 64 hexadecimal digits, as sha256sum or certutil prints.",
    ("Period", "review_dates"): "One date a line, such as 2027-03-31.",
    ("Access", "sites"): "One site a line.",
    (
        "Models",
        "leave",
    ): "A model can remember people. If you do not answer, no model leaves; tables and figures "
    "that were checked may. The limits below are only for a model that may leave.",
    ("Models", "which"): "Such as: a formula for the risk of a second admission, used on wards.",
    (
        "Models",
        "auc",
    ): f"A number from 0.5 to 0.8; 0.5 is what tossing a coin would give. {_STANDS}",
    ("Models", "true_positives"): f"A number from 0.001 to 0.5. {_STANDS}",
    ("Models", "advantage"): f"A number from 0.001 to 0.6. {_STANDS}",
    ("Models", "attribute_gain"): f"A number from 0.001 to 0.5. {_STANDS}",
    ("Models", "people_behind_leaf"): f"A whole number from 3 to 1000. {_STANDS}",
    ("Models", "shadows"): f"A whole number from 4 to 512. {_STANDS}",
    (
        "Models",
        "differentially_private",
    ): "Called differential privacy. The hospital does not measure it and takes your word.",
    ("Cag", "items"): "One data item a line, as the letter lists them.",
    ("Cag", "letter"): "The short name of the document.",
    ("EthicsPart", "letter"): "The short name of the document.",
    ("OptOut", "document"): "The short name of the document.",
    ("Applicant", "commercial_interest"): 'Indirect gain too. "Nobody" is an answer.',
    ("Retention", "kept"): 'Results, code, models. "Nothing" is an answer.',
    ("Place", "country"): "England, for example.",
}
"""What stands under some questions."""


@dataclass(frozen=True)
class Ask:
    """One question: the field, what it is called, and of which kind. `of`: the part inside."""

    field: str
    label: str
    kind: Kind
    required: bool
    hint: str = ""
    choices: tuple[tuple[str, str], ...] = ()
    of: type[Part] | None = None


@cache
def asks(part: type[Part]) -> tuple[Ask, ...]:
    """The questions of a kind of part, in order."""
    name = part.__name__
    away = CUSTODIANS.get(name, frozenset()) | OWN_PAGE.get(name, frozenset())
    return tuple(_ask(part, name) for name in part.model_fields if name not in away)


def section_part(section: str) -> tuple[type[Part], bool]:
    """The kind of part of a section, and whether the section is a list of them."""
    annotation = ApplicationContent.model_fields[section].annotation
    if get_origin(annotation) is tuple:
        return get_args(annotation)[0], True
    return cast("type[Part]", annotation), False


def _ask(part: type[Part], field: str) -> Ask:
    label = questions().label(part, field)
    required = any(
        field in fields and section_part(section)[0] is part
        for section, fields in questions().required.items()
    )
    hint = HINTS.get((part.__name__, field), "")
    if field in _SHARE:
        hint = "A number from 0 to 1. If you leave it open, the hospital's standard holds."
    kind, offered, inner = _kind(part, field)
    return Ask(field, label, kind, required, hint, offered, inner)


def _kind(
    part: type[Part], field: str
) -> tuple[Kind, tuple[tuple[str, str], ...], type[Part] | None]:
    annotation = part.model_fields[field].annotation
    parts = [one for one in get_args(annotation) if one is not type(None)]
    many = get_origin(annotation) is tuple
    inner = get_args(annotation)[0] if many else parts[0] if parts else annotation
    if isinstance(inner, type) and issubclass(inner, Part):
        return ("parts" if many else "part"), (), inner
    offered = _offered(part, field, inner)
    if offered:
        return ("several" if many else "one"), offered, None
    if many:
        return ("days" if inner == Day else "lines"), (), None
    if inner == Text:
        return "text", (), None
    if inner == Day:
        return "day", (), None
    if inner is bool:
        return "yes_no", (("yes", "Yes"), ("no", "No")), None
    plain = get_args(inner)[0] if get_args(inner) else inner
    return ("number" if plain in (int, float) else "line"), (), None


def _offered(part: type[Part], field: str, inner: Any) -> tuple[tuple[str, str], ...]:
    known = choices(part, field)
    if get_origin(inner) is Literal:
        one = part()
        return tuple((str(c), _capital(in_words(one, field, c))) for c in get_args(inner))
    if (part.__name__, field) == ("Purpose", "codes"):
        never = {code: f"{words} (never allowed)" for code, words in REFUSED_PURPOSES.items()}
        known |= never
    return tuple((code, _capital(words)) for code, words in known.items())


def _capital(words: str) -> str:
    return words[:1].upper() + words[1:]


# --- what came back ---------------------------------------------------------------------------


def read_part(part: type[Part], place: str, sent: Sent) -> dict[str, Any]:
    """The plain values of one part from the fields of a page, blank ones left out."""
    found = {one.field: _read(one, f"{place}.{one.field}", sent) for one in asks(part)}
    return {field: value for field, value in found.items() if value not in (None, "", [], {})}


def _read(one: Ask, name: str, sent: Sent) -> Any:
    if one.of is not None and one.kind == "part":
        return read_part(one.of, name, sent)
    if one.of is not None:
        rows = (read_part(one.of, f"{name}.{n}", sent) for n in row_numbers(name, sent))
        return [row for row in rows if row]
    if one.kind == "day":
        return read_day([last(sent, f"{name}.{box}") for box in ("day", "month", "year")])
    if one.kind == "several":
        return [text for text in sent.get(name, ()) if text.strip()]
    text = last(sent, name)
    if one.kind in ("lines", "days"):
        return [line.strip() for line in text.split("\n") if line.strip()]
    if not text.strip():
        return None
    if one.kind == "yes_no":
        return {"yes": True, "no": False}.get(text, text)
    return _number(text.strip()) if one.kind == "number" else text


def _number(text: str) -> int | float | str:
    if re.fullmatch(r"[0-9]{1,9}", text, re.ASCII):
        return int(text)
    if re.fullmatch(r"[0-9]{0,9}\.[0-9]{1,9}", text, re.ASCII):
        return float(text)
    return text


def last(sent: Sent, name: str) -> str:
    """The text of a field, with line breaks as papers hold them."""
    values = sent.get(name, ())
    return values[-1].replace("\r\n", "\n").replace("\r", "\n") if values else ""


def row_numbers(name: str, sent: Sent) -> list[int]:
    """The rows of a list that a page sent, in order; not more than `MAX_ROWS`."""
    start = f"{name}."
    found = {key[len(start) :].split(".")[0] for key in sent if key.startswith(start)}
    return sorted(int(text) for text in found if _ROW.fullmatch(text))[:MAX_ROWS]


def read_day(boxes: list[str]) -> str | None:
    """A date as papers write it; what is none as it was typed, its boxes between slashes."""
    texts = [box.strip() for box in boxes]
    if not any(texts):
        return None
    day, month, year = texts
    if all(text.isascii() and text.isdigit() for text in texts) and len(year) == 4:
        try:
            return date(int(year), int(month), int(day)).isoformat()
        except (ValueError, OverflowError):
            return "/".join(texts)
    return "/".join(texts)


def day_boxes(value: Any) -> list[str]:
    """The three boxes of a date, as they were typed."""
    text = str(value or "")
    found = re.fullmatch(r"([0-9]{4})-([0-9]{2})-([0-9]{2})", text, re.ASCII)
    if found:
        return [found[3].lstrip("0"), found[2].lstrip("0"), found[1].lstrip("0")]
    boxes = text.split("/", 2)
    return [*boxes, "", "", ""][:3]
