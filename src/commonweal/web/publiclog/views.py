"""The pages of the public log, for everybody."""

from __future__ import annotations

import json
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.shortcuts import render
from django.urls import reverse
from django.views.decorators.http import require_safe

from commonweal.foundation.clock import parse_stamp
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.ledger.merkle import leaf_hash
from commonweal.ledger.proof import verify_inclusion
from commonweal.ledger.tlogproof import TlogProof
from commonweal.web.config.jinja import moment
from commonweal.web.nhsuk.paging import page_of
from commonweal.web.publiclog.files import program_source
from commonweal.web.publiclog.signed import (
    NewestFirst,
    SignedLog,
    number_or_none,
    signed_log,
    signed_log_or_missing,
)
from commonweal.web.publiclog.trusted import look, published
from commonweal.web.publiclog.words import shown
from commonweal.web.register.presenters import entry_or_none

SIZE = 20


@login_not_required
@require_safe
def index(request: HttpRequest) -> HttpResponse:
    """The log in one sentence, its newest entries, and a search."""
    asked = request.GET.get("q", "").strip()[:100]
    with signed_log() as log:
        if log is None:
            return render(request, "publiclog/index.jinja", {"log": None}, using="jinja2")
        number = number_or_none(asked)
        if number is not None and number < log.point.size:
            return HttpResponseRedirect(reverse("publiclog:entry", args=[number]))
        more = _found(log, asked, request) if asked else _newest(log, request)
        newest = log.entries(log.point.size - 1, log.point.size)
        more |= {
            "log": {"size": log.point.size, "waiting": log.waiting},
            "at": moment(parse_stamp(str(newest[0].says["at"]))) if newest else None,
            "looked": look(log),
            "asked": asked,
        }
    return render(request, "publiclog/index.jinja", more, using="jinja2")


def _newest(log: SignedLog, request: HttpRequest) -> dict[str, Any]:
    page = page_of(NewestFirst(log), request.GET, size=SIZE)
    return {"page": page, "rows": [shown(one) for one in page.rows], "older": None}


def _found(log: SignedLog, asked: str, request: HttpRequest) -> dict[str, Any]:
    before = number_or_none(request.GET.get("before", ""))
    rows = log.about(asked, log.point.size if before is None else before, SIZE + 1)
    older = rows[SIZE - 1].index if len(rows) > SIZE else None
    return {"page": None, "rows": [shown(one) for one in rows[:SIZE]], "older": older}


@login_not_required
@require_safe
def entry(request: HttpRequest, number: str) -> HttpResponse:
    """One entry in plain words, with its proof, which is checked before it is shown."""
    place = number_or_none(number)
    with signed_log_or_missing() as log:
        if place is None or place >= log.point.size:
            raise Fault("CW-WEB-NOT-FOUND", "The public log has no signed entry of this number.")
        (found,) = log.entries(place, place + 1)
        more = {
            "one": shown(found),
            "raw": json.dumps(found.says, indent=2, ensure_ascii=False),
            "proved": _proved(log, place) and look(log).signed,
            "size": log.point.size,
            "project": _project(found.says.get("permit")),
        }
    return render(request, "publiclog/entry.jinja", more, using="jinja2")


def _proved(log: SignedLog, place: int) -> bool:
    """True if the entry is in the tree that was signed: worked out from its proof."""
    try:
        made = TlogProof.parse(log.proof(place))
        leaf = leaf_hash(made.extra or b"")
        verify_inclusion(place, log.point.size, leaf, made.hashes, log.point.root)
    except CommonwealError:
        return False
    return True


def _project(permit: Any) -> str | None:
    """The page of a permit's project where the register has one."""
    try:
        known = isinstance(permit, str) and entry_or_none(permit) is not None
    except CommonwealError:
        return None
    return reverse("register:project", args=[permit]) if known else None


@login_not_required
@require_safe
def experts(request: HttpRequest) -> HttpResponse:
    """What experts need: checkpoint, keys, witnesses, formats, and how to check."""
    with signed_log() as log:
        more = {
            "note": None if log is None else log.note,
            "size": 0 if log is None else log.point.size,
            "epoch": 0 if log is None else log.epoch,
            "looked": None if log is None else look(log),
            "keys": published(),
            "program": program_source().decode(),
            "base": request.build_absolute_uri(reverse("publiclog:index")),
        }
    return render(request, "publiclog/experts.jinja", more, using="jinja2")
