"""An application as a document, for its writers: the draft, and each version that was sent."""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from commonweal.web.applications.printed import as_page, as_word, of_draft, of_version
from commonweal.web.applications.views.common import mine, open_mine
from commonweal.web.applications.views.sending import version_of


@require_safe
def draft_page(request: HttpRequest, reference: str) -> HttpResponse:
    """The draft on one page, to print."""
    return as_page(of_draft(open_mine(request, reference)))


@require_safe
def draft_file(request: HttpRequest, reference: str) -> HttpResponse:
    """The draft as a Word file."""
    return as_word(of_draft(open_mine(request, reference)))


@require_safe
def page_of(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """A version on one page, to print."""
    return as_page(of_version(version_of(mine(request, reference), number)))


@require_safe
def file_of(request: HttpRequest, reference: str, number: int) -> HttpResponse:
    """A version as a Word file."""
    return as_word(of_version(version_of(mine(request, reference), number)))
