"""Fills a demonstration home with the committee's work: `python -m tests.browser.committee_rows`.

Arguments: the home and its store of root keys. Prints the addresses of the pages as JSON.
"""

from __future__ import annotations

import json
import os
import sys
from datetime import timedelta
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
    from commonweal.governance.committee.vocabulary import CRITERION_WORDS
    from commonweal.web.committee.models import Appeal, Meeting, Question
    from tests.web.committee.house import VOTERS, person

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
    short = house.application("A small count of beds")
    reasons = {name: f"It is so: {words}." for name, words in CRITERION_WORDS.items()}
    few = ["grace", "hamish", "irene", "jamal"]
    house.heard("kate", f"/committee/short/{short.reference}/", **reasons, present=few)
    few_item = short.versions.get().items.get()
    for who in few:
        house.declare(few_item, who)
    house.step("kate", few_item, "end_declarations")
    house.step("grace", few_item, "open_vote", hours="24")
    for who in few:
        house.heard(who, f"/committee/items/{few_item.pk}/vote/", verdict="approve",
                    reasons="It is small.")  # fmt: skip
    house.decide(few_item)
    acting, confirmed = (by_the_chair(house, title) for title in ("Falls at home", "Eyes and age"))
    house.decide(confirmed)
    confirmed = in_effect(house.fresh(confirmed))
    could = house.closed({"zofia": "approve_with_conditions"})
    house.decide(could, condition_0="Results are published within a year.")
    ended = house.closed({"zofia": "approve_with_conditions"})
    house.decide(ended, condition_0="Results are published within a year.")
    house.post("grace", f"/committee/meetings/{ended.meeting_id}/step/", action="end")
    minuted = house.closed()
    house.decide(minuted)
    house.post("grace", f"/committee/meetings/{minuted.meeting_id}/step/", action="end")
    Meeting.objects.filter(pk=minuted.meeting_id).update(
        state="minuted", minutes_agreed_at=house.clock.now(), minutes="All went well."
    )
    for n in (60, 90, 120):
        Meeting.objects.create(
            held_at=house.clock.now() - timedelta(days=n), place="Room 4", state="ended",
            present=list(VOTERS), made_by=person("kate"),
        )  # fmt: skip
    fresh = house.listed()
    waits = house.application("Hearts in spring")
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
        "final": f"/committee/applications/{again.version.application.reference}/final/",
        "few": f"/committee/items/{few_item.pk}/",
        "acting": f"/committee/items/{acting.pk}/",
        "confirmed": f"/committee/decisions/{confirmed}/",
        "by_chair": f"/committee/chair/{could.version.application.reference}/",
        "propose": f"/committee/short/{waits.reference}/",
        "minutes": f"/committee/meetings/{ended.meeting_id}/minutes/",
        "minuted": f"/committee/minutes/{minuted.meeting_id}/",
        "hear": f"/committee/appeals/{Appeal.objects.get().pk}/",
    }


def by_the_chair(house: Any, title: str) -> Any:
    """An item on which the chair and a lay member agree that a condition was met."""
    from commonweal.web.committee.models import Item

    item = house.closed({"zofia": "approve_with_conditions"}, application=house.application(title))
    house.decide(item, condition_0="Results are published within a year.")
    house.heard(
        "grace", f"/committee/chair/{item.version.application.reference}/",
        reason="conditions_met", told="The plan to publish came on Monday.", present=["irene"],
    )  # fmt: skip
    item = Item.objects.get(version=item.version, meeting__route="chair")
    house.step("grace", item, "open_vote", hours="24")
    for who in ("grace", "irene"):
        house.heard(who, f"/committee/items/{item.pk}/vote/", verdict="approve",
                    reasons="I have read the plan.")  # fmt: skip
    return house.fresh(item)


def in_effect(item: Any) -> str:
    """What was decided takes effect, as if the days to call it in were over; its reference."""
    from commonweal.web.committee.handlers import publish_decision
    from commonweal.web.committee.shorter import end_sitting
    from commonweal.web.ledgerlink.models import governed_write
    from commonweal.web.signing.models import Act

    row = item.version.decisions.last()
    with governed_write():
        item.state = "decided"
        item.save()
    publish_decision(item, row, Act.objects.get(pk=row.act))
    end_sitting(item)
    return str(row.reference)


if __name__ == "__main__":
    sys.stdout.write(json.dumps(main(Path(sys.argv[1]), Path(sys.argv[2]))))
