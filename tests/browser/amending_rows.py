"""Rows for the browser test of changes: `python -m tests.browser.amending_rows WHAT [REFERENCE]`,
in the home's own Django, beside the service that runs on it.

`permit`: a permit in force; prints the reference of its application. `write`: the request about it
asks for one variable less, and everything is declared anew. `finish`: agreement,
countersignatures and the newer permit; prints its reference.
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import django


def main() -> None:
    django.setup()
    from django.conf import settings

    from tests.web.projects.changing import one_variable_less

    home = Path(settings.ENVIRONMENT.home)
    what, said = sys.argv[1], ""
    if what == "permit":
        said = _permit(home)
    elif what == "write":
        _request(home, sys.argv[2]).write(one_variable_less)
    else:
        said = _request(home, sys.argv[2]).to_permit().permit.reference
    sys.stdout.write(said)


def _permit(home: Path) -> str:
    from datetime import timedelta

    from commonweal.web.config import clock
    from tests.web.projects.room import Road

    today = clock.today()
    period = {"starts": today.isoformat(), "ends": (today + timedelta(days=200)).isoformat()}
    road = Road(home, whole=True).decided(period=period).permitted()
    return str(road.application.reference)


def _request(home: Path, reference: str) -> Any:
    """The request with this reference, about the permit that `_permit` made."""
    from commonweal.web.applications.models import Application
    from commonweal.web.applications.services import paper_of
    from tests.web.projects.changing import Change
    from tests.web.projects.room import Road

    application = Application.objects.get(reference=reference)
    permit = application.amendment.permit
    version = permit.agreement.decision.version
    of = Road(home, application=permit.application, version=version, paper=paper_of(version))
    found = Change(home, application=application, of=of)
    found.version = application.versions.last()
    found.paper = None if found.version is None else paper_of(found.version)
    return found


if __name__ == "__main__":
    main()
