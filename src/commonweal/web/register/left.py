"""What has left a project, in public words: the public log says what, the register in what words.

The log is the measure. An output that the register does not have is shown without words, a recall
that it does not have marks the output all the same, and what only the register has is refused. So
whoever writes the register's file, or puts an older one in its place, hides nothing.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

from django.conf import settings
from django.http import QueryDict

from commonweal.foundation.clock import SystemClock
from commonweal.foundation.errors import Fault
from commonweal.ledger.store import Ledger
from commonweal.papers.output_manifest import OVERRIDE_WORDS, FileKind
from commonweal.papers.output_request import Grade
from commonweal.papers.register import RegisterEntry, register_fault
from commonweal.papers.register_log import (
    SHOWN,
    Logged,
    compare_events,
    output_logged,
    outputs_named,
    same_as_logged,
)
from commonweal.papers.register_outputs import PublicOutput, RegisterOutput
from commonweal.web.config.jinja import moment
from commonweal.web.config.trusting import LEDGER
from commonweal.web.nhsuk.paging import Page, page_of
from commonweal.web.register.presenters import Whole

PAGE_SIZE = 10
KIND_WORDS: dict[FileKind, tuple[str, str]] = {
    "table": ("table", "tables"),
    "drawing": ("chart drawn by the hospital", "charts drawn by the hospital"),
    "figure": ("chart", "charts"),
    "model": ("model that a computer has learned", "models that a computer has learned"),
    "file": ("other file", "other files"),
    "request": ("question", "questions"),
    "noisy": ("table of counts with noise", "tables of counts with noise"),
}
GRADE_WORDS: dict[Grade, str] = {
    "recomputed": "The hospital's own program made the figures again from the data.",
    "tabulated": "The hospital's own program counted again what the project's program had made.",
    "declared": "Made by the project, and not counted again. A program of the hospital and two "
                "people looked.",
    "noisy": "The hospital's own program counted people, and changed each count a little by "
             "chance, so that nobody can be found in them.",
}  # fmt: skip


@dataclass(frozen=True)
class Left:
    """What has left under one permit. `named`: by the log, in its order; `behind`: the log has news
    that the register does not have yet."""

    entry: RegisterEntry
    named: dict[str, dict[str, Any]]
    behind: bool

    @cached_property
    def told(self) -> dict[str, RegisterOutput]:
        """What the register says, by the output's id."""
        return {one.output: one for one in self.entry.outputs}

    def one(self, output: str) -> RegisterOutput | None:
        """An output with its words, or None if the log does not know it.

        Raises `Fault` CW-WEB-REGISTER where the register says something else.
        """
        if output not in self.named:
            return None
        logged, told = output_logged(self.named[output]), self.told.get(output)
        if told is None:
            return logged
        if not same_as_logged(told, logged):
            raise register_fault("An output of the register is not what the public log says.")
        if told.recalled is None and logged.recalled is not None:
            return told.model_copy(update={"recalled": logged.recalled})
        return told


def left_of(entry: RegisterEntry) -> Left:
    """What has left under a permit. Raises `Fault` CW-WEB-REGISTER, and those of the ledger."""
    happened = _logged(entry.id)
    named = outputs_named(happened)
    wrong, missing = compare_events(entry, happened)
    if wrong or any(one.output not in named for one in entry.outputs):
        raise register_fault("The register says of a project what the public log does not.")
    told = {one.output: one.recalled is not None for one in entry.outputs}
    unsaid = any(told.get(name) != ("recalled" in one) for name, one in named.items())
    return Left(entry, named, bool(missing) or unsaid)


def _logged(permit: str) -> Logged:
    """The entries of the public log about a permit that the register tells of."""
    with _ledger() as ledger, ledger.reading() as connection:
        rows = connection.execute(
            # By the index of public entries: sealed ones must not make it longer (S9).
            "SELECT entry.idx, intent.type, intent.body FROM intent INDEXED BY public_by_permit "
            "JOIN entry ON entry.intent_id = intent.id "
            "WHERE intent.log = 'public' AND intent.permit = ? ORDER BY intent.id",
            (permit,),
        )
        return [(index, json.loads(body)) for index, kind, body in rows if kind in SHOWN]


def permits_missing(whole: Whole) -> int:
    """How many permits the ledger knows and the register does not list.

    The names are looked through once for each change of a permit; a page asks for the last one.
    """
    with _ledger() as ledger, ledger.reading() as connection:
        (last,) = connection.execute("SELECT MAX(intent_id) FROM permit_state").fetchone()
        held: tuple[int, int] | None = whole.kept.get("missing")
        if held is None or held[0] != last:
            rows = connection.execute("SELECT DISTINCT permit FROM permit_state").fetchall()
            missing = len({name for (name,) in rows} - whole.by_id.keys())
            held = whole.kept["missing"] = (last, missing)
    return held[1]


def _ledger() -> Ledger:
    return Ledger.open(settings.ENVIRONMENT.home / LEDGER, SystemClock())


def left_told(one: RegisterOutput) -> dict[str, Any]:
    """An output as programs are told of it."""
    said, recall = one.said, one.recalled
    counted = Counter((file.kind, file.grade) for file in (() if said is None else said.files))
    return {
        "id": one.output,
        "title": None if said is None else said.title,
        "release": one.release,
        "at": one.at,
        "entry": one.entry,
        "hash": one.output_hash,
        "profile": None if said is None else said.profile,
        "files": None if said is None else [
            {"kind": kind, "grade": grade, "number": n}
            for (kind, grade), n in sorted(counted.items())
        ],
        "overrides": None if said is None else [
            {**each.plain(), "says": OVERRIDE_WORDS[each.reason]} for each in said.overrides
        ],
        "overridden": one.overrides,
        "recalled": None if recall is None else {
            "at": recall.at, "entry": recall.entry, "hash": recall.reasons_hash,
            "reasons": None if recall.said is None else recall.said.reasons,
            "given_to": recall.given_to,
        },
    }  # fmt: skip


# --- what pages show ----------------------------------------------------------------------------


def left_section(left: Left, asked: QueryDict) -> dict[str, Any]:
    """What the page of a project shows of it: the newest first, in pages."""
    page = _below(page_of(list(reversed(left.named)), asked, size=PAGE_SIZE))
    return {
        "page": page,
        "rows": [_row(one) for one in shown_outputs(left, page.rows)],
        "behind": left.behind,
        "recalled": sum("recalled" in one for one in left.named.values()),
        "handover": left.entry.permit.get("delivery") == "handover",
    }


def _below(page: Page[str]) -> Page[str]:
    """The same page, with links that lead back to this list and not to the top."""
    return replace(
        page,
        before=None if page.before is None else f"{page.before}#left",
        after=None if page.after is None else f"{page.after}#left",
        links=[one | {"href": f"{one['href']}#left"} if "href" in one else one
               for one in page.links],
    )  # fmt: skip


def _row(one: RegisterOutput) -> dict[str, Any]:
    return {
        "id": one.output,
        "title": None if one.said is None else one.said.title,
        "when": moment(one.at),
        "what": "" if one.said is None else kinds(one.said),
        "recalled": one.recalled is not None,
        "overrides": one.overrides,
    }


def output_page(left: Left, output: str) -> dict[str, Any]:
    """Everything that the page of one output shows. Raises `Fault` CW-WEB-NOT-FOUND."""
    one = left.one(output)
    if one is None:
        raise Fault("CW-WEB-NOT-FOUND", "Nothing of this name has left.")
    said, recall = one.said, one.recalled
    return _row(one) | {
        "checked": [] if said is None else checked(said),
        "compared": tables_among(said),
        "overridden": [] if said is None else overridden(said),
        "recall": None if recall is None else {
            "when": moment(recall.at), "entry": recall.entry, "hash": recall.reasons_hash,
            "reasons": None if recall.said is None else recall.said.reasons,
            "given_to": recall.given_to,
        },
        "entry": one.entry,
        "hash": one.output_hash,
        "profile": None if said is None else said.profile,
        "release": one.release,
    }  # fmt: skip


def kinds(said: PublicOutput) -> str:
    """What kinds of files left, and how many of each."""
    counted = Counter(one.kind for one in said.files)
    return ", ".join(
        f"{counted[kind]} {KIND_WORDS[kind][counted[kind] > 1]}"
        for kind in KIND_WORDS
        if counted[kind]
    )


def checked(said: PublicOutput) -> list[str]:
    """How the files were checked, in sentences; with how many of each where they differ."""
    counted = Counter(one.grade for one in said.files)
    if len(counted) == 1:
        return [GRADE_WORDS[next(iter(counted))]]
    return [
        f"{number} {'file' if number == 1 else 'files'}: {GRADE_WORDS[grade]}"
        for grade, number in sorted(counted.items())
    ]


def overridden(said: PublicOutput) -> list[str]:
    """Why people let it leave though a check said no; the same reason once, with how often."""
    counted: Counter[str] = Counter(OVERRIDE_WORDS[one.reason] for one in said.overrides)
    return [f"{words}{_times(number)}" for words, number in sorted(counted.items())]


def _times(number: int) -> str:
    return "" if number == 1 else f" ({number} times)"


def tables_among(said: PublicOutput | None) -> bool:
    """True if figures were made again, which are what can be held against earlier outputs."""
    return said is not None and any(one.kind == "table" for one in said.files)


def shown_outputs(left: Left, names: Sequence[str]) -> list[RegisterOutput]:
    """These outputs with their words."""
    return [one for one in map(left.one, names) if one is not None]
