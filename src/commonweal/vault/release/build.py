"""Building a release: all or nothing.

1. Permit, status and place are checked. 2. The ledger takes `release.authorised`, in order with the
permit's state. 3. Source, choices, forms and risk (`prepare`). 4. Everything is sealed into a
staging folder and put on the disk. 5. The ledger takes `release.completed`: refused if the permit
was stopped meanwhile. 6. The proof is added and the folder gets its name. A crash before 5 leaves
nothing; a crash after it is finished by the next run (`closing.recover`). However a build ends,
the ledger says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from commonweal.foundation.canonical import digest
from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.foundation.files import fsync_folder, fsync_tree, make_private_folder, translated
from commonweal.ledger.entry import Actor, Event
from commonweal.papers.missing import MissingExact
from commonweal.papers.permit import Permit
from commonweal.papers.release import ReleaseManifest
from commonweal.vault.choices import ChoiceResult
from commonweal.vault.custody import Custody
from commonweal.vault.equality.words import sentences as missing_sentences
from commonweal.vault.release.assembling import assemble
from commonweal.vault.release.closing import (
    MANAGER,
    Within,
    complete,
    discard,
    end_failed,
    nothing_more,
    recover,
)
from commonweal.vault.release.handover import deliver
from commonweal.vault.release.hints import advise
from commonweal.vault.release.intruding import intruders, require_passed, tested
from commonweal.vault.release.opening import require_fresh_choices
from commonweal.vault.release.prepare import (
    Prepared,
    opened_source,
    prepare,
    verify_unchanged,
)
from commonweal.vault.release.progress import Progress, quiet
from commonweal.vault.release.recipe import make_recipe
from commonweal.vault.release.release_keys import make_release_key
from commonweal.vault.release.session import (
    ProjectKeyring,
    check_now,
    load_permit,
    make_inputs,
    refuse_elsewhere,
)
from commonweal.vault.release.store import (
    BUILDING,
    airlock_folder,
    find_completed,
    next_release_id,
)
from commonweal.vault.release.writing import SealedFolder
from commonweal.vault.risk import Depth, RiskRefused
from commonweal.vault.tables.opening import EngineName, opened_engine


@dataclass(frozen=True)
class BuildReport:
    """What a build made. Exact figures: this stays inside the vault."""

    folder: Path
    manifest: dict[str, Any]
    seconds: float
    ledger_entry: int
    recovered: tuple[str, ...]
    choices: ChoiceResult
    forms: tuple[str, ...] = ()

    def plain(self) -> dict[str, Any]:
        """The report with the names of INTERFACES `release build`."""
        people = self.manifest["patients"]
        return {
            "release": self.manifest["release"],
            "permit": self.manifest["permit_id"],
            "folder": str(self.folder),
            "patients": people,
            **{k: v for k, v in self.manifest.items() if k == "missing"},
            "tables": {
                name: {"rows": table["rows"], "columns": [c["name"] for c in table["columns"]]}
                for name, table in self.manifest["tables"].items()
            },
            "risk": self.manifest["risk"],
            "objections": self.choices.counts(),
            "content_hash": content_hash(self.manifest),
            "seconds": round(self.seconds, 3),
            "ledger_entry": self.ledger_entry,
        }

    @property
    def missing(self) -> MissingExact | None:
        """Who of the source cannot be found, by group (P9)."""
        found = self.manifest.get("missing")
        return None if found is None else MissingExact.read(found, "The missing people")

    def sentences(self) -> list[str]:
        """The report in words, for the data manager."""
        people = self.manifest["patients"]
        risk = self.manifest["risk"]["after"]
        rows = sum(table["rows"] for table in self.manifest["tables"].values())
        return [
            *self.recovered,
            f"Release {self.manifest['release']} was made in {self.seconds:.1f} seconds.",
            (
                f"People considered: {people['considered']:,}; in the cohort: "
                f"{people['in_cohort']:,}; released: {people['released']:,}."
            ),
            (
                f"Kept back for testing models: {people['held_out']:,}; left out so that the risk "
                f"limits hold: {people['suppressed']:,}."
            ),
            *self.choices.sentences(),
            *missing_sentences(self.missing),
            f"Rows released: {rows:,} in {len(self.manifest['tables'])} table(s).",
            f"The smallest group of people who look alike has {risk['k']:,}.",
            *self.forms,
            f"It lies sealed in {self.folder}.",
            "These are exact figures: they stay here. Only the summary may leave.",
        ]


def build_release(
    custody: Custody,
    permit_path: Path,
    catalogue_path: Path,
    choices: Path,
    out: Path | None = None,
    progress: Progress = quiet,
    engine: EngineName = "duckdb",
    *,
    depth: Depth | None = None,
    by: Actor = MANAGER,
    reserved: str | None = None,
    hints: bool = True,
    within: Within = nothing_more,
) -> BuildReport:
    """Build the next release of a permit, with the table engine `engine`.

    `depth`: how far risk is measured. `by`: who asked. `reserved`: the id that was set aside for
    this release; where it is not the next one, another build came before and nothing is built
    (`Refused` CW-RELEASE-ID-TAKEN). `hints`: whether a refusal for risk comes with advice, which
    somebody must be there to read (S15). `within`: see `complete`.

    With `out` a release that was made, and of which somebody's choice is newer, stays in the store:
    `Unavailable` CW-RELEASE-CHOICES-OLD.

    Raises `PermitRefused`, the refusals of choices and risk, `Fault` for what is wrong in a paper
    or a source, `Unavailable` where something needed for safety is missing.
    """
    permit = load_permit(custody, permit_path)
    refuse_elsewhere(permit, out)
    if out is not None and out.exists():
        raise Fault("CW-FILE-EXISTS", f"{out.name} is already there.")
    with custody.home.run_lock(), custody.home.run_folder() as work:
        recovered = recover(custody)
        started = custody.clock.now()
        release, number, earlier = next_release_id(custody.ledger, permit)
        try:
            check_now(custody, permit, "release")
            _check_reserved(reserved, release)
        except CommonwealError as error:
            if reserved is not None:  # its order has ended, and is not taken up again later
                end_failed(custody, permit, reserved, error, by)
            raise
        try:
            custody.ledger.append(
                Event("release.authorised", by, _authorised(permit, release, earlier))
            )
            inputs = make_inputs(custody, permit, catalogue_path, choices, depth)
            run = _Run(custody, permit, release, number, earlier, work, progress, engine, by, hints,
                       within)  # fmt: skip
            folder, manifest, entry = run.build(inputs)
        except BaseException as error:
            end_failed(custody, permit, release, error, by)
            raise
    if out is not None:
        # What is handed over is gone: somebody may have said no while it was built.
        require_fresh_choices(custody, ReleaseManifest.read(manifest, "The manifest"))
        folder = deliver(folder, out)
    seconds = (custody.clock.now() - started).total_seconds()
    return BuildReport(folder, manifest, seconds, entry, tuple(recovered), run.choices, run.forms)


def finish_cut_off(custody: Custody, release: str) -> bool:
    """Finish or remove what a dead build of `release` left; True if that release now exists."""
    with custody.home.run_lock():
        recover(custody)
    return find_completed(custody.ledger, release) is not None


@dataclass
class _Run:
    custody: Custody
    permit: Permit
    release: str
    number: int
    earlier: str | None
    work: Path
    progress: Progress
    engine: EngineName
    by: Actor = MANAGER
    hints: bool = True
    within: Within = nothing_more
    choices: ChoiceResult = field(init=False)
    forms: tuple[str, ...] = ()

    def build(self, inputs: Any) -> tuple[Path, dict[str, Any], int]:
        """(folder, manifest, ledger entry) of the release, or an error and nothing left."""
        ring = ProjectKeyring(self.custody, self.permit, may_create=True)
        recipe = make_recipe(inputs.permit, inputs.catalogue)
        with (
            opened_engine(self.work, self.engine) as engine,
            opened_source(inputs, recipe) as source,
        ):
            trial = intruders(self.custody, self.progress)
            prepared = prepare(inputs, engine, source, ring.keys, self.progress, trial=trial)
            self.choices = prepared.chosen.choices
            if prepared.generalisation is not None:
                self.forms = tuple(prepared.generalisation.sentences())
            if prepared.breaches and not self.hints:
                raise RiskRefused(prepared.breaches)
            if prepared.breaches:
                raise advise(self.custody, prepared, self.release, self.by)
            prepared = tested(self.custody, prepared, self.progress)
            require_passed(prepared)
            staging = self._stage(prepared, ring)
            try:
                verify_unchanged(prepared, source)
                return self._finish(staging)
            except BaseException:
                discard(self.custody, self.release, staging)
                raise

    def _stage(self, prepared: Prepared, ring: ProjectKeyring) -> Path:
        releases = self.custody.home.releases
        staging = releases / f"{BUILDING}{self.release}"
        aside = airlock_folder(releases, self.release)
        try:
            make_private_folder(staging)
            make_private_folder(aside)
            info = make_release_key(self.custody, self.release, self.permit.project.id)
            ring.ids["release"] = info.id
            secret = self.custody.keyring.secret(info.name)
            assemble(
                self.custody,
                prepared,
                SealedFolder(staging, self.release, secret),
                aside,
                ring.ids,
                (self.number, self.earlier),
                self.progress,
            )
            with translated("the release"):
                fsync_tree(staging)
                fsync_tree(aside)
                fsync_folder(releases)
        except BaseException:
            discard(self.custody, self.release, staging)
            raise
        return staging

    def _finish(self, staging: Path) -> tuple[Path, dict[str, Any], int]:
        self.progress("Writing the release on the ledger")
        return complete(
            self.custody, self.permit, self.release, self.earlier, staging, self.by, self.within
        )


def _check_reserved(reserved: str | None, release: str) -> None:
    if reserved is not None and reserved != release:
        raise Refused("CW-RELEASE-ID-TAKEN", "Another release of this permit was made in between.")


def _authorised(permit: Permit, release: str, earlier: str | None) -> dict[str, Any]:
    fields: dict[str, Any] = {"permit": permit.id, "release": release}
    if earlier is not None:
        fields["refreshes"] = earlier
    return fields


def content_hash(manifest: dict[str, Any]) -> str:
    """One hash over the content of all data files, taken before sealing."""
    return digest(
        [
            [file["path"], file["content_hash"]]
            for name in sorted(manifest["tables"])
            for file in manifest["tables"][name]["files"]
        ]
    )
