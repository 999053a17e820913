"""Benchmark of the service's pages: 3,000 applications and 1,000 datasets beside 30 of each.

Both homes have 100 reviewers and a form of 200 questions; each application has 20 events, and seven
of eight have gone on: to the desk, the committee, a decision, a permit, a release. Each home is
made and asked in a process of its own; a page's time is the CPU seconds of its request, the median
of some. `run()` returns rows {what, value, unit, budget}.

`fill` and `PAGES` are what the tests of growth use as well, with small numbers.
"""

from __future__ import annotations

import json
import logging
import os
import secrets
import statistics
import subprocess
import sys
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from benchmarks import service_rows

DATASETS, REVIEWERS, EVENTS, QUESTIONS = 1_000, 100, 20, 200
SMALL, LARGE = 30, 3_000
FEW_DATASETS = 30
BUDGET = 1.5
TIMES = 9
FORM = "benefits"
_A_FILE = 100
_AT = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
_ROOT = Path(__file__).resolve().parent.parent

PAGES: tuple[tuple[str, str, str], ...] = (
    ("the first page", "", "/"),
    ("data we hold", "", "/data/"),
    ("data we hold, searched", "", "/data/?q=blood"),
    ("data we hold, one dataset", "", "/data/{dataset}/"),
    ("data we hold, all datasets", "", "/data/?show=datasets"),
    ("rough numbers", "edward", "/data/feasibility"),
    ("the rooms", "edward", "/rooms/"),
    ("projects", "", "/projects/"),
    ("one project", "", "/projects/{project}/"),
    ("refused requests", "", "/projects/refused/"),
    ("the public panel", "", "/panel/"),
    ("what we heard", "", "/panel/heard/"),
    ("the panel, from inside", "nadia", "/panel/"),
    ("my account", "amara", "/account/"),
    ("my applications", "amara", "/applications/"),
    ("my applications, a later page", "amara", "/applications/?page=2"),
    ("one application", "amara", "/applications/{reference}/"),
    ("one application, all answers", "amara", "/applications/{reference}/check/"),
    ("one application, who writes it", "amara", "/applications/{reference}/authors/"),
    ("a form of 200 questions", "amara", "/applications/{reference}/forms/" + FORM + "/"),
    ("a page of that form", "amara", "/applications/{reference}/forms/" + FORM + "/part_1/"),
    ("what waits for my signature", "amara", "/sign/"),
    ("the desk", "edward", "/desk/"),
    ("one application at the desk", "edward", "/desk/{ready}/"),
    ("the committee", "", "/committee/"),
    ("decisions", "", "/committee/decisions/"),
    ("meetings", "kate", "/committee/meetings/"),
    ("one meeting", "kate", "/committee/meetings/{meeting}/"),
    ("one item of a meeting", "kate", "/committee/items/{item}/"),
    ("questions of members", "kate", "/committee/questions/"),
    ("appeals", "owen", "/committee/appeals/"),
    ("agreements and permits", "edward", "/permits/"),
    ("agreements and permits, the applicant's", "amara", "/permits/"),
    ("releases", "edward", "/releases/"),
    ("releases of one permit", "edward", "/releases/{project}/"),
    ("releases, the applicant's", "amara", "/releases/"),
    ("API: the catalogue", "", "/api/v1/catalogue"),
    ("API: variables", "", "/api/v1/catalogue/variables"),
    ("API: the register", "", "/api/v1/register"),
    ("API: entries of the log", "", "/api/v1/ledger/entries"),
    ("API: my applications", "key", "/api/v1/applications"),
    ("API: my permits", "key", "/api/v1/permits"),
)
"""What each page is called, who asks for it (nobody: the public; `key`: a program with the
applicant's key), and its address."""


# --- rows -----------------------------------------------------------------------------------------


def fill(applications: int, *, reviewers: int = 0, events: int = 0) -> str:
    """That many more applications, panel questions and reviewers; the reference of the first.

    All of them are written by the made-up applicant, so that one list holds them all.
    """
    from django.db.models import QuerySet

    from commonweal.web.accounts.models import Membership, Organisation, User
    from commonweal.web.applications.models import Application, CoAuthor, Draft
    from commonweal.web.ledgerlink.models import Intent, governed_write
    from commonweal.web.panel.models import Question

    amara = User.objects.get(public_id="amara")
    place = Organisation.objects.get(public_id="university")
    with governed_write():
        rows = Application.objects.bulk_create(
            Application(organisation=place, begun_by=amara, begun_at=_AT + timedelta(minutes=n))
            for n in range(applications)
        )
        Draft.objects.bulk_create(
            Draft(application=row, content=_content(n), title=f"Study {n}", saved_at=_AT,
                  saved_by=amara)
            for n, row in enumerate(rows)
        )  # fmt: skip
        CoAuthor.objects.bulk_create(
            CoAuthor(application=row, person=amara, organisation=place, added_at=_AT)
            for row in rows
        )
        service_rows.follow(rows, events, _AT)
        QuerySet(Intent).bulk_create(
            [_intent(row.reference) for row in rows for _ in range(events)], batch_size=5_000
        )
        Question.objects.bulk_create(
            Question(ask=f"Question {n}?", why="We ask.", proposed_by=amara, proposed_at=_AT,
                     state="dropped" if n % 2 else "proposed", ended_at=_AT, reasons="So.")
            for n in range(applications)
        )  # fmt: skip
        people = User.objects.bulk_create(
            User(name=f"Reviewer {n}", email=f"{secrets.token_hex(6)}@example.org")
            for n in range(reviewers)
        )
        Membership.objects.bulk_create(
            Membership(user=one, organisation=place, role="panel_member", begins=_AT.date())
            for one in people
        )
    return str(rows[0].reference)


def _content(number: int) -> dict[str, Any]:
    return {
        "project": {"title": f"Study {number}", "lay_summary": "Why do more people come?"},
        "organisation": {"name": "University", "kind": "university"},
    }


def _intent(reference: str) -> Any:
    from commonweal.foundation.clock import stamp
    from commonweal.ledger.entry import Actor, Event, entry_bytes, intent_hash
    from commonweal.web.ledgerlink.models import Intent

    event = Event("application.lapsed", Actor("system", "bench"), {"application": reference})
    body = entry_bytes(event, _AT)
    return Intent(
        log=event.definition.log, type=event.type, body=body, stamped=stamp(_AT),
        body_hash=intent_hash(stamp(_AT), body), actor_id="bench",
    )  # fmt: skip


def long_form(questions: int) -> Any:
    """A form of so many questions, in parts of twenty."""
    from commonweal.governance.forms.schema import FormDefinition

    asked = [
        {"id": f"q_{n}", "kind": "long_text", "max_words": 100, "ask": f"What about part {n}?"}
        for n in range(questions)
    ]
    parts = [
        {"id": f"part_{n}", "title": f"Part {n}", "questions": asked[at : at + 20]}
        for n, at in enumerate(range(0, questions, 20), 1)
    ]
    plain = {
        "form": 1, "id": FORM, "version": 1, "title": "A long form", "intro": "Many questions.",
        "source": "made up", "filled_by": ["applicant", "co_applicant"], "sections": parts,
    }  # fmt: skip
    return FormDefinition.read(plain, "The form")


def use_form(form: Any) -> None:
    """Let the service ask `form` in place of its own of that name."""
    from commonweal.governance.forms.library.shelf import Library, our_library
    from commonweal.web.applications import contents, presenters
    from commonweal.web.applications.views import forms

    found = our_library()
    library = Library({**found.forms, form.id: form}, found.texts)
    for module in (contents, presenters, forms):
        vars(module)["our_library"] = lambda: library


# --- a home ---------------------------------------------------------------------------------------


def make_home(place: Path, datasets: int) -> None:
    """A demonstration home with so many datasets, with Django standing on it."""
    from commonweal.demo.walkthrough.deciding import adopt_people
    from commonweal.foundation.clock import SystemClock
    from commonweal.vault.custody import create_home, open_custody
    from commonweal.vault.custody.catalogues import remember_catalogue

    os.environ["COMMONWEAL_ROOT_STORE"] = str(place.with_name("stores"))
    file = place.with_name("catalogue.json")
    name = "Hospital of the benchmark"
    with create_home(place, kind="demo", name=name, clock=SystemClock()) as custody:
        for first in range(0, datasets, _A_FILE):
            file.write_text(json.dumps(catalogue(first, min(first + _A_FILE, datasets))))
            remember_catalogue(custody, file)
        adopt_people(custody, place.with_name("people"))
    os.environ["COMMONWEAL_HOME"] = str(place)
    os.environ["DJANGO_SETTINGS_MODULE"] = "commonweal.web.config.settings"
    import django

    django.setup()
    logging.disable(logging.WARNING)
    from commonweal.web.prepare import prepare

    prepare()
    from commonweal.web.signing.workers import tell_roster

    with open_custody(place, SystemClock(), root_store=place.with_name("stores")) as custody:
        tell_roster(custody)


def catalogue(first: int, end: int) -> dict[str, Any]:
    """A catalogue of the datasets from `first` to before `end`, each with one table."""
    names = ("age", "blood_pressure", "ward", "weight", "height", "smoker")
    variables = [
        {"name": name, "type": "integer", "role": "other", "forms": ["exact"]} for name in names
    ]
    key = {"name": "person", "type": "text", "role": "record_key", "forms": ["record_code"]}
    found = [
        {
            "id": f"d{n}", "title": f"Dataset {n}", "source": {"kind": "folder", "location": "x"},
            "person": {"kind": "row"},
            "tables": [{"name": "visits", "variables": [key, *variables]}],
        }
        for n in range(first, end)
    ]  # fmt: skip
    return {"catalogue": 1, "custodian": {"name": "Hospital", "ods": "RXX"}, "datasets": found}


# --- asking ---------------------------------------------------------------------------------------


def _client(who: str) -> Any:
    from django.test import Client

    headers = {"host": "localhost:8000"}
    if who == "key":
        from commonweal.web.accounts.models import User
        from commonweal.web.accounts.services import make_token

        scopes = ("applications:read", "permits:read")
        _, secret = make_token(User.objects.get(public_id="amara"), "bench", scopes)
        headers["authorization"] = f"Bearer {secret}"
    client = Client(headers=headers, REMOTE_ADDR="127.0.0.1")
    if who not in ("", "key"):
        client.post("/account/people/sign-in/", {"person": who})
    return client


def ask(reference: str, times: int = 1) -> dict[str, dict[str, float]]:
    """Each page's SQL queries, and the CPU seconds of its request (the median of `times`)."""
    from django.db import connection
    from django.test.utils import CaptureQueriesContext

    found: dict[str, dict[str, float]] = {}
    clients: dict[str, Any] = {}
    places = service_rows.places(reference)
    for what, who, address in PAGES:
        client = clients.get(who)
        if client is None:
            client = clients[who] = _client(who)
        path = address.format(**places)
        answer = client.get(path)  # once before: what is kept in memory is kept by now
        if answer.status_code != 200:
            raise RuntimeError(f"{path} answered {answer.status_code}: {answer.content[-1500:]!r}")
        with CaptureQueriesContext(connection) as seen:
            client.get(path)
        queries = len(seen)  # the next request forgets them
        taken = []
        for _ in range(times):
            before = time.process_time()
            client.get(path)
            taken.append(time.process_time() - before)
        found[what] = {"queries": queries, "seconds": statistics.median(taken)}
    return found


def run() -> list[dict[str, Any]]:
    """Both sizes, each in a process of its own, and the rows of the table."""
    small, large = _child(SMALL, FEW_DATASETS), _child(LARGE, DATASETS)
    rows = []
    for what, _, _ in PAGES:
        ratio = large[what]["seconds"] / small[what]["seconds"]
        more = large[what]["queries"] - small[what]["queries"]
        rows += [
            {"what": f"{what}: {LARGE:,} applications", "value": large[what]["seconds"] * 1000,
             "unit": "ms of CPU"},
            {"what": f"{what}: over {SMALL}", "value": ratio, "unit": "times",
             "budget": f"at most {BUDGET}"},
            {"what": f"{what}: queries more", "value": int(more), "unit": "",
             "budget": "at most 0 more"},
        ]  # fmt: skip
    return rows


def _child(applications: int, datasets: int) -> dict[str, dict[str, float]]:
    command = [sys.executable, "-m", "benchmarks.service", str(applications), str(datasets)]
    done = subprocess.run(command, check=True, cwd=_ROOT, stdout=subprocess.PIPE)
    answered: dict[str, dict[str, float]] = json.loads(done.stdout.decode().splitlines()[-1])
    return answered


def main(applications: int, datasets: int) -> None:
    """Make such a home, ask for every page, and print what it took."""
    with tempfile.TemporaryDirectory() as folder:
        make_home(Path(folder) / "home", datasets)
        use_form(long_form(QUESTIONS))
        reference = fill(applications, reviewers=REVIEWERS, events=EVENTS)
        service_rows.publish_register(Path(folder) / "home", _AT)
        print(json.dumps(ask(reference, TIMES)))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]))
