"""Whom the steps of releases are told to."""

from __future__ import annotations

from commonweal.governance.states.parties import SIGNING_OFF
from commonweal.web.applications.telling import writers
from commonweal.web.letters.telling import holding, tell_all
from commonweal.web.projects.models import Permit
from commonweal.web.releases.models import Release


def release_is(row: Release) -> None:
    """A release waits for a second person, was sent back, or is ready."""
    page = ("releases:release", row.permit, row.reference)
    if row.state == "measured":
        may = [one for one in holding(SIGNING_OFF) if one.public_id not in row.made_by]
        tell_all(may, "signature_asked", *page)
    elif row.state == "sent_back":
        tell_all(holding(("data_manager",)), "release_sent_back", *page)
    elif row.state == "released":
        permit = Permit.objects.filter(reference=row.permit).select_related("application").first()
        told = [] if permit is None else writers(permit.application)
        tell_all([*told, *holding(("data_manager",))], "release_ready", *page)
