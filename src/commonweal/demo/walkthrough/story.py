"""Running the walk-through: each step done for real, through the functions the commands use."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from shlex import quote
from typing import Any

from commonweal.demo.hospital import make_hospital, write_choices
from commonweal.demo.walkthrough import application, beside, papers, refusals, studying
from commonweal.demo.walkthrough.deciding import Deciding, adopt_people, whole_milliseconds
from commonweal.foundation.clock import Clock, FixedClock, SystemClock
from commonweal.foundation.documents import load_document
from commonweal.foundation.errors import Failure, Refused, Unavailable
from commonweal.foundation.files import make_private_folder, write_atomic
from commonweal.foundation.london import london_day
from commonweal.governance.dossier.judge import DossierJudge, installed_rules
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.permit import Permit
from commonweal.vault.custody import (
    Custody,
    change_state,
    create_home,
    find_permit,
    load_permit,
    open_custody,
    remember_catalogue,
    settle,
    verify_ledger,
)
from commonweal.vault.custody.committee_permits import issue_from_dossier
from commonweal.vault.figures.describing import describe
from commonweal.vault.home import Home
from commonweal.vault.release.build import BuildReport, build_release
from commonweal.vault.release.inputs import remember_inputs
from commonweal.vault.release.plan import plan_release
from commonweal.vault.release.proving import prove_person, state_absence
from commonweal.vault.release.verify import verify_release
from commonweal.vault.scan import check, scan, write_catalogue
from commonweal.vault.sources import open_source
from commonweal.web.config.environment import FOLDER
from commonweal.web.publicpages.reading import CONTACTS

DEFAULT_HOME = "commonweal-demo"
INSIDE = "demonstration"
Say = Callable[[str], None]
Progress = Callable[..., None]


@dataclass(frozen=True)
class Step:
    """One step: its title and what happened, in plain words; figures for machines."""

    title: str
    lines: tuple[str, ...]
    figures: dict[str, Any]


@dataclass
class Story:
    """The whole walk-through."""

    home: Path
    steps: list[Step] = field(default_factory=list)
    release: str = ""
    folder: Path = Path()
    faults: int = 0
    others: int = 0
    """How many other projects the hospital has."""

    def plain(self) -> dict[str, Any]:
        """The story as JSON values."""
        return {
            "home": str(self.home),
            "release": self.release,
            "release_folder": str(self.folder),
            "ledger_faults": self.faults,
            "other_projects": self.others,
            "steps": [
                {"title": step.title, "lines": list(step.lines), **step.figures}
                for step in self.steps
            ],
        }

    def sentences(self) -> list[str]:
        """Where everything is, for the person at the end."""
        inside = self.home / INSIDE
        return [
            "",
            "Done. Every step was real; patients, people and projects are made up.",
            f"The home:            {self.home}",
            f"The hospital:        {inside / 'hospital'}",
            f"Catalogue, permit:   {inside / 'papers'}",
            f"The release, sealed: {self.folder}",
            f"Amara's documents:   {inside / 'documents'}",
            f"The risk report:     {self.folder / 'report.html'}",
            "Look around with, for example:",
            f"  commonweal --home {quote(str(self.home))} release list",
            f"  commonweal --home {quote(str(self.home))} ledger verify",
            *beside.what_to_see(f"commonweal --home {quote(str(self.home))} serve", self.others),
        ]


def run(
    *,
    home: Path | None = None,
    patients: int = 20_000,
    progress: Progress = lambda *_: None,
    say: Say = lambda _: None,
    clock: Clock | None = None,
    others: bool = False,
) -> Story:
    """Make a hospital, release its data under a permit, show refusals, verify the ledger.

    `others`: first make the hospital's other projects, over the year before (`demo/others`).
    An earlier demonstration in the same place is removed first; anything else there is refused.
    Raises `Refused` CW-HOME-NOT-EMPTY and whatever goes wrong on the way.
    """
    place = (home or Path.cwd() / DEFAULT_HOME).absolute()
    _clear(place)
    return _Telling(place, clock or SystemClock(), progress, say, others=others).tell(patients)


def make_released(
    home: Path, *, patients: int, clock: Clock | None = None, progress: Progress = lambda *_: None
) -> Permit:
    """The story as far as a release that was signed off, for whoever goes on from there by hand.

    `home` must not be there or be an earlier demonstration. Raises as `run`.
    """
    _clear(home.absolute())
    telling = _Telling(home.absolute(), clock or SystemClock(), progress, lambda _: None)
    return telling.tell_released(patients)


def _clear(place: Path) -> None:
    if not place.exists() or (place.is_dir() and not any(place.iterdir())):
        return
    with suppress(Exception):
        earlier = Home.open(place)
        if earlier.kind == "demo" and (place / INSIDE).is_dir():
            shutil.rmtree(earlier.root_store, ignore_errors=True)
            shutil.rmtree(place)
            return
    raise Refused(
        "CW-HOME-NOT-EMPTY",
        f"The folder {place.name} holds something that is not a demonstration.",
        remedy="Name another with --home.",
    )


class _Telling:
    def __init__(
        self, place: Path, clock: Clock, progress: Progress, say: Say, *, others: bool = False
    ) -> None:
        self.story = Story(place)
        self.clock = clock
        self.others = others and beside.is_installed()
        self.left_out = others and not self.others
        self.progress = progress
        self.say = say
        self.inside = place / INSIDE
        self.hospital = self.inside / "hospital"
        self.choices = self.inside / "choices"
        self.papers = self.inside / "papers"
        self.catalogue = self.papers / "catalogue.yaml"
        self.permit = self.papers / "permit.jws"
        self.dossier = self.papers / "dossier.json"
        self.permit_id = ""
        self.patients = 0

    def tell(self, patients: int) -> Story:
        """All steps in order."""
        self._begin(patients)
        with open_custody(self.story.home, self.clock) as custody:
            built = self._released(custody)
            self._patient(custody, built)
            self._study(custody, built)
            self._refusals(custody, built)
            self._stop(custody)
            settle(custody)
        self._ledger()
        return self.story

    def tell_released(self, patients: int) -> Permit:
        """The steps up to a release, and its sign-off."""
        self._begin(patients)
        with open_custody(self.story.home, self.clock) as custody:
            built = self._released(custody)
            studying.sign_off(custody, built.folder)
            settle(custody)
            return load_permit(custody, find_permit(custody, self.permit_id))

    def _begin(self, patients: int) -> None:
        self.patients = patients
        # Where other projects come first, the home is as old as they are.
        began = FixedClock(self.clock.now() - beside.BEFORE) if self.others else self.clock
        create_home(self.story.home, kind="demo", name=papers.CUSTODIAN["name"], clock=began)
        contacts = self.story.home / CONTACTS
        for folder in (self.inside, self.papers, contacts.parent):
            make_private_folder(folder)
        write_atomic(contacts, papers.REACHED.encode())
        self._hospital(patients)
        self._catalogue()
        self._example()
        with open_custody(self.story.home, began) as custody:
            adopt_people(custody, self.papers / "people")
            if self.others:
                remember_catalogue(custody, self.catalogue)
        if self.others:
            self._other_projects()
        if self.left_out:
            self._step("The hospital's other projects: left out", [beside.NOT_INSTALLED])

    def _released(self, custody: Custody) -> BuildReport:
        self._check(custody)
        self._application(custody)
        self._decision()
        self._permit(custody)
        return self._release(custody)

    def _step(self, title: str, lines: list[str], **figures: Any) -> None:
        number = len(self.story.steps) + 1
        self.story.steps.append(Step(title, tuple(lines), figures))
        self.say(f"\n{number}. {title}")
        for line in lines:
            self.say(f"   {line}")

    def _example(self) -> None:
        """What Amara has filled in and not yet sent, for whoever looks around in the service."""
        today = london_day(self.clock.now())
        service, documents = self.story.home / FOLDER, self.inside / "documents"
        application.write_example(service, documents, self.patients, today)

    def _hospital(self, patients: int) -> None:
        made = make_hospital(
            self.hospital,
            patients=patients,
            progress=lambda name, done: self.progress(f"Making the hospital: {name}", done),
        )
        chosen = write_choices(self.choices, self.hospital, checked_at=self.clock.now())
        self._step(
            "A hospital and its patients",
            [
                (
                    f"Made {made.trust}: {made.rows['patients']:,} patients, "
                    f"{made.rows['admissions']:,} hospital stays, "
                    f"{made.rows['lab_results']:,} laboratory results."
                ),
                "Nobody in it is real: every NHS number is from the range that is never issued.",
                (
                    f"The national opt-out service was asked about {chosen.requested:,} patients "
                    f"and allows {chosen.returned:,}. {chosen.objections:,} choices were made "
                    "locally."
                ),
            ],
            rows=dict(made.rows),
        )

    def _catalogue(self) -> None:
        self.progress("Scanning the hospital")
        suggested = self.papers / "catalogue-as-scanned.yaml"
        with open_source("folder", str(self.hospital)) as source:
            found = scan(source)
        write_catalogue(found, suggested)
        edited = papers.edit(load_document(suggested, "The suggested catalogue"))
        write_atomic(self.catalogue, (json.dumps(edited, indent=1) + "\n").encode())
        variables = [
            variable for table in edited["datasets"][0]["tables"] for variable in table["variables"]
        ]
        direct = [one for one in variables if one["role"] == "direct_identifier"]
        self._step(
            "A catalogue: what is held, and how it may be seen",
            [
                (
                    f"Looked once at each of {len(variables)} columns in "
                    f"{len(edited['datasets'][0]['tables'])} tables and suggested a role for each."
                ),
                f"{len(direct)} columns say who a person is. They are never shown as they are.",
                *(f"The data manager {edit}." for edit in papers.EDITS),
            ],
            columns=len(variables),
            direct_identifiers=len(direct),
        )

    def _other_projects(self) -> None:
        self.progress("A year of other projects")
        made = beside.make_others(self.story.home)
        self.story.others = made["projects"]
        self._step(
            "The hospital's other projects",
            [
                (
                    f"Over the year before, {made['projects']} other projects came to this "
                    "hospital. Time was moved for them; every step was real."
                ),
                (f"{len(made['permits'])} got a permit. Others were refused, taken back, or wait."),
            ],
            permits=made["permits"],
        )

    def _check(self, custody: Custody) -> None:
        self.progress("Checking the catalogue")
        catalogue = Catalogue.load(self.catalogue)
        with custody.home.run_folder() as work:
            report = check(
                catalogue,
                lambda dataset: open_source(dataset.source.kind, dataset.source.location),
                clock=self.clock,
                synthetic_only=True,
                work_folder=work,
            )
        if report.faults:
            raise Failure("CW-DEMO-USAGE", "The demonstration's own catalogue has a fault.")
        remember_catalogue(custody, self.catalogue)
        dataset = catalogue.datasets[0].id
        # Releases that are asked for in the service are made from these.
        remember_inputs(custody, dataset, self.catalogue, self.choices)
        self.progress("Counting what the catalogue may tell")
        figures = describe(custody, self.catalogue, dataset, self.choices).figures
        self._step(
            "The catalogue is checked against the data",
            [
                f"No faults, {len(report.warnings)} warnings for a person to read.",
                (
                    f"Anybody may read that it is about {figures.people or 0:,} people: rounded, "
                    "without those who said no, and with small numbers hidden."
                ),
            ],
            warnings=len(report.warnings),
            figures=figures.release,
        )

    def _application(self, custody: Custody) -> None:
        self.progress("People decide")
        catalogue = Catalogue.load(self.catalogue)
        version = application.send(
            "DEMO-2026-001", self.patients, catalogue, whole_milliseconds(custody.book.now())
        )
        self.deciding = Deciding(custody, version, catalogue)
        content = version.content
        self._step(
            "An application",
            [
                (
                    f"{content.people[0].name} of {content.organisation.name} asks for "
                    f"{len(version.asked)} columns, with a reason for each."
                ),
                (
                    "It is about AI, so two forms go with it: what the tool could do to people, "
                    "and what could happen to their data."
                ),
                "It was complete, so it could be sent. From then on nobody can change it.",
            ],
            application=version.application,
            asked=len(version.asked),
        )

    def _decision(self) -> None:
        made = self.deciding.all_steps()
        write_atomic(self.dossier, made.canonical())
        draft = json.dumps(made.draft, indent=1) + "\n"
        write_atomic(self.papers / "draft.json", draft.encode())
        votes = made.decision["votes"]
        self._step(
            "People decide",
            [
                (
                    "A workshop of ten patients and members of the public looked at the risks; "
                    "each of their points got an answer."
                ),
                "One member of the committee works with the applicant, said so, and did not vote.",
                (
                    f"{len(made.votes)} members voted, {votes['lay']} of them lay members: "
                    "approved, on a condition. Ethnic group is struck out; diagnoses are given "
                    "in groups."
                ),
                (
                    "Both sides accepted the agreement. The Caldicott Guardian and the Senior "
                    "Information Risk Owner countersigned."
                ),
                (
                    f"{len(made.acts)} signatures, each with its person's own key, each on the "
                    "ledger. In a real home this takes weeks."
                ),
            ],
            outcome=made.decision["outcome"],
            votes=len(made.votes),
            signatures=len(made.acts),
        )

    def _permit(self, custody: Custody) -> None:
        tried = refusals.changed_vote(self.dossier, lambda file: self._issue(custody, file))
        permit = self._issue(custody, self.dossier)
        self.permit_id = permit.id
        allowed = sum(len(table.variables) for table in permit.dataset.tables)
        self._step(
            "A permit: the decision that machines obey",
            [
                (
                    f"Permit {permit.id}, \u201c{permit.project.title}\u201d, for "
                    f"{permit.organisation.name}."
                ),
                (
                    f"It allows {allowed} of the columns, each in one form, until "
                    f"{permit.until:%d %B %Y}."
                ),
                (
                    "authority: committee. Before it was signed, every signature was checked "
                    "again, the votes were counted again, and the permit was made again from the "
                    "decision."
                ),
                f"{tried.tried}: {tried.sentence} ({tried.code})",
                "In a real home people now have 28 days to say no. Here there are none.",
            ],
            permit=permit.id,
            refused=tried.code,
        )

    def _issue(self, custody: Custody, dossier: Path) -> Permit:
        return issue_from_dossier(
            custody,
            dossier,
            DossierJudge(installed_rules()),
            ["permit-signer"],
            self.permit,
            Catalogue.load(self.catalogue),
        )

    def _release(self, custody: Custody) -> BuildReport:
        planned = plan_release(custody, self.permit, self.catalogue, self.choices, self.progress)
        self._step("A dry run", planned.sentences(), plan=planned.plain())
        built = build_release(
            custody, self.permit, self.catalogue, self.choices, None, self.progress
        )
        verified = verify_release(custody, built.folder, self.progress)
        if verified.faults:
            raise Failure("CW-DEMO-USAGE", "The demonstration's own release has a fault.")
        self.story.release, self.story.folder = built.plain()["release"], built.folder
        self._step(
            "A release: sealed, measured, on the ledger",
            [*built.sentences(), *verified.sentences()],
            release=built.plain(),
        )
        return built

    def _patient(self, custody: Custody, built: BuildReport) -> None:
        self.progress("Proving it to one patient")
        inside, outside = refusals.two_patients(custody, built.folder, self.hospital)
        proof = prove_person(custody, built.folder, inside)
        write_atomic(self.papers / "proof-for-one-patient.json", proof.canonical())
        release = proof.verify(list(custody.ledger_keys))
        state_absence(custody, built.folder, outside)
        self._step(
            "One patient asks: was my record used?",
            [
                (
                    f"A proof was made that one patient's record is in {release}; it was checked "
                    "with the ledger's public key alone."
                ),
                f"It has {len(proof.canonical()):,} bytes and says nothing about anybody else.",
                "Another patient, who is not in it, got a signed statement that says so.",
            ],
        )

    def _study(self, custody: Custody, built: BuildReport) -> None:
        self.progress("Running a study where the data are")
        studying.sign_off(custody, built.folder)
        try:
            with studying.enclave(custody) as enclave:
                code = studying.rare_diagnosis(self.hospital, self.patients)
                ran = enclave.run_both(self.permit_id, self.papers, code)
        except Unavailable as error:
            self._step(
                "Code comes to the data: not on this machine",
                [
                    f"{error.sentence} ({error.code})",
                    "So no study is run here.",
                ],
                unavailable=error.code,
            )
            return
        self._step(
            "Code comes to the data",
            [
                "Edward, who did not make the release, signed that it may be used.",
                (
                    "Amara sent two programs. They ran shut in, without any network, on the "
                    "release in memory. She never sees a row."
                ),
                "What they left are questions; the hospital's own program works out the answers.",
            ],
            jobs=[job.id for _, job in ran],
        )
        self.progress("Checking what asks to leave")
        lines, figures = studying.Airlock(custody).both(*ran)
        self._step("Only what is safe leaves", lines, outputs=figures)

    def _refusals(self, custody: Custody, built: BuildReport) -> None:
        self.progress("Trying what must not work")
        tried = refusals.try_all(
            custody, built.folder, self.catalogue, self.permit, self.choices, self.papers
        )
        self._step(
            "What is refused",
            [f"{one.tried}: {one.sentence} ({one.code})" for one in tried],
            refusals=[{"tried": one.tried, "code": one.code} for one in tried],
        )

    def _stop(self, custody: Custody) -> None:
        change_state(custody, self.permit, "revoke", "request_of_controller")
        refused = refusals.expect(
            "Building again",
            lambda: build_release(custody, self.permit, self.catalogue, self.choices),
        )
        with studying.enclave(custody) as enclave:
            study = self.papers / "in_hospital"
            second = refusals.expect(
                "Running the study again", lambda: enclave.run(self.permit_id, study)
            )
        self._step(
            "The permit is revoked",
            [f"{one.tried}: {one.sentence} ({one.code})" for one in (refused, second)],
            refused=refused.code,
        )

    def _ledger(self) -> None:
        self.progress("Verifying the ledger")
        report = verify_ledger(self.story.home, self.clock)
        self.story.faults = len(report.faults)
        if report.faults:
            raise Failure("CW-DEMO-USAGE", "The demonstration's own ledger has a fault.")
        self._step(
            "The ledger is verified",
            [
                (
                    f"All {report.entries} entries were recomputed from the first to the last: no "
                    "faults, and no step is missing."
                ),
            ],
            ledger=report.as_dict(),
        )
