"""A project whose yearly review is due, for the browser: `python -m tests.browser.review_rows`, in
the home's own Django, beside the service that runs on it. Prints the permit's reference.
"""

from __future__ import annotations

import sys
from datetime import timedelta
from pathlib import Path

import django


def main() -> None:
    django.setup()
    from django.conf import settings

    from commonweal.web.config import clock
    from tests.web.projects.room import Road

    today = clock.today()
    until = (today + timedelta(days=300)).isoformat()
    period = {"starts": today.isoformat(), "ends": until,
              "review_dates": [(today + timedelta(days=40)).isoformat()]}  # fmt: skip
    road = Road(Path(settings.ENVIRONMENT.home)).decided(period=period).permitted()
    sys.stdout.write(road.permit.reference)


if __name__ == "__main__":
    main()
