"""The parts of an output that people judge, each on a page of its own: its files, what follows
together with what has left, and the code; and a file's picture and text themselves.

None of them hangs on anybody's vote. A page leads back to the output where nobody judges it any
more; a picture or a text is then found by nobody, as if it had never been there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.shortcuts import redirect, render
from django.urls import reverse
from django.views.decorators.http import require_safe

from commonweal.foundation.errors import Fault
from commonweal.papers.output_manifest import OutputFile
from commonweal.web.config import clock
from commonweal.web.nhsuk.paging import page_of
from commonweal.web.outputs import contents, reviewing
from commonweal.web.outputs.policies import none, why_not
from commonweal.web.outputs.presenters_review import case_shown
from commonweal.web.outputs.presenters_standing import standing_shown
from commonweal.web.outputs.reviewing import Case
from commonweal.web.outputs.study_code import study_code

ALONE = "default-src 'none'; sandbox"
"""The policy of a picture that somebody opens by itself: it loads nothing and runs nothing."""


@dataclass(frozen=True)
class Part:
    """One page of an output. `kind` and `number` say which; `name`: what its links are called."""

    kind: str
    number: int
    name: str
    address: str


def parts_of(reference: str, shown: dict[str, Any]) -> list[Part]:
    """The pages of an output beside its first, in the order in which they are read."""
    files = [
        Part("file", one["number"], one["name"],
             reverse("outputs:review_file", args=[reference, one["number"]]))
        for one in shown["files"]
    ]  # fmt: skip
    more = [Part("code", 0, "The code that made it", reverse("outputs:review_code",
                                                             args=[reference]))]  # fmt: skip
    if shown["audit"] is not None:
        address = reverse("outputs:review_together", args=[reference])
        more.insert(0, Part("together", 0, "Together with what has left", address))
    return [*files, *more]


@dataclass(frozen=True)
class Links:
    """Where the finding of a number stands: on this page, on that of its part, or nowhere: a page
    lists `MOST_FINDINGS`, and the cells of all others are marked as well."""

    homes: dict[int, str]
    here: str

    def __call__(self, number: int) -> str:
        """The address of a finding, as a link on this page; empty for one that no page lists."""
        home = self.homes.get(number)
        if home is None:
            return ""
        return f"{'' if home == self.here else home}#finding-{number}"


def links_of(parts: list[Part], shown: dict[str, Any], here: str) -> Links:
    """Links to findings, for the page at `here`."""
    homes: dict[int, str] = {}
    for part in parts:
        found: Any = ()
        if part.kind == "file":
            found = shown["files"][part.number - 1]["findings"]
        elif part.kind == "together":
            found = shown["audit"]["findings"]
        homes |= dict.fromkeys((one["number"] for one in found), part.address)
    return Links(homes, here)


def _case(request: HttpRequest, reference: str) -> Case | HttpResponseBase:
    """The case, or the way back to where the output stands, for whoever sees that."""
    person, day = request.user, clock.today()
    output, roles = reviewing.output_of(person, reference, day)
    if why_not(reviewing.check_read, person, output, roles):
        return redirect("outputs:review", reference)
    return reviewing.case_of(person, output)


def _part(
    request: HttpRequest, case: Case, name: str, kind: str, number: int = 0, **more: Any
) -> HttpResponse:
    reference = case.output.reference
    shown = case_shown(case, contents.kept(case))
    parts = parts_of(reference, shown)
    place = next((i for i, one in enumerate(parts) if (one.kind, one.number) == (kind, number)), -1)
    if place < 0:
        raise none()
    here = parts[place]
    told = standing_shown(case.output) | shown | {
        "title": here.name,
        "output_title": case.output.title,
        "parts": parts,
        "here": here,
        "place": place + 1,
        "before": parts[place - 1] if place else None,
        "after": parts[place + 1] if place + 1 < len(parts) else None,
        "finding_at": links_of(parts, shown, here.address),
    }  # fmt: skip
    return render(request, f"outputs/review_{name}.jinja", told | more, using="jinja2")


def _leaving(case: Case, number: int) -> OutputFile:
    files = case.manifest.leaving()
    if not 1 <= number <= len(files):
        raise none()
    return files[number - 1]


@require_safe
def file(request: HttpRequest, reference: str, number: int) -> HttpResponseBase:
    """One file: all that was found, its figures or its picture, and earlier tables beside it."""
    case = _case(request, reference)
    if not isinstance(case, Case):
        return case
    one = _leaving(case, number)
    trouble = why_not(contents.picture_of, case, one) if one.type == "png" else ""
    return _part(request, case, "file", "file", number,
                 one_number=number, not_the_file=trouble)  # fmt: skip


@require_safe
def together(request: HttpRequest, reference: str) -> HttpResponseBase:
    """What follows from an output together with all that has left, every sum of it."""
    case = _case(request, reference)
    return _part(request, case, "together", "together") if isinstance(case, Case) else case


@require_safe
def code(request: HttpRequest, reference: str) -> HttpResponseBase:
    """The study's own files, as text, and the fingerprints of what is signed.

    Raises `Fault` CW-LEAVING-CODE where they are not what ran.
    """
    case = _case(request, reference)
    if not isinstance(case, Case):
        return case
    study_code(case.papers, case.manifest)
    return _part(request, case, "code", "code")


@require_safe
def text(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """A file that would leave, word for word, in pages."""
    case = reviewing.case_or_none(request.user, reference, clock.today())
    one = _leaving(case, number)
    content = _or_none(case, one) if one.type in contents.TEXTS else None
    if content is None:
        raise none()
    shown = page_of(contents.lines_of(one, content), request.GET, contents.PIECES)
    return _part(request, case, "text", "file", number, page=shown, one_number=number)


@require_safe
def picture(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """A picture as the airlock wrote it anew. It is kept nowhere, and can do nothing (S18)."""
    case = reviewing.case_or_none(request.user, reference, clock.today())
    content = _or_none(case, _leaving(case, number), picture=True)
    if content is None:
        raise none()
    answer = HttpResponse(content, content_type="image/png")
    # Its name is ours: a file's own is in no address and no header.
    answer["Content-Disposition"] = f'inline; filename="picture-{number}.png"'
    answer["X-Content-Type-Options"] = "nosniff"
    answer["Content-Security-Policy"] = ALONE
    answer["Cache-Control"] = "no-store"
    return answer


def _or_none(case: Case, one: OutputFile, *, picture: bool = False) -> bytes | None:
    """The bytes of a file; nothing where they are not those that were signed."""
    try:
        return contents.picture_of(case, one) if picture else contents.content_of(case, one)
    except Fault:
        return None
