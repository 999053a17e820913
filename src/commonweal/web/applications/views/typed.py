"""The typed sections: one page each, one page for each item of a list, and the declarations."""

from __future__ import annotations

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse

from commonweal.foundation.errors import Fault
from commonweal.governance.application.checking import Setting
from commonweal.governance.application.checks_terms import needed_declarations
from commonweal.governance.application.model import SECTIONS
from commonweal.governance.application.parts import Part
from commonweal.governance.application.questions import questions
from commonweal.web.accounts.models import User
from commonweal.web.applications import services
from commonweal.web.applications.asking import Sent, read_part, section_part
from commonweal.web.applications.contents import Held, fingerprint, held, part_at
from commonweal.web.applications.keeping import kept_beside
from commonweal.web.applications.models import Application
from commonweal.web.applications.pages import Filling, part_blocks
from commonweal.web.applications.presenters import items_of, linked, told_part, wrong_at
from commonweal.web.applications.views.common import (
    DRAFT,
    open_mine,
    page,
    said_saved,
    seen_in,
    sent_by,
)
from commonweal.web.config import clock

_ELSEWHERE = frozenset({"route", "declarations"})


@DRAFT
def section(request: HttpRequest, reference: str, name: str) -> HttpResponse:
    """The page of one section."""
    application = open_mine(request, reference)
    if name == "route":
        return redirect("applications:route_begin", reference)
    if name == "declarations":
        return declarations(request, application)
    if name not in SECTIONS:
        raise _none()
    part, many = section_part(name)
    if many:
        read = held(application.draft)
        more = {
            "title": questions().sections[name],
            "known_as": reference,
            "section": name,
            "items": items_of(read, name),
            "problems": _problems(read, reference, name),
        }
        return page(request, "items", more)
    return write(request, application, part, (name,), questions().sections[name])


@DRAFT
def item(request: HttpRequest, reference: str, name: str, number: int | None) -> HttpResponse:
    """The page of one item of a section that is a list; a new one without a number."""
    application = open_mine(request, reference)
    if name not in SECTIONS or name in _ELSEWHERE or not section_part(name)[1]:
        raise _none()
    part, _ = section_part(name)
    there = part_at(held(application.draft).typed, (name,))
    count = len(there) if isinstance(there, list) else 0
    if number is not None and number >= count:
        raise _none()
    title = questions().sections[name]
    shown = f"{title}: {count + 1 if number is None else number + 1}"
    return write(request, application, part, (name, count if number is None else number), shown,
                 new=number is None)  # fmt: skip


def write(
    request: HttpRequest,
    application: Application,
    part: type[Part],
    path: tuple[str | int, ...],
    title: str,
    *,
    new: bool = False,
) -> HttpResponse:
    """Show and save one typed part. Saving never says no; what is wrong stands beside it."""
    place = ".".join(str(step) for step in path)
    read = held(application.draft)
    stored = None if new else part_at(read.typed, path)
    theirs, value = None, stored
    if request.method == "POST":
        sent = sent_by(request)
        if request.POST.get("remove") == place and len(path) > 1 and not new:
            done = services.save_part(request.user, application, path, None, seen_in(request))
            return _after_removal(request, application, done.done, path)
        gone = request.POST.get("remove", "")
        value = kept_beside(part, stored, read_part(part, place, without(sent, gone)))
        where = _append(path) if new else path
        seen = None if new else seen_in(request)
        if new and not value:
            return redirect("applications:section", application.reference, str(path[0]))
        saved = services.save_part(request.user, application, where, value or {}, seen)
        if saved.done:
            said_saved(request)
            return _onwards(request, application, path)
        theirs = saved.theirs
    shown = theirs if theirs is not None else stored
    found = [p for p in read.problems(clock.now()) if _inside(p.where, place)] if shown else []
    more = {
        "title": title,
        "known_as": application.reference,
        "section": str(path[0]),
        "place": place,
        "blocks": part_blocks(part, place, value, _filling(application, request, found)),
        "problems": linked(application.reference, found),
        "theirs": told_part(part, theirs) if request.method == "POST" else [],
        "conflict": request.method == "POST",
        "seen": fingerprint(shown),
        "single": len(path) > 1 and not new,
        "back": _back(application, path),
        "extra": _extra(application.reference, read, path),
    }
    return page(request, "section", more)


def _extra(reference: str, read: Held, path: tuple[str | int, ...]) -> dict[str, Any]:
    """What stands on a page of its own beside some sections."""
    if path == ("data",):
        stored = part_at(read.typed, ("data", "groups"))
        rows = stored if isinstance(stored, list) else []
        labels = dict(_roles())
        groups = [
            {
                "href": reverse("applications:group", args=[reference, n]),
                "name": labels.get(str(part_at(row, ("analysis_role",))), f"Group {n + 1}"),
                "count": len(part_at(row, ("variables",)) or ()),
            }
            for n, row in enumerate(rows)
        ]
        return {"groups": groups, "new": reverse("applications:group", args=[reference, len(rows)])}
    if path == ("subjects",):
        return {"cohort": reverse("applications:cohort", args=[reference])}
    return {}


def _roles() -> tuple[tuple[str, str], ...]:
    from commonweal.governance.application.questions import choices
    from commonweal.governance.application.wanted import Group

    return tuple(choices(Group, "analysis_role").items())


def _filling(application: Application, request: HttpRequest, found: list[Any]) -> Filling:
    users = User.objects.filter(memberships__organisation=application.organisation).distinct()
    people = tuple((user.public_id, user.name) for user in users if user.is_active)
    datasets = tuple((one.id, one.title) for one in held(application.draft).catalogue.datasets)
    return Filling(
        wrong=wrong_at(found),
        more=request.GET.get("more", "")[:200],
        offered={"Member.account": people, "Data.dataset": datasets},
    )


def _onwards(
    request: HttpRequest, application: Application, path: tuple[str | int, ...]
) -> HttpResponse:
    """Where the button that was pressed leads."""
    here = _address(application, path)
    add = sent_by(request).get("add", [""])[-1][:200]
    if add:
        from urllib.parse import quote

        return redirect(f"{here}?more={quote(add)}")
    if request.POST.get("remove") or "stay" in request.POST:
        return redirect(here)
    if len(path) > 1:
        return redirect("applications:section", application.reference, str(path[0]))
    return redirect("applications:tasks", application.reference)


def _address(application: Application, path: tuple[str | int, ...]) -> str:
    name = "applications:item" if len(path) > 1 else "applications:section"
    return reverse(name, args=[application.reference, *path])


def _after_removal(
    request: HttpRequest, application: Application, done: bool, path: tuple[str | int, ...]
) -> HttpResponse:
    from django.contrib import messages

    if done:
        messages.success(request, "Taken away.")
        return redirect("applications:section", application.reference, str(path[0]))
    messages.error(request, "Somebody else changed this meanwhile. Nothing was taken away.")
    return redirect(_address(application, path))


def _append(path: tuple[str | int, ...]) -> tuple[str | int, ...]:
    return (*path[:-1], 10_000)


def _back(application: Application, path: tuple[str | int, ...]) -> str:
    if len(path) > 1:
        return reverse("applications:section", args=[application.reference, path[0]])
    return reverse("applications:tasks", args=[application.reference])


def _inside(where: str, place: str) -> bool:
    return where == place or where.startswith(f"{place}.")


def _problems(read: Held, reference: str, name: str) -> list[dict[str, str]]:
    return linked(reference, [p for p in read.problems(clock.now()) if _inside(p.where, name)])


def without(sent: Sent, gone: str) -> Sent:
    """The fields of a page without those of a row that is taken away."""
    if not gone:
        return sent
    return {name: values for name, values in sent.items() if not name.startswith(f"{gone}.")}


def declarations(request: HttpRequest, application: Application) -> HttpResponse:
    """The declarations, each a box to tick; who ticked it and when is written with it."""
    read = held(application.draft)
    needed = needed_declarations(Setting(read.content, {}, read.catalogue, clock.today()))
    stored = part_at(read.typed, ("declarations",))
    rows = [row for row in stored if isinstance(row, dict)] if isinstance(stored, list) else []
    if request.method == "POST":
        ticked = set(request.POST.getlist("agreed"))
        before = {row.get("id"): row for row in rows if row.get("agreed") is True}
        made = []
        for each in needed:
            held_row = before.get(each.id)
            if each.id not in ticked:
                continue
            if held_row is None or held_row.get("wording") != each.wording:
                held_row = {
                    "id": each.id,
                    "wording": each.wording,
                    "agreed": True,
                    "by": request.user.public_id,
                    "on": clock.today().isoformat(),
                }
            made.append(held_row)
        services.save_part(request.user, application, ("declarations",), made, None)
        said_saved(request)
        return redirect("applications:tasks", application.reference)
    agreed = {row.get("id") for row in rows if row.get("agreed") is True}
    names = {user.public_id: user.name for user in User.objects.filter(
        public_id__in=[str(row.get("by")) for row in rows])}  # fmt: skip
    by = {row.get("id"): (names.get(str(row.get("by")), ""), row.get("on")) for row in rows}
    more = {
        "title": questions().sections["declarations"],
        "known_as": application.reference,
        "items": [
            {"id": each.id, "text": each.text, "checked": each.id in agreed,
             "by": by.get(each.id)}
            for each in needed
        ],
    }  # fmt: skip
    return page(request, "declarations", more)


def _none() -> Fault:
    return Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
