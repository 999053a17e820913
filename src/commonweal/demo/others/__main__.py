"""`python -m commonweal.demo.others`: makes the other projects in the home of COMMONWEAL_HOME.

One JSON line on standard output says what came of it: `projects`, `permits`; or `error`.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from commonweal.foundation.clock import FixedClock, SystemClock
from commonweal.foundation.errors import Refused
from commonweal.foundation.london import london_day
from commonweal.web.config.environment import Environment
from commonweal.web.config.trusting import look_at_home
from commonweal.web.prepare import prepare, tell

if TYPE_CHECKING:
    from commonweal.demo.others.plan import Plan


def made() -> dict[str, Any]:
    """Make them up to now, and then the example that nobody has sent."""
    from commonweal.demo.others.plan import plan
    from commonweal.web.applications.example import begin_example

    environment = Environment.read(os.environ)
    projects, permits = make(environment, plan(), SystemClock().now())
    begin_example(environment.folder, beside=True)
    return {"projects": projects, "permits": permits}


def make(environment: Environment, told: Plan, now: datetime) -> tuple[int, dict[str, str]]:
    """All that the plan tells, up to `now`: how many projects, and the permits.

    Django stands on the home. Raises `Refused` CW-DEMO-USAGE outside a demonstration and
    CW-HOME-NOT-EMPTY where the service's database holds applications already.
    """
    from commonweal.demo.others.hands import Hands
    from commonweal.demo.others.story import Story
    from commonweal.vault.custody import open_custody
    from commonweal.web.applications.models import Application
    from commonweal.web.config import clock as service
    from commonweal.web.signing.workers import tell_roster

    if not look_at_home(environment.home).is_demonstration:
        raise Refused("CW-DEMO-USAGE", "Made-up projects are made in a demonstration only.")
    clock = FixedClock(now - timedelta(days=told.begins - 1))
    before = service.use_clock(clock)
    try:
        prepare(example=False)
        if Application.objects.exists():
            raise Refused(
                "CW-HOME-NOT-EMPTY",
                "The service's database holds applications already.",
                remedy="Name an empty one in DATABASE_URL, or none.",
            )
        with open_custody(environment.home, clock) as custody:
            tell_roster(custody)
            story = Story(Hands(custody, clock, london_day(now)), told)
            story.tell()
    finally:
        service.use_clock(before)
    return len(story.applications), story.permits


if __name__ == "__main__":
    sys.exit(tell(made))
