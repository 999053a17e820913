"""Texts for the public and concerns, in each state, for `every_home`."""

from __future__ import annotations

import os
from datetime import timedelta
from pathlib import Path

from commonweal.foundation.clock import SystemClock
from commonweal.vault.custody import open_custody, settle

Names = dict[str, str]


def in_public(home: Path) -> Names:
    """All of them."""
    choices(home)
    return for_public(home) | concerns(home) | readers(home)


def with_log_keys(home: Path) -> Names:
    """The public log is signed as it stands, and the signer has published its keys."""
    from commonweal.web.publiclog.workers import publish_keys

    stores = Path(os.environ["COMMONWEAL_ROOT_STORE"])
    with open_custody(home, SystemClock(), root_store=stores) as custody:
        settle(custody)
        publish_keys(custody)
    return {"log.epoch": "1"}


def for_public(_home: Path) -> Names:
    """A text in each state: a draft that something stops, one that waits, published, taken down."""
    from commonweal.web.accounts.models import User
    from commonweal.web.config import clock
    from commonweal.web.publishing import services
    from tests.web.publishing.test_publishing import SECOND, WRITER, said

    people = {one.public_id: one for one in User.objects.filter(is_made_up=True)}
    writer, second = people[WRITER], people[SECOND]
    found: Names = {}
    made = services.write(writer, **said(text="12 people were told by Anna Smith of Ward 7."))
    found["text.draft"] = made.reference
    for state in ("offered", "published", "down"):
        day = clock.today() - timedelta(days=4)
        made = services.write(writer, **said(happened_on=day, title=f"A list was lost ({state})"))
        services.offer(writer, made)
        if state != "offered":
            services.publish(second, made, "It names nobody.", seen=services.text_hash(made))
        if state == "down":
            services.take_down(second, made, "It was another list.")
        found[f"text.{state}"] = made.reference
    return found


def choices(home: Path) -> None:
    """The vault has published its key, so that choices can be made by page."""
    from commonweal.vault.mydata.order_key import publish_order_key
    from commonweal.web.choices.workers import tell

    stores = Path(os.environ["COMMONWEAL_ROOT_STORE"])
    with open_custody(home, SystemClock(), root_store=stores) as custody:
        publish_order_key(custody)
        tell(custody)


def concerns(_home: Path) -> Names:
    """A concern that just came, one that is looked into, and one that was answered."""
    from commonweal.web.accounts.models import User
    from commonweal.web.concerns import services
    from tests.web.concerns.test_concerns import OFFICER, SAID

    officer = User.objects.get(public_id=OFFICER)
    found: Names = {}
    for state in ("received", "looked_into", "answered"):
        row = services.raise_concern(SAID).concern
        if state != "received":
            services.take_up(officer, row)
        if state == "answered":
            services.answer(officer, row, "partly", "The letter came late. It now goes at once.")
        found[f"concern.{state}"] = row.reference
    return found


def readers(_home: Path) -> Names:
    """Somebody who asked for mail about new projects, and somebody who gets it."""
    from commonweal.web.alerts import services
    from commonweal.web.alerts.models import Reader

    found: Names = {}
    for state in ("asked", "begun"):
        services.ask(f"{state}@example.org")
        row = Reader.objects.order_by("-id")[0]
        found[f"alert.{state}"] = services.WORDS.opened(row.reference, "said", row.said)["secret"]
    services.begin(found["alert.begun"])
    return found
