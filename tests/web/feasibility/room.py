"""A home whose hospital is counted each month under a standing permit, for tests of its pages."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from commonweal.papers.permit import PermitDraft
from commonweal.vault.cube.monthly import set_up
from commonweal.vault.custody import Custody, find_catalogue, issue_permit
from tests import factories
from tests.cube_house import declaration_data
from tests.release_house import permitted
from tests.web.house import make_home
from tests.web.releases.room import Room

STANDING = "standing-1"
BY = "amira"
PEOPLE = 240


def counted_room(base: Path) -> Room:
    """A home where the counts are set up and none was made yet; permits begin at once."""
    home = make_home(base / "home", stores=base / "stores", say_no_days=0)
    room = Room(home, people=PEOPLE)
    room.furnish()
    room.with_custody(lambda custody: standing(custody, room))
    return room


def standing(custody: Custody, room: Room, name: str = STANDING, **changes: Any) -> None:
    """Issue a standing permit and have the counts made under it."""
    data = permitted(
        patients={"nhs_number": "pseudonym", "born": "age_band(5,90)", "sex": "exact"},
        admissions={"nhs_number": "pseudonym", "diagnosis": "truncate(3)"},
    )
    now = datetime.now(UTC)
    plain = factories.draft_data(
        id=name, data=data, purposes=["feasibility"], processing=["feasibility"],
        project={"id": f"project-{name}", "title": "Rough numbers for researchers",
                 "lay_summary": "Researchers may know about how many people there are."},
        outputs={"minimum_people": 10},
        **{"from": now.date().isoformat(),
           "until": (now + timedelta(days=300)).date().isoformat()},
    )  # fmt: skip
    _, known = find_catalogue(custody, "hospital")
    place = room.beside / f"{name}.jws"
    issue_permit(custody, PermitDraft.read(plain, "The draft"), known, ["permit-signer"], place)
    set_up(custody, place, declare(room, **changes), BY)


def declare(room: Room, **changes: Any) -> Path:
    """The declaration as a file."""
    place = room.beside / "cube.json"
    place.write_text(json.dumps(declaration_data(**changes)))
    return place


def row(dataset: str = "hospital") -> Any:
    """What the pages know of a dataset's counts."""
    from commonweal.web.discovery.models import Counts

    return Counts.objects.filter(dataset=dataset).first()


def contract(organisation: str, ends: Any = None, state: str = "in_force") -> Any:
    """A framework contract of an organisation, as the signer leaves it."""
    from commonweal.web.accounts.models import Organisation
    from commonweal.web.config import clock
    from commonweal.web.ledgerlink.models import governed_write
    from commonweal.web.projects.models import Framework

    found = Framework(
        organisation=Organisation.objects.get(public_id=organisation), state=state,
        reference=f"framework-{organisation}-{Framework.objects.count()}", content=b"{}",
        digest="sha256:" + "0" * 64, salt=b"0" * 32, made_at=clock.now(),
        ends=ends or clock.today() + timedelta(days=100),
    )  # fmt: skip
    with governed_write():
        found.save()
    return found
