"""Rows for the browser tests of signing: `python -m tests.browser.signing_rows`, in the home's own
Django, beside the service that runs on it. Prints the references as JSON.
"""

from __future__ import annotations

import json
import sys
from typing import Any

import django

from commonweal.foundation.clock import FixedClock, SystemClock
from tests.applications import NOW


def sent(who: str) -> str:
    """An application that `who` has sent and not signed; on the day that its answers are for."""
    from commonweal.web.accounts.models import User
    from commonweal.web.applications import services
    from commonweal.web.config import clock
    from tests.web.applications.conftest import fill

    clock.use_clock(FixedClock(NOW))
    person = User.objects.get(public_id=who)
    row = services.begin(person, person.memberships.get())
    fill(row.reference)
    services.send(person, row)
    clock.use_clock(SystemClock())
    return row.reference


def acts(reference: str) -> dict[str, str]:
    """Acts of who sent it: one that was refused, and one that was not signed in time."""
    from commonweal.web.applications.models import Application
    from commonweal.web.applications.services import ask_to_sign
    from commonweal.web.config import clock
    from commonweal.web.signing.models import Act

    application = Application.objects.get(reference=reference)
    person = application.begun_by
    clock.use_clock(FixedClock(NOW))
    late = ask_to_sign(person, application)
    clock.use_clock(SystemClock())
    refused = ask_to_sign(person, application)
    Act.objects.filter(pk=refused.pk).update(
        state="refused", settled_at=clock.now(), code="CW-STATE-STEP", sentence="It is too late."
    )
    return {"late": late.pk, "refused": refused.pk}


def main() -> None:
    django.setup()
    from commonweal.web.accounts.models import Membership
    from commonweal.web.ledgerlink.models import governed_write

    with governed_write():
        Membership.objects.update(begins=NOW.date())
    told: dict[str, Any] = {who: sent(who) for who in ("amara", "divya")}
    told["acts"] = acts(told["amara"])
    json.dump(told, sys.stdout)


if __name__ == "__main__":
    main()
