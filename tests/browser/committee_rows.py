"""Fills a demonstration home with the committee's work: `python -m tests.browser.committee_rows`.

Arguments: the home and its store of root keys. Prints the addresses of the pages as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path
from typing import Any

LONG = "Supercalifragilisticexpialidocious" * 4 + " and winter"


def main(home: Path, stores: Path) -> dict[str, str]:
    """Four applications: decided, being voted on, discussed with a question, and refused."""
    os.environ["COMMONWEAL_HOME"] = str(home)
    os.environ["DJANGO_SETTINGS_MODULE"] = "commonweal.web.config.settings"
    import django

    django.setup()
    from django.test import override_settings

    from commonweal.foundation.clock import FixedClock
    from commonweal.vault.custody import open_custody
    from commonweal.web.config import clock
    from commonweal.web.prepare import prepare
    from commonweal.web.signing.workers import tell_roster
    from tests.web.committee.house import House, now
    from tests.web.signing_room import WebClock

    prepare()
    held = FixedClock(now())
    clock.use_clock(held)
    with (
        override_settings(ROOT_URLCONF="tests.web.committee.addresses"),
        open_custody(home, WebClock(), root_store=stores) as custody,
    ):
        tell_roster(custody)
        return pages(House(custody, held))


def pages(house: Any) -> dict[str, str]:
    """The committee's work, and where each page of it is."""
    from commonweal.web.committee.models import Appeal, Question
    from tests.web.committee.house import VOTERS

    yes = house.closed({"zofia": "approve_with_conditions"})
    house.decide(yes, condition_0="Results are published within a year.")
    no = house.closed(dict.fromkeys(VOTERS, "reject"), application=house.application(LONG))
    house.decide(no)
    refused = no.version.application.reference
    house.post("amara", f"/committee/applications/{refused}/appeal/", grounds="Page 3.")
    again = house.closed(dict.fromkeys(VOTERS, "reject"))
    house.decide(again)
    voting = house.voting()
    house.vote(voting, "grace")
    closed = house.closed({"jamal": "approve_with_conditions"})
    talked = house.discussing()
    at = f"/committee/items/{talked.pk}/"
    house.post("irene", at + "ask/", where="variables.3")
    house.post("jamal", at + "ask/", **{"own-words": "Who is " + LONG + "?"})
    first, second = Question.objects.order_by("pk")
    passed = f"/committee/questions/{second.public_id}/step/"
    house.post("kate", passed, action="pass_on")
    fresh = house.listed()
    house.application("Hearts in spring")
    return {
        "yes": f"/committee/decisions/{yes.version.decisions.get().reference}/",
        "no": f"/committee/decisions/{no.version.decisions.get().reference}/",
        "voting": f"/committee/items/{voting.pk}/",
        "closed": f"/committee/items/{closed.pk}/",
        "talked": at,
        "fresh": f"/committee/items/{fresh.pk}/",
        "meeting": f"/committee/meetings/{fresh.meeting_id}/",
        "held": f"/committee/meetings/{talked.meeting_id}/",
        "answer": f"/committee/questions/{first.public_id}/answer/",
        "answers": f"/committee/applications/{talked.version.application.reference}/answers/",
        "appeal": f"/committee/applications/{again.version.application.reference}/appeal/",
        "hear": f"/committee/appeals/{Appeal.objects.get().pk}/",
    }


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))))
