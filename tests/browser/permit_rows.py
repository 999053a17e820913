"""A decided application for the browser tests of permits: `python -m tests.browser.permit_rows`, in
the home's own Django, beside the service that runs on it. Prints its reference.
"""

from __future__ import annotations

import sys
from pathlib import Path

import django


def main() -> None:
    django.setup()
    from django.conf import settings

    from tests.web.projects.room import Road

    road = Road(Path(settings.ENVIRONMENT.home)).decided()
    sys.stdout.write(road.application.reference)


if __name__ == "__main__":
    main()
