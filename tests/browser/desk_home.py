"""Fills the home that `COMMONWEAL_HOME` names with applications at the desk, in its own process.

`python -m tests.browser.desk_home` prints their references, one a line: one that is new, one with
a question, and one about AI whose workshop was held.
"""

from __future__ import annotations

import os
from datetime import timedelta
from typing import Any

import django


def main() -> None:
    """Make the applications."""
    os.environ["DJANGO_SETTINGS_MODULE"] = "commonweal.web.config.settings"
    django.setup()
    from commonweal.foundation.clock import FixedClock
    from commonweal.web.accounts.models import Membership
    from commonweal.web.config import clock
    from commonweal.web.desk import asking, assessing
    from commonweal.web.desk.services import take_up
    from commonweal.web.ledgerlink.models import governed_write
    from commonweal.web.prepare import prepare
    from tests.applications import NOW, content_data
    from tests.web.conftest import new_client
    from tests.web.desk.conftest import ai_data, sent, standing
    from tests.web.desk.test_assessing import held, planned

    prepare()
    held_still = FixedClock(NOW)
    clock.use_clock(held_still)
    with governed_write():
        Membership.objects.update(begins=NOW.date())

    def browser(who: str) -> Any:
        client = new_client()
        client.post("/account/people/sign-in/", {"person": who})
        return client

    amara = browser("amara")
    new = sent(amara)
    asked = sent(amara, content_data(project__title="Falls at night in older people"))
    take_up(standing("edward", asked))
    asking.ask(standing("edward", asked), [("legal", "Which letter covers the second year?")])
    tried = ai_data()
    tried["project"] = {**tried["project"], "title": "A tool that warns of asthma attacks"}
    ai = sent(amara, tried)
    take_up(standing("edward", ai))
    assessing.screen(standing("edward", ai))
    on = NOW.date() + timedelta(days=14)
    planned(browser("edward"), ai, on)
    held_still.advance(timedelta(days=14))
    held(browser("nadia"), ai, on)
    print("\n".join(row.reference for row in (new, asked, ai)))


if __name__ == "__main__":
    main()
