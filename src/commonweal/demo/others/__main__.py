"""`python -m commonweal.demo.others`: makes the other projects in the home of COMMONWEAL_HOME.

One JSON line on standard output says what came of it: `projects`, `permits`; or `error`.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

from commonweal.foundation.clock import FixedClock, SystemClock
from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.foundation.london import london_day

if TYPE_CHECKING:
    from commonweal.demo.others.story import Story


def main() -> int:
    """Make them, and say on one line what came of it."""
    import django

    os.umask(0o077)
    os.environ.setdefault("DJANGO_SETTINGS_MODULE", "commonweal.web.config.settings")
    try:
        django.setup()
        said: dict[str, Any] = _said(make(SystemClock().now()))
    except CommonwealError as error:
        sys.stdout.write(json.dumps({"error": error.as_dict(), "exit": error.exit_code}) + "\n")
        return error.exit_code
    sys.stdout.write(json.dumps(said) + "\n")
    return 0


def make(now: Any) -> Story:
    """All of it, up to `now`. Django stands on the home already.

    Raises `Refused` CW-HOME-NOT-EMPTY where the service's database holds applications already,
    CW-DEMO-USAGE outside a demonstration.
    """
    from django.conf import settings

    from commonweal.demo.others.hands import Hands
    from commonweal.demo.others.plan import plan
    from commonweal.demo.others.story import Story
    from commonweal.vault.custody import open_custody
    from commonweal.web.applications.example import begin_example
    from commonweal.web.applications.models import Application
    from commonweal.web.config import clock as service
    from commonweal.web.prepare import prepare
    from commonweal.web.signing.workers import tell_roster

    if not settings.HOME.is_demonstration:
        raise Refused("CW-DEMO-USAGE", "Made-up projects are made in a demonstration only.")
    told = plan()
    clock = FixedClock(now - timedelta(days=told.begins - 1))
    before = service.use_clock(clock)
    try:
        prepare()
        if Application.objects.exists():
            raise Refused(
                "CW-HOME-NOT-EMPTY",
                "The service's database holds applications already.",
                remedy="Name an empty one in DATABASE_URL, or none.",
            )
        with open_custody(Path(settings.ENVIRONMENT.home), clock) as custody:
            tell_roster(custody)
            story = Story(Hands(custody, clock, london_day(now)), told)
            story.tell()
    finally:
        service.use_clock(before)
    begin_example(settings.ENVIRONMENT.folder)
    return story


def _said(story: Story) -> dict[str, Any]:
    return {"projects": len(story.applications), "permits": story.permits}


if __name__ == "__main__":
    sys.exit(main())
