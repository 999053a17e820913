"""A permit: in sentences, as files, and its steps."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.http import require_safe

from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.governance.ga4gh import duo_codes, visas
from commonweal.papers.permit import Permit as PermitPaper
from commonweal.web.amending.presenters import permit_more
from commonweal.web.config import clock
from commonweal.web.projects import signing
from commonweal.web.projects.beside import links_beside
from commonweal.web.projects.models import STEP_KINDS, Permit
from commonweal.web.projects.permits import permit_page, permit_paper, step_page
from commonweal.web.projects.policies import may_have_file, permit_of, staff_roles
from commonweal.web.projects.standing import entry_of, state_of
from commonweal.web.projects.views.common import FORM, held, page, said, to_sign


def _row(request: HttpRequest, reference: str) -> Permit:
    return permit_of(request.user, reference, clock.today())


@require_safe
def permit(request: HttpRequest, reference: str) -> HttpResponse:
    """The permit sentence by sentence, its state from the ledger, and what can be done."""
    row = _row(request, reference)
    more = permit_page(row, held(request, row.application))
    more["may_have_file"] = _may_have_file(request, permit_paper(row))
    more["changes"] = permit_more(request.user, row)
    more["beside"] = links_beside(request.user, entry_of(row.reference), clock.today())
    return page(request, "permit", more)


@FORM
def step(request: HttpRequest, reference: str, kind: str) -> HttpResponse:
    """One step of a permit: what it does, why, and on to signing it."""
    row = _row(request, reference)
    if kind not in STEP_KINDS:
        raise Fault("CW-WEB-NOT-FOUND", "There is no page at this address.")
    problem = ""
    if request.method == "POST":
        try:
            reason = request.POST.get("reason", "")
            return to_sign(signing.take_step(request.user, row, kind, reason))
        except CommonwealError as error:
            problem = said(error)
    more = step_page(row, kind, held(request, row.application))
    more |= {"problem": problem, "chosen": request.POST.get("reason", "")}
    return page(request, "step", more, 400 if problem else 200)


def _may_have_file(request: HttpRequest, paper: PermitPaper) -> bool:
    staff = bool(staff_roles(request.user, clock.today()))
    return may_have_file(request.user, (one.id for one in paper.people), staff=staff)


def _require_file(request: HttpRequest, reference: str) -> tuple[Permit, PermitPaper]:
    row = _row(request, reference)
    paper = permit_paper(row)
    if not _may_have_file(request, paper):
        raise Refused("CW-WEB-DENIED", "The file is for the people whom the permit names.")
    return row, paper


@require_safe
def signed_file(request: HttpRequest, reference: str) -> HttpResponse:
    """The signed permit, byte for byte as the signer made it."""
    row, _ = _require_file(request, reference)
    answer = HttpResponse(bytes(row.content), content_type="application/jose")
    answer["Content-Disposition"] = f'attachment; filename="{row.reference}.jws"'
    return answer


@require_safe
def ga4gh_file(request: HttpRequest, reference: str) -> HttpResponse:
    """What the permit says in the words of GA4GH: visas (not signed) and codes of data use."""
    row, paper = _require_file(request, reference)
    home = request.build_absolute_uri("/").rstrip("/")
    live = state_of(row) == "active"
    plain = {
        "permit": paper.id,
        "data_use": [one.plain() for one in duo_codes(paper)],
        "visas": visas(paper, issuer=home, at=clock.now()) if live else [],
        "visas_are": "claims to be signed by a broker; none while the permit is not active",
    }
    answer = JsonResponse(plain)
    answer["Content-Disposition"] = f'attachment; filename="{row.reference}.ga4gh.json"'
    return answer
