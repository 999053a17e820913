"""The register as files that anybody may take: made once for each register, then given from memory.

A file is known by the register's file, by what the committee has published, by what time has
changed and by the address of the service; while these stay, it is not made again. It is kept packed
and is unpacked for each answer.
"""

from __future__ import annotations

import hashlib
import json
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote, urljoin

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import get_conditional_response

from commonweal.foundation.errors import Fault
from commonweal.governance.committee.vocabulary import OUTCOME_WORDS
from commonweal.papers.exports.table import as_csv_with
from commonweal.papers.register import RegisterEntry
from commonweal.papers.register_open import (
    COLUMNS,
    Beside,
    atom,
    changed_at,
    flat,
    outputs_of,
    row,
    safes,
    withdrawn_of,
)
from commonweal.web.config import clock
from commonweal.web.register import told
from commonweal.web.register.finding import has_company, standing_since, uses_ai
from commonweal.web.register.presenters import Line, Whole, whole_or_none

NEWEST = 100
"""Entries of the feed: who reads it daily misses nothing."""
REFUSED_COLUMNS = ("Decision", "Decided on", "Answer", "Title", "Lay Summary", "Organisation Name",
                   "Summary", "Reasons", "Link")  # fmt: skip


@dataclass(frozen=True)
class File:
    """One file: its name, what kind it is, and who makes it. `about`: in plain words."""

    name: str
    kind: str
    about: str
    make: Callable[[Whole, str, datetime], Iterator[str]]


@dataclass(frozen=True)
class _Packed:
    content: bytes
    etag: str


# --- what is made ---------------------------------------------------------------------------------


def _beside(whole: Whole, line: Line, base: str, now: datetime, said: told.Told | None) -> Beside:
    entry = line.entry
    # An id is letters, digits, dots and dashes, so it stands in an address as it is.
    projects, data = _roots(base)
    link = f"{projects}{entry.id}/"
    dataset = quote(str(entry.permit["data"][0]["dataset"]), safe="")
    decided: dict[str, Any] = {} if said is None else {
        "benefit": said.asked.benefit, "funders": said.asked.funder_names,
        "outcome": OUTCOME_WORDS[said.outcome], "decided_on": said.decided_on,  # type: ignore[index]
        "reasons": said.reasons, "conditions": said.conditions,
    }  # fmt: skip
    return Beside(
        stage=line.stage(now), link=link,
        data_link=f"{data}{dataset}/",
        custodian=whole.register.custodian, uses_ai=uses_ai(entry),
        has_company=has_company(entry), outputs=outputs_of(entry, link),
        withdrawn=withdrawn_of(entry), **decided,
    )  # fmt: skip


@lru_cache(maxsize=8)
def _roots(base: str) -> tuple[str, str]:
    """Where projects are, and datasets: looking both up for each line would cost most of a file."""
    return (urljoin(base, reverse("register:index")), urljoin(base, reverse("discovery:index")))


def _all(whole: Whole, base: str, now: datetime) -> Iterator[tuple[RegisterEntry, Beside]]:
    said = told.told_by_permit()
    for line in whole.lines:
        yield line.entry, _beside(whole, line, base, now, said.get(line.entry.id))


def _csv(whole: Whole, base: str, now: datetime) -> Iterator[str]:
    yield as_csv_with(COLUMNS, (row(*one) for one in _all(whole, base, now)))


def _json_list(rows: Iterator[Any]) -> Iterator[str]:
    yield "["
    for number, one in enumerate(rows):
        yield (",\n" if number else "\n") + json.dumps(one, ensure_ascii=False)
    yield "\n]\n"


def _flat(whole: Whole, base: str, now: datetime) -> Iterator[str]:
    home = whole.register.home
    yield from _json_list(flat(entry, home, beside) for entry, beside in _all(whole, base, now))


def _safes(whole: Whole, base: str, now: datetime) -> Iterator[str]:
    yield from _json_list(safes(entry, beside) for entry, beside in _all(whole, base, now))


def _atom(whole: Whole, base: str, now: datetime) -> Iterator[str]:
    said = told.told_by_permit()
    newest = sorted(
        whole.lines, key=lambda one: (changed_at(one.entry), one.entry.events[-1].entry),
        reverse=True,
    )[:NEWEST]  # fmt: skip
    entries = [
        (one.entry, _beside(whole, one, base, now, said.get(one.entry.id))) for one in newest
    ]
    updated = changed_at(newest[0].entry) if newest else whole.register.made_at.strftime(
        "%Y-%m-%dT%H:%M:%SZ"
    )  # fmt: skip
    yield from atom(
        f"Projects that use data: {whole.register.custodian}", whole.register.custodian,
        urljoin(base, reverse("register:atom")), urljoin(base, reverse("register:index")),
        entries, home=whole.register.home, updated=updated,
    )  # fmt: skip


def _refused(base: str) -> Iterator[dict[str, Any]]:
    for one in told.refusals_told():
        yield {
            "decision": one.reference,
            "decided_on": one.decided_on,
            "answer": OUTCOME_WORDS[one.outcome],  # type: ignore[index]
            "title": one.title,
            "lay_summary": one.lay_summary,
            "organisation": one.organisation,
            "summary": one.summary,
            "reasons": list(one.reasons),
            "link": urljoin(base, reverse("committee:decision", args=[one.reference])),
        }


def _refused_json(whole: Whole | None, base: str, now: datetime) -> Iterator[str]:
    del whole, now
    yield from _json_list(_refused(base))


def _refused_csv(whole: Whole | None, base: str, now: datetime) -> Iterator[str]:
    del whole, now
    lines = (
        [*[str(one[key]) for key in ("decision", "decided_on", "answer", "title", "lay_summary",
                                     "organisation", "summary")],
         "\n".join(one["reasons"]), one["link"]]
        for one in _refused(base)
    )  # fmt: skip
    yield as_csv_with(REFUSED_COLUMNS, lines)


FILES: dict[str, File] = {
    "csv": File("projects.csv", "text/csv; charset=utf-8",
                "All projects as a table, one line each, for a spreadsheet.", _csv),
    "atom": File("projects.atom", "application/atom+xml; charset=utf-8",
                 f"News: the {NEWEST} projects in which something happened last. A feed reader "
                 "tells you when one is planned or changes.", _atom),
    "hdruk": File("projects.hdruk.json", "application/json",
                  "All projects for programs, in the older form of HDR UK's register of data "
                  "uses.", _flat),
    "hdruk_1": File("projects.hdruk-1.0.0.json", "application/json",
                    "The same in the newer form of HDR UK, version 1.0.0, in the order of the "
                    "Five Safes.", _safes),
    "refused_csv": File("refused.csv", "text/csv; charset=utf-8",
                        "All requests that got a no, and why, as a table.", _refused_csv),
    "refused_json": File("refused.json", "application/json",
                         "The same for programs.", _refused_json),
}  # fmt: skip
"""Every file, by the name of its address."""


# --- what is given --------------------------------------------------------------------------------


def given(request: HttpRequest, name: str) -> HttpResponse:
    """A file as it is now. Raises `Fault` CW-WEB-NOT-FOUND before there is a register."""
    file, now = FILES[name], clock.now()
    whole = whole_or_none()
    refused = name.startswith("refused")
    if whole is None and not refused:
        raise Fault("CW-WEB-NOT-FOUND", "No project has been published yet.")
    seen = () if whole is None or refused else (*whole.seen, standing_since(whole, now))
    # As the home says it is reached, and not as somebody asked: else each port is a file anew.
    base = f"{settings.ENVIRONMENT.address}/"
    packed = _packed(name, base, seen, told.state())
    answer = get_conditional_response(request, etag=packed.etag)
    if answer is None or answer.status_code == 200:
        answer = HttpResponse(zlib.decompress(packed.content), content_type=file.kind)
        answer["Content-Disposition"] = f'attachment; filename="{file.name}"'
    answer["ETag"] = packed.etag
    return answer


@lru_cache(maxsize=12)
def _packed(name: str, base: str, seen: tuple[int, ...], state: told.State) -> _Packed:
    # What the key holds stands for all that a file is made from.
    del seen, state
    packer, hashed, parts = zlib.compressobj(level=4), hashlib.sha256(), list[bytes]()
    whole, now = whole_or_none(), clock.now()
    for text in FILES[name].make(whole, base, now):  # type: ignore[arg-type]
        part = text.encode("utf-8", "replace")
        hashed.update(part)
        parts.append(packer.compress(part))
    return _Packed(b"".join([*parts, packer.flush()]), f'"{hashed.hexdigest()[:32]}"')
