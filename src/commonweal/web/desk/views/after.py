"""Pages after an assessment's decision: words removed, newer texts, and earlier ones for all."""

from __future__ import annotations

from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_safe

from commonweal.foundation.errors import Refused
from commonweal.governance.committee.vocabulary import LIGHTER_WORDS
from commonweal.web.desk import after
from commonweal.web.desk.models import Assessment
from commonweal.web.desk.policies import Standing, none
from commonweal.web.desk.presenters import case_more, public_forms
from commonweal.web.desk.publishing import public_plain, shown_plain
from commonweal.web.desk.redacting import REASONS
from commonweal.web.desk.replying import REPLY_WORDS
from commonweal.web.desk.views.common import at, is_typing, page, saves, typed


def _public(found: Standing) -> Assessment:
    row = after.public_one(found.application)
    if row is None:
        raise none()
    return row


@saves
def words(request: HttpRequest, reference: str) -> HttpResponse:
    """Words that are removed from what everybody reads, and a box for more."""
    found = at(request, reference)
    row = _public(found)
    if not after.can_redact(found):
        raise Refused("CW-STATE-ROLE", "Only the information governance officer can do this.")
    wrong = ""
    if request.method == "POST":
        try:
            if request.POST.get("back"):
                after.put_back(found, row, _number(request.POST["back"]))
            else:
                reason = request.POST.get("reason", "")
                after.remove(found, row, typed(request, "passage"), reason)
        except Refused as error:
            if not is_typing(error):
                raise
            wrong = error.sentence
        else:
            messages.success(request, "Done. The page for everybody is changed.")
            return redirect("desk:assessment_words", reference)
    shown = shown_plain(row)
    more = case_more(found) | {
        "wrong": wrong, "marks": list(row.redactions.select_related("person")),
        "reasons": REASONS, "passage": typed(request, "passage"),
        "chosen": request.POST.get("reason", ""), "shown": shown, "forms": public_forms(shown),
        "reply_words": REPLY_WORDS, "lighter": LIGHTER_WORDS,
    }  # fmt: skip
    return page(request, "words", more)


def _number(text: str) -> int:
    return int(text) if text.isascii() and text.isdigit() and len(text) < 18 else 0


@saves
def newer(request: HttpRequest, reference: str) -> HttpResponse:
    """The newer text that the writers sent: publish it, or send it back."""
    found = at(request, reference)
    row = _public(found)
    text = after.waiting_text(row)
    if text is None:
        raise none()
    wrong = ""
    if request.method == "POST":
        seen = _number(request.POST.get("text", ""))
        try:
            if request.POST.get("do") == "publish":
                after.publish_again(found, row, read="read" in request.POST, text=seen)
                done = "The newer text is published. Everybody can read it now."
            else:
                after.send_back(found, row, typed(request, "note"), text=seen)
                done = "It was sent back. It is the turn of those who wrote it."
        except Refused as error:
            if not is_typing(error):
                raise
            wrong = error.sentence
        else:
            messages.success(request, done)
            return redirect("desk:assessment", reference)
    said = after.text_of(text)
    shown = public_plain(row.version) | {"answers": [said["answers"]]}
    more = case_more(found) | {
        "wrong": wrong, "text": text, "changed": said["changed"], "forms": public_forms(shown),
        "note": typed(request, "note"),
    }  # fmt: skip
    return page(request, "newer", more)


@login_not_required
@require_safe
def earlier(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """An earlier text of a published assessment. 1: the one that the committee had."""
    rows = Assessment.objects.filter(
        application__reference=reference, published_at__isnull=False
    ).select_related("version__application")
    row = rows.order_by("version__number").last()
    if row is None:
        raise none()
    return page(request, "public_one", public_more(row, number))


def public_more(row: Assessment, number: int | None = None) -> dict[str, Any]:
    """Everything that the public page of one text shows."""
    shown = shown_plain(row, number)
    texts = [each for each in row.iterations.all() if each.published_at is not None]
    newest = len(texts) + 1
    at_now = number or newest
    dates = [row.published_at, *(each.published_at for each in texts)]
    return {
        "shown": shown,
        "forms": public_forms(shown),
        "reply_words": REPLY_WORDS,
        "lighter": LIGHTER_WORDS,
        "title": shown["title"],
        "look_again_on": row.look_again_on,
        "is_old": at_now != newest,
        "others": [
            {"number": n, "at": when, "newest": n == newest}
            for n, when in enumerate(dates, 1)
            if n != at_now
        ],
        "proof": after.proof_of(row),
    }
