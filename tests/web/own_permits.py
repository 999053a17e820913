"""A permit whose project has people who sign in here: in the home, in the register and in rows."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

from commonweal.papers.permit import PermitDraft
from commonweal.vault.custody import find_catalogue, issue_permit
from tests import factories

OWN = "permit-9"
PROJECT = "project-9"
MEMBERS = ("amara", "bethan")


def issue_own(home: Path) -> None:
    """Sign a permit that names amara and bethan, in an opened home of its own."""
    from tests.web.signing_room import signer

    with signer(home) as custody:
        _, known = find_catalogue(custody, "hospital")
        now = custody.clock.now()
        draft = factories.draft_data(
            id=OWN,
            project={"id": PROJECT, "title": "Winter wards", "lay_summary": "Why winter is hard."},
            people=[{"id": one, "name": one.title(), "role": "Researcher"} for one in MEMBERS],
            **{"from": now.date().isoformat(), "until": (now.date() + timedelta(200)).isoformat()},
        )
        out = home.with_name("own.jws")
        issue_permit(custody, PermitDraft.read(draft, "The draft"), known, ["permit-signer"], out)


def own_rows(reference: str = OWN) -> Any:
    """The application of amara and bethan that led to the permit, with its rows."""
    from django.utils import timezone

    from commonweal.governance.application.version import ApplicationVersion
    from commonweal.web.accounts.models import Organisation, User
    from commonweal.web.applications.models import Application, CoAuthor, Version
    from commonweal.web.committee.models import Decision
    from commonweal.web.ledgerlink.models import governed_write
    from commonweal.web.projects.models import Agreement, Permit
    from tests.applications import content_data
    from tests.web.committee.house import frozen

    now, some = timezone.now(), {"content": b"{}", "digest": "sha256:0"}
    amara = User.objects.get(public_id="amara")
    university = Organisation.objects.get(public_id="university")
    with governed_write():
        row = Application.objects.create(
            state="approved", organisation=university, begun_by=amara, begun_at=now
        )
        for who in MEMBERS:
            person = User.objects.get(public_id=who)
            CoAuthor.objects.create(application=row, person=person, organisation=university,
                                    added_by=amara, added_at=now)  # fmt: skip
        plain = frozen(json.dumps(content_data())) | {"application": row.reference}
        paper = ApplicationVersion.read(plain, "The version")
        version = Version.objects.create(
            application=row, number=1, salt=b"0" * 32, sent_at=now, sent_by=amara,
            content=paper.canonical(), digest=paper.digest(),
        )  # fmt: skip
        decision = Decision.objects.create(
            version=version, reference=f"{row.reference}-1-d1", outcome="approve", made_at=now,
            **some,
        )  # fmt: skip
        agreement = Agreement.objects.create(
            reference=f"{row.reference}-a1", application=row, decision=decision, made_at=now, **some
        )
    return Permit.objects.create(
        reference=reference, application=row, agreement=agreement, public_hash="sha256:0",
        state="active", begins_at=now, until=now.date() + timedelta(days=90), issued_at=now, **some
    )  # fmt: skip
