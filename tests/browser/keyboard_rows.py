"""An application of Amara's that lacks nothing today, and is not sent: `python -m
tests.browser.keyboard_rows`, in the home's own Django, beside the service that runs on it.
"""

from __future__ import annotations

import django


def main() -> None:
    django.setup()
    from commonweal.web.accounts.models import User
    from commonweal.web.applications import services
    from commonweal.web.config import clock
    from tests.web.applications.conftest import fill
    from tests.web.projects.room import content_today

    amara = User.objects.get(public_id="amara")
    row = services.begin(amara, amara.memberships.get(role="applicant"))
    fill(row.reference, content_today(clock.today()))


if __name__ == "__main__":
    main()
