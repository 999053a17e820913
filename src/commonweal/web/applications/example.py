"""A demonstration's example: an application that is filled in and not yet sent.

Whoever looks around can send it and take it all the way, without typing for an hour. The file is
written by the walk-through; a home for real data has none, and would not read it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

from django.db import transaction

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault
from commonweal.foundation.files import read_bytes
from commonweal.governance.application.drafts import as_typed, read_draft
from commonweal.web.accounts.models import User
from commonweal.web.applications.models import Application, Draft
from commonweal.web.applications.services import begin
from commonweal.web.config.environment import EXAMPLE

_CALLED = "The example of an application"
_MAX_BYTES = 1024 * 1024


def begin_example(folder: Path, *, beside: bool = False) -> int:
    """Begin the example that lies in `folder`; how many were begun.

    Nothing happens where there is none, or where somebody began an application already.
    `beside`: others were begun, and it stands beside them: for whoever made these.
    Raises `Fault` CW-WEB-EXAMPLE for a file that is none.
    """
    file = folder / EXAMPLE
    if not file.is_file() or (Application.objects.exists() and not beside):
        return 0
    plain = parse_json(read_bytes(file, _CALLED, limit=_MAX_BYTES), _CALLED)
    person = _person(plain)
    with transaction.atomic():
        row = begin(person, person.memberships.get())
        content = as_typed(read_draft(plain["content"]))
        title = str(content.get("project", {}).get("title") or "")
        Draft.objects.filter(pk=row.pk).update(
            content=content, forms=plain["forms"], title=title[:500]
        )
    return 1


def _person(plain: Any) -> User:
    whole = isinstance(plain, dict) and plain.keys() == {"person", "content", "forms"}
    whole = whole and isinstance(plain["content"], dict) and isinstance(plain["forms"], dict)
    found = User.objects.filter(public_id=plain["person"], is_made_up=True) if whole else None
    if not found:
        raise Fault("CW-WEB-EXAMPLE", f"{_CALLED} is not whole, or is of nobody here.")
    return found[0]
