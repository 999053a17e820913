"""A hospital with data, and an application that is filled in and not yet sent.

All that follows is done by clicking.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from unittest import mock

from commonweal.demo.hospital import make_hospital, write_choices
from commonweal.demo.walkthrough import application, papers
from commonweal.demo.walkthrough.deciding import adopt_people
from commonweal.foundation.clock import SystemClock
from commonweal.foundation.documents import load_document
from commonweal.foundation.london import london_day
from commonweal.papers.catalogue import Catalogue
from commonweal.vault.custody import create_home, remember_catalogue
from commonweal.vault.release.inputs import remember_inputs
from commonweal.vault.scan import scan, write_catalogue
from commonweal.vault.sources import open_source
from commonweal.web.config.environment import FOLDER

PATIENTS = 300


def make_hospital_home(place: Path, stores: Path) -> Path:
    """A demonstration home whose vault has the data of 300 made-up patients, and people who sign.

    As `commonweal demo` makes it, without its project. Returns the home.
    """
    clock = SystemClock()
    home, hospital, choices = place / "home", place / "hospital", place / "choices"
    catalogue = place / "catalogue.yaml"
    make_hospital(hospital, patients=PATIENTS)
    write_choices(choices, hospital, checked_at=clock.now())
    with open_source("folder", str(hospital)) as source:
        write_catalogue(scan(source), place / "scanned.yaml")
    edited = papers.edit(load_document(place / "scanned.yaml", "The suggested catalogue"))
    catalogue.write_text(json.dumps(edited))
    name = papers.CUSTODIAN["name"]
    with (
        mock.patch.dict(os.environ, COMMONWEAL_ROOT_STORE=str(stores)),
        create_home(home, kind="demo", name=name, clock=clock) as custody,
    ):
        remember_catalogue(custody, catalogue)
        remember_inputs(custody, Catalogue.load(catalogue).datasets[0].id, catalogue, choices)
        adopt_people(custody, place / "people")
    today = london_day(clock.now())
    application.write_example(home / FOLDER, place / "documents", PATIENTS, today)
    return home
