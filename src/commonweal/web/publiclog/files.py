"""The public log as files: checkpoint and tiles (C2SP tlog-tiles), proofs, feeds, the checker.

Every file is of the tree that was signed last. Within one epoch of the log a full tile never
changes, so it may be kept for ever below the address of its epoch. After a return to an older copy
the log goes on in a new epoch, and so below a new address. Below the address without an epoch,
which always has the present one, a tile is asked for again each time, and is sent only if it is
another one than the reader has.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.resources import files as of_package
from xml.sax.saxutils import escape

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.urls import reverse
from django.utils.cache import get_conditional_response
from django.views.decorators.http import require_safe

from commonweal.foundation.canonical import canonical
from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import Fault
from commonweal.ledger.tiles import WIDTH, tile_at
from commonweal.papers.exports.table import as_csv_with
from commonweal.web.publiclog.signed import (
    Entry,
    NewestFirst,
    SignedLog,
    number_or_none,
    signed_log_or_missing,
)
from commonweal.web.publiclog.trusted import published_bytes
from commonweal.web.publiclog.words import said, shown

FOR_EVER = "public, max-age=31536000, immutable"
SHORT = "public, max-age=10"
ASKED_AGAIN = "no-cache"
PAGE = 1000
COLUMNS = (
    "number",
    "hour",
    "type",
    "what it means",
    "role",
    "permit",
    "release",
    "output",
    "entry",
)
_PROOF = re.compile(r"(0|[1-9][0-9]{0,15})\.tlog-proof", re.ASCII)
_TEXT, _BYTES = "text/plain; charset=utf-8", "application/octet-stream"


def _file(content: bytes | str, kind: str, kept: str, name: str = "") -> HttpResponse:
    answer = HttpResponse(content, content_type=kind)
    answer["Cache-Control"] = kept
    if name:
        answer["Content-Disposition"] = f'attachment; filename="{name}"'
    return answer


def _missing() -> Fault:
    return Fault("CW-WEB-NOT-FOUND", "The public log has no such file.")


def _of_epoch(log: SignedLog, epoch: str | None) -> None:
    """Refuse an epoch that is not the present one, in its one spelling."""
    if epoch is not None and epoch != str(log.epoch):
        raise _missing()


@login_not_required
@require_safe
def checkpoint(request: HttpRequest, epoch: str | None = None) -> HttpResponse:
    """The newest signed checkpoint, with the lines of its witnesses."""
    del request
    with signed_log_or_missing() as log:
        _of_epoch(log, epoch)
        return _file(log.note, _TEXT, ASKED_AGAIN)


@login_not_required
@require_safe
def keys(request: HttpRequest) -> HttpResponse:
    """The keys of the log, the chain to those in use, and the policy that names its witnesses."""
    del request
    content = published_bytes()
    if content is None:
        raise Fault("CW-WEB-NOT-FOUND", "The keys of the log are not published yet.")
    return _file(content, "application/json", SHORT)


@login_not_required
@require_safe
def tile(request: HttpRequest, place: str, epoch: str | None = None) -> HttpResponse:
    """One tile of hashes, or one bundle of entries, at its one address in an epoch."""
    wanted = tile_at(f"tile/{place}")
    if wanted is None:
        raise _missing()
    with signed_log_or_missing() as log:
        _of_epoch(log, epoch)
        content = log.tile(wanted)
    if content is None:
        raise _missing()
    if epoch is not None:
        return _file(content, _BYTES, FOR_EVER if wanted.width == WIDTH else SHORT)
    answer = _file(content, _BYTES, ASKED_AGAIN)
    answer["ETag"] = f'"{hashlib.sha256(content).hexdigest()}"'
    found: HttpResponse = get_conditional_response(request, etag=answer["ETag"], response=answer)
    return found


@login_not_required
@require_safe
def proof(request: HttpRequest, name: str) -> HttpResponse:
    """The proof that one entry stands on the log: a C2SP tlog-proof."""
    del request
    found = _PROOF.fullmatch(name)
    if found is None:
        raise _missing()
    with signed_log_or_missing() as log:
        if int(found[1]) >= log.point.size:
            raise _missing()
        return _file(log.proof(int(found[1])), _TEXT, SHORT, f"entry-{name}")


def _paged(
    request: HttpRequest, name: str, kind: str, form: Callable[[list[Entry]], bytes | str]
) -> HttpResponse:
    """Up to 1,000 entries from the number `from` on; the Link header says where the next are."""
    start = number_or_none(request.GET.get("from", "0"))
    if start is None:
        raise Fault("CW-WEB-REQUEST", "The number after from= is not a whole number.")
    with signed_log_or_missing() as log:
        found = log.entries(start, start + PAGE)
        size = log.point.size
    answer = _file(form(found), kind, SHORT)
    if found and found[-1].index + 1 < size:
        address = request.build_absolute_uri(reverse(f"publiclog:{name}"))
        answer["Link"] = f'<{address}?from={found[-1].index + 1}>; rel="next"'
    return answer


@login_not_required
@require_safe
def entries(request: HttpRequest) -> HttpResponse:
    """Up to 1,000 entries from one number on, one JSON object a line; the header says what next."""
    return _paged(request, "entries", "application/jsonl", _lines)


def _lines(found: list[Entry]) -> bytes:
    return b"".join(canonical({"index": one.index, "entry": one.says}) + b"\n" for one in found)


@login_not_required
@require_safe
def table(request: HttpRequest) -> HttpResponse:
    """The same as CSV, for a spreadsheet: the entry in words, and as it stands in the log."""
    return _paged(request, "table", "text/csv; charset=utf-8", _csv)


def _csv(found: list[Entry]) -> str:
    return as_csv_with(COLUMNS, (
        (str(one.index), str(one.says["at"]), str(one.says["type"]), said(one),
         str(one.says["role"]), *(str(one.says.get(key, "")) for key in COLUMNS[5:8]),
         canonical(one.says).decode())
        for one in found
    ))  # fmt: skip


@login_not_required
@require_safe
def atom(request: HttpRequest) -> HttpResponse:
    """The newest 50 entries as an Atom feed (RFC 4287)."""
    with signed_log_or_missing() as log:
        found = NewestFirst(log)[:50]
        origin = log.point.origin
    home = request.build_absolute_uri(reverse("publiclog:index"))
    own = request.build_absolute_uri(reverse("publiclog:atom"))
    updated = found[0].says["at"] if found else stamp(datetime.fromtimestamp(0, UTC))
    lines = [
        '<?xml version="1.0" encoding="utf-8"?>',
        '<feed xmlns="http://www.w3.org/2005/Atom"><title>The public log</title>',
        f"<id>urn:commonweal:{escape(origin)}</id><updated>{updated}</updated>",
        f'<author><name>Commonweal</name></author><link href="{escape(home)}"/>',
        f'<link rel="self" href="{escape(own)}"/>',
    ]
    for one in found:
        told = shown(one)
        about = "".join(f"{fact['label']}: {fact['value']}. " for fact in told["facts"])
        href = request.build_absolute_uri(reverse("publiclog:entry", args=[one.index]))
        lines.append(
            f"<entry><id>urn:commonweal:{escape(origin)}:{one.index}</id>"
            f"<title>{escape(told['sentence'])}</title><updated>{one.says['at']}</updated>"
            f'<link href="{escape(href)}"/>'
            f"<summary>{escape(f'Entry {one.index}. {about}'.strip())}</summary></entry>"
        )
    lines.append("</feed>\n")
    return _file("\n".join(lines), "application/atom+xml; charset=utf-8", SHORT)


def checker_source() -> bytes:
    """The one-file checker, byte for byte as the package has it."""
    return of_package("commonweal.ledger").joinpath("check_proof.py").read_bytes()


def program_source() -> bytes:
    """The ten-line program over it."""
    return of_package("commonweal.web.publiclog").joinpath("check_log.txt").read_bytes()


@login_not_required
@require_safe
def checker(request: HttpRequest) -> HttpResponse:
    """The one-file checker."""
    del request
    return _file(checker_source(), "text/x-python; charset=utf-8", SHORT, "check_proof.py")


@login_not_required
@require_safe
def program(request: HttpRequest) -> HttpResponse:
    """The ten-line program that checks the whole log with it."""
    del request
    return _file(program_source(), "text/x-python; charset=utf-8", SHORT, "check_log.py")
