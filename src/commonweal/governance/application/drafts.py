"""Reading a draft: whatever somebody typed is saved, and what cannot be read is kept as typed.

`read_draft` gives typed sections and, in `kept`, each answer that does not fit its field.
`as_typed` gives all of it back, so that a page shows what was typed, and
`read_draft(as_typed(x)) == x`. Only what is no document at all is refused: too large, too deep, or
not JSON.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable
from copy import deepcopy
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from commonweal.foundation.canonical import check_depth
from commonweal.foundation.errors import Fault
from commonweal.governance.application.model import ApplicationContent, Kept
from commonweal.papers.base import fault_words

MAX_BYTES = 4 * 1024 * 1024
"""The largest draft, as JSON."""
MAX_FIELDS = 100_000
"""The most named answers of a draft. No application has so many; reading more would take long."""

_WHOLE_PAPERS = frozenset({"cohort"})
"""Fields that hold a paper: it is read whole or kept whole."""

_NO_CHARACTER = re.compile("[\x00\ud800-\udfff]")
_HARMLESS = re.compile(r"[A-Za-z_]{1,48}[0-9]{0,3}", re.ASCII)

Path = tuple[str | int, ...]


def read_draft(raw: Any) -> ApplicationContent:
    """The content that `raw` (plain JSON values, as a page or an interface sends them) holds.

    Blank answers are no answers. Raises `Fault` CW-JSON-INVALID or CW-FILE-TOO-LARGE for what is no
    document that could be saved.
    """
    tidy = {} if _blank(raw) else _tidy(_document(raw))
    if not isinstance(tidy, dict):
        kept = Kept(path=(), value=tidy, reason="must be a set of named fields")
        return ApplicationContent(kept=(kept,))
    aside: list[Kept] = []
    if "kept" in tidy:  # ours: what it holds is written in its place by `as_typed`
        value = tidy.pop("kept")
        aside.append(Kept(path=("kept",), value=value, reason="is not a known field"))
    while True:
        try:
            content = ApplicationContent.model_validate_json(json.dumps(tidy), strict=True)
        except ValidationError as error:
            # Each round takes at least one named field out, so this ends.
            aside += _set_aside(tidy, error.errors(include_url=False, include_input=False))
            continue
        # What lies inside another answer that was kept comes after it: see `as_typed`.
        ordered = sorted(aside, key=lambda each: (len(each.path), [str(p) for p in each.path]))
        return content.model_copy(update={"kept": tuple(ordered)})


def as_typed(content: ApplicationContent) -> Any:
    """Everything that was answered, as plain JSON values, what could not be read in its place."""
    plain = ApplicationContent.plain(content)
    plain.pop("kept", None)
    for each in content.kept:
        if not each.path:
            return deepcopy(each.value)
        inner: Any = plain
        for part in each.path[:-1]:
            inner = inner[part]
        inner[each.path[-1]] = deepcopy(each.value)
    return _tidy(plain)


def where(path: Path) -> str:
    """`path` as pages write it, such as `people.0.name`. Names that could harm are not shown."""
    return ".".join(
        str(part) if isinstance(part, int) or _HARMLESS.fullmatch(part) else "other"
        for part in path
    )


def _document(raw: Any) -> Any:
    check_depth(raw, "The draft", "CW-JSON-INVALID")
    try:
        text = json.dumps(raw, allow_nan=False)
    except (ValueError, TypeError, OverflowError, RecursionError):
        raise Fault("CW-JSON-INVALID", "The draft holds something that JSON cannot hold.") from None
    if len(text) > MAX_BYTES:
        raise Fault("CW-FILE-TOO-LARGE", f"The draft is larger than {MAX_BYTES:,} bytes.")
    if _named_answers(raw) > MAX_FIELDS:
        raise Fault("CW-FILE-TOO-LARGE", f"The draft has more than {MAX_FIELDS:,} answers.")
    return json.loads(text)


def _named_answers(raw: Any) -> int:
    found, waiting = 0, [raw]
    while waiting:
        value = waiting.pop()
        if isinstance(value, dict):
            found += len(value)
            waiting.extend(value.values())
        elif isinstance(value, list | tuple):
            waiting.extend(value)
    return found


def _tidy(value: Any, *, inside_paper: bool = False) -> Any:
    """Without blank answers, and without what no keyboard types and no database keeps."""
    if isinstance(value, str):
        return _NO_CHARACTER.sub("\ufffd", value)
    if isinstance(value, dict):
        return {
            _NO_CHARACTER.sub("\ufffd", key): _tidy(
                inner, inside_paper=inside_paper or key in _WHOLE_PAPERS
            )
            for key, inner in value.items()
            if inside_paper or not _blank(inner)
        }
    if isinstance(value, list):
        items = (each for each in value if inside_paper or not _blank(each))
        return [_tidy(each, inside_paper=inside_paper) for each in items]
    return value


def _blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _set_aside(tidy: dict[str, Any], faults: Iterable[ErrorDetails]) -> list[Kept]:
    """Take out of `tidy` the smallest named field around each fault."""
    reasons: dict[Path, str] = {}
    for fault in faults:
        path = _named_field(tidy, fault["loc"])
        reasons.setdefault(path, fault_words(fault))
    taken: list[Kept] = []
    gone: set[Path] = set()
    for path in sorted(reasons, key=len):
        if any(path[:part] in gone for part in range(1, len(path))):
            continue  # it went with a field around it
        outer: Any = tidy
        for part in path[:-1]:
            outer = outer[part]
        taken.append(Kept(path=path, value=outer.pop(path[-1]), reason=reasons[path]))
        gone.add(path)
    return taken


def _named_field(tidy: dict[str, Any], loc: tuple[int | str, ...]) -> Path:
    path: list[str | int] = []
    named = 0
    here: Any = tidy
    for part in loc:
        if isinstance(here, dict) and part in here:
            path.append(part)
            named = len(path)
        elif isinstance(here, list) and isinstance(part, int) and part < len(here):
            path.append(part)
        else:
            break
        here = here[part]
        if part in _WHOLE_PAPERS:
            break
    # Every fault lies in a field of ours or is an unknown name: both are there.
    return tuple(path[:named])
