"""Pages of texts for the public: for everybody, and for those who write and publish them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from commonweal.foundation.errors import Fault, Refused
from commonweal.web.config import clock
from commonweal.web.nhsuk.paging import Counted, page_of
from commonweal.web.publiclog.signed import page_about
from commonweal.web.publishing import services
from commonweal.web.publishing.forms import NoticeForm, ReasonForm
from commonweal.web.publishing.models import KINDS, Notice
from commonweal.web.publishing.policies import check_write, role_for
from commonweal.web.publishing.presenters import WRONG, desk_page, public_page, row_of, text_file

_FORM = require_http_methods(["GET", "HEAD", "POST"])
_OUT = ("published", "taken_down")
_SAID = ("kind", "happened_on", "title", "text", "permit", "output")
_FIELD = {"CW-NOTICE-DAY": "happened_on", "CW-NOTICE-PROJECT": "permit",
          "CW-NOTICE-OUTPUT": "output"}  # fmt: skip


def _page(request: HttpRequest, name: str, more: dict[str, Any]) -> HttpResponse:
    return render(request, f"publishing/{name}.jinja", more, using="jinja2")


def _one(rows: QuerySet[Notice], reference: str) -> Notice:
    found = rows.filter(reference=reference).first()
    if found is None:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    return found


# --- for everybody ----------------------------------------------------------------------------


@login_not_required
@require_safe
def went_wrong(request: HttpRequest) -> HttpResponse:
    """What went wrong here, and what was done about it."""
    rows = Notice.objects.filter(state__in=_OUT, kind__in=WRONG)
    return _listed(request, "went_wrong", rows, {})


@login_not_required
@require_safe
def texts(request: HttpRequest) -> HttpResponse:
    """Everything that the hospital has told the public, by kind."""
    ticked = [kind for kind, _ in KINDS if kind in request.GET.getlist("kind")]
    rows = Notice.objects.filter(state__in=_OUT)
    if ticked:
        rows = rows.filter(kind__in=ticked)
    options = [{"value": kind, "text": text, "checked": kind in ticked} for kind, text in KINDS]
    groups = [{"name": "kind", "legend": "What it is about", "options": options}]
    return _listed(request, "texts", rows, {"groups": groups})


def _listed(
    request: HttpRequest, name: str, rows: QuerySet[Notice], more: dict[str, Any]
) -> HttpResponse:
    keys: Counted[int] = Counted(rows.values_list("pk", flat=True))
    shown = page_of(keys, request.GET, size=10)
    found = [public_page(one) for one in rows.filter(pk__in=shown.rows)]
    return _page(request, name, more | {"page": shown, "rows": found})


@login_not_required
@require_safe
def text(request: HttpRequest, reference: str) -> HttpResponse:
    """One text."""
    found = _one(Notice.objects.filter(state__in=_OUT), reference)
    more = {"one": public_page(found), "logged": page_about(found.reference)}
    return _page(request, "text", more)


@login_not_required
@require_safe
def text_bytes(request: HttpRequest, reference: str) -> HttpResponse:
    """The very bytes whose hash stands on the public log."""
    del request
    found = _one(Notice.objects.filter(state="published"), reference)
    answer = HttpResponse(text_file(found), content_type="application/json")
    answer["Content-Disposition"] = f'attachment; filename="{found.reference}.json"'
    return answer


# --- for those who write and publish ----------------------------------------------------------


@require_safe
def desk(request: HttpRequest) -> HttpResponse:
    """All texts, those that wait for somebody first."""
    check_write(request.user, clock.today())
    open_rows = Notice.objects.filter(state__in=("draft", "offered"))
    rest = Notice.objects.exclude(state__in=("draft", "offered"))
    keys: Counted[int] = Counted(rest.values_list("pk", flat=True))
    shown = page_of(keys, request.GET, size=20)
    more = {
        "open": [row_of(one) for one in open_rows[:100]],
        "page": shown,
        "rows": [row_of(one) for one in rest.filter(pk__in=shown.rows)],
    }
    return _page(request, "desk", more)


def _mine(request: HttpRequest, reference: str) -> Notice:
    check_write(request.user, clock.today())
    return _one(Notice.objects.all(), reference)


@require_safe
def notice(request: HttpRequest, reference: str) -> HttpResponse:
    """One text, what was found in it, and what can be done."""
    found = _mine(request, reference)
    return _page(request, "notice", desk_page(found, request.user, clock.today()))


@_FORM
def write(request: HttpRequest, reference: str = "") -> HttpResponse:
    """Write a new text, or write on a draft."""
    check_write(request.user, clock.today())
    found = _mine(request, reference) if reference else None
    if found is not None:
        role_for(request.user, found, "offer", clock.today())
    before = {name: getattr(found, name) for name in _SAID} if found else None
    form = NoticeForm(request.POST if request.method == "POST" else None, initial=before)
    if form.is_valid():
        try:
            seen = request.POST.get("seen", "") if found else None
            made = services.write(request.user, found, seen, **form.cleaned_data)
        except Refused as refused:
            if refused.code not in {**_FIELD, "CW-NOTICE-CHANGED": ""}:
                raise
            said = f"{refused.sentence} {refused.remedy or ''}".strip()
            form.add_error(_FIELD.get(refused.code), said)
        else:
            return redirect("publishing:notice", made.reference)
    more = {"title": "Write for the public", "form": form, "button_text": "Save",
            "notice": found, "seen": services.text_hash(found) if found else ""}  # fmt: skip
    return _page(request, "form", more)


@require_POST
def step(request: HttpRequest, reference: str) -> HttpResponse:
    """A step that is one button."""
    found, action = _mine(request, reference), request.POST.get("step", "")
    takes: dict[str, Callable[[Any, Notice], None]] = {
        "offer": services.offer, "drop": services.drop,
    }  # fmt: skip
    if action not in takes:
        raise Refused("CW-STATE-STEP", "There is no such step.")
    takes[action](request.user, found)
    messages.success(request, "Done.")
    return redirect("publishing:notice", reference)


@_FORM
def publish(request: HttpRequest, reference: str) -> HttpResponse:
    """Read a text once more and publish it."""
    found = _mine(request, reference)
    role_for(request.user, found, "publish", clock.today())
    shown = desk_page(found, request.user, clock.today())
    form = ReasonForm(
        request.POST if request.method == "POST" else None,
        label="Why is what was found fine?" if shown["found"] else "Anything to note?",
        help_text="For the record. The public does not see it.",
        missing="Say why what was found is fine.",
        needed=bool(shown["found"]),
    )
    if form.is_valid():
        seen = request.POST.get("seen", "")
        services.publish(request.user, found, form.cleaned_data["words"], seen=seen)
        messages.success(request, "Everybody can read it now.")
        return redirect("publishing:notice", reference)
    return _page(request, "publish", {**shown, "form": form, "button_text": "Publish it"})


def _reasoned(
    action: str, title: str, button: str, take: Callable[[Any, Notice, str], None], **asked: Any
) -> Callable[[HttpRequest, str], HttpResponse]:
    @_FORM
    def page(request: HttpRequest, reference: str) -> HttpResponse:
        found = _mine(request, reference)
        role_for(request.user, found, action, clock.today())
        form = ReasonForm(request.POST if request.method == "POST" else None, **asked)
        if form.is_valid():
            try:
                take(request.user, found, form.cleaned_data["words"])
            except Refused as refused:
                if refused.code != "CW-NOTICE-REASONS":
                    raise
                form.add_error("words", f"{refused.sentence} {refused.remedy}")
            else:
                messages.success(request, "Done.")
                return redirect("publishing:notice", reference)
        more = {"title": title, "form": form, "button_text": button, "notice": found}
        return _page(request, "form", more)

    return page


send_back = _reasoned(
    "send_back", "Send it back", "Send it back", services.send_back,
    label="What should be changed?", missing="Say what should be changed.",
)  # fmt: skip
take_down = _reasoned(
    "take_down", "Take it down", "Take it down", services.take_down,
    label="Why is it taken down?", missing="Say why it is taken down.",
    help_text="Your reasons are published at once. Name nobody, and give no numbers.",
)  # fmt: skip
