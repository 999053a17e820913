"""What follows when who sent an application signs that they did: the hospital can look at it."""

from __future__ import annotations

from django.urls import reverse

from commonweal.foundation.errors import Fault, Refused
from commonweal.web.applications.models import Application, Version
from commonweal.web.applications.policies import check_sign
from commonweal.web.applications.services import is_signed, paper_of
from commonweal.web.applications.telling import arrived
from commonweal.web.config import clock
from commonweal.web.signing.handlers import Told
from commonweal.web.signing.models import Act


class SendHandler:
    """The act of kind `send`. That the ledger heard of it is all there is: no row changes."""

    def check(self, act: Act) -> None:
        """Raises `Fault` CW-WEB-NOT-FOUND; `Refused` CW-WEB-SIGNED and as `check_sign`."""
        application = (
            Application.objects.select_for_update().filter(reference=act.subject).first()
        )  # fmt: skip
        if application is None:
            raise Fault("CW-WEB-NOT-FOUND", "There is no application of this reference.")
        version = _version(act)
        check_sign(act.person, application, version, clock.today())
        if is_signed(version):
            raise Refused("CW-WEB-SIGNED", "This version is signed already.")

    def follow(self, act: Act) -> None:
        """Nothing more than that the ledger has heard of it; the desk is told."""
        arrived(_version(act).application)

    def told(self, act: Act) -> Told:
        """What was sent."""
        version = _version(act)
        title = paper_of(version).content.project.title
        return Told(
            "What you sent",
            reverse("applications:version", args=[act.subject, version.number]),
            (
                ("Application", title or act.subject),
                ("Reference", f"{act.subject}, version {version.number}"),
                ("For", version.application.organisation.name),
            ),
        )


def _version(act: Act) -> Version:
    rows = Version.objects.select_related("application__organisation")
    found = rows.filter(application__reference=act.subject, digest=act.object_digest).first()
    if found is None:
        raise Fault("CW-WEB-NOT-FOUND", "The version that is to be signed was not sent.")
    return found
