"""A demonstration home with a few of the demonstration's other projects, for lay readers' walks.

`python -m tests.browser.lay_home PLACE STORES` makes it in one process, by the service's own steps:
one project that ended and told what came of it, one of a company, one that was taken back after
something went wrong, and one that was refused. The whole dozen is made in
`tests/integration/test_demonstration.py`.
"""

from __future__ import annotations

import os
import sys
from datetime import datetime, timedelta
from pathlib import Path

from commonweal.demo.hospital import make_hospital
from commonweal.demo.others import plan as plans
from commonweal.demo.walkthrough import papers
from commonweal.demo.walkthrough.deciding import adopt_people
from commonweal.foundation.canonical import canonical
from commonweal.foundation.clock import FixedClock, SystemClock
from commonweal.foundation.documents import load_document
from commonweal.foundation.files import make_private_folder
from commonweal.vault.custody import create_home, remember_catalogue
from commonweal.vault.scan import scan, write_catalogue
from commonweal.vault.sources import open_source
from commonweal.web.config.environment import FOLDER
from tests.web.house import with_tables

SHOWN = ("falls", "kidney", "checks", "hearing")


def few() -> plans.Plan:
    """The demonstration's plan with these projects, and what is told of them, alone."""
    whole = plans.plan()
    projects = tuple(one for one in whole.projects if one.id in SHOWN)
    texts = tuple(one for one in whole.texts if one.about in (None, *SHOWN))
    decided = {one.decided.ago for one in projects if one.decided is not None}
    meetings = tuple(met for met in whole.meetings if met.ago in decided)
    return whole.model_copy(
        update={"projects": projects, "meetings": meetings, "texts": texts, "concerns": ()}
    )


def began(home: Path, at: datetime) -> None:
    """A home that is as old as the first of its projects, with people and a catalogue."""
    catalogue, scanned = home.with_name("catalogue.yaml"), home.with_name("scanned.yaml")
    hospital = home.with_name("hospital")
    make_hospital(hospital, patients=300)
    with open_source("folder", str(hospital)) as source:
        write_catalogue(scan(source), scanned)
    catalogue.write_bytes(canonical(papers.edit(load_document(scanned, "It"))))
    name, clock = papers.CUSTODIAN["name"], FixedClock(at)
    with create_home(home, kind="demo", name=name, clock=clock) as custody:
        adopt_people(custody, home.with_name("people"))
        remember_catalogue(custody, catalogue)


def main(home: Path, stores: Path) -> None:
    """Make it."""
    now = SystemClock().now()
    os.environ |= {
        "COMMONWEAL_HOME": str(home), "COMMONWEAL_ROOT_STORE": str(stores),
        "DJANGO_SETTINGS_MODULE": "commonweal.web.config.settings",
    }  # fmt: skip
    began(home, now - timedelta(days=plans.plan().begins))
    make_private_folder(home / FOLDER)
    with_tables(home / FOLDER / "service.sqlite")
    import django

    django.setup()
    from commonweal.demo.others.__main__ import make
    from commonweal.web.config.environment import Environment

    make(Environment.read(os.environ), few(), now)


if __name__ == "__main__":
    main(*(Path(one).resolve() for one in sys.argv[1:3]))
