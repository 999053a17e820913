"""What the committee may take with it: the evidence's files, and the application as a document.

Only who may read the papers of an item gets them: a member who declared and has no conflict, and
those who answer for the hospital. A file is kept, never shown by the browser itself.
"""

from __future__ import annotations

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from commonweal.foundation.errors import Refused
from commonweal.governance.application.version import ApplicationVersion
from commonweal.governance.committee.conflicts import EXCLUDED
from commonweal.web.applications.printed import as_page, as_word, of_version
from commonweal.web.committee.models import Item
from commonweal.web.committee.policies import item_of, no_page
from commonweal.web.desk.evidence import file_of, is_shown
from commonweal.web.desk.views.documents import as_file


def _read(request: HttpRequest, pk: int) -> tuple[Item, ApplicationVersion]:
    """An item whose papers the person may read.

    Raises `Fault` CW-WEB-NOT-FOUND; `Refused` CW-COMMITTEE-CONFLICT, CW-COMMITTEE-MEMBER.
    """
    row, paper, standing = item_of(request.user, pk)
    if standing.out:
        raise Refused("CW-COMMITTEE-CONFLICT", EXCLUDED)
    if not standing.reads:
        said = "Say first whether you have a conflict of interest. Then you can read the papers."
        raise Refused("CW-COMMITTEE-MEMBER", said)
    return row, paper


@require_safe
def download(request: HttpRequest, pk: int, number: int) -> HttpResponse:
    """A file of a document that the version names: the newest one, or the very one it names."""
    row, paper = _read(request, pk)
    file = file_of(row.version.application, number)
    if not is_shown(file, row.version, paper.content.documents):
        raise no_page()
    return as_file(file)


@require_safe
def page_of(request: HttpRequest, pk: int) -> HttpResponse:
    """The version before the committee on one page, to print."""
    row, _ = _read(request, pk)
    return as_page(of_version(row.version))


@require_safe
def word_of(request: HttpRequest, pk: int) -> HttpResponse:
    """The version before the committee as a Word file."""
    row, _ = _read(request, pk)
    return as_word(of_version(row.version))
