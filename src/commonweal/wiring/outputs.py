"""An output's way out of a home, as commands and workers begin it: what a job left is checked,
audited and frozen; and how a frozen one stands.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from commonweal.airlock.audit.history import Pin
from commonweal.airlock.audit.running import Progress, quiet
from commonweal.airlock.kept import not_sealed_yet
from commonweal.airlock.leaving.freezing import Draft, Frozen, freeze, resume
from commonweal.airlock.leaving.gathering import Gathered, gather, job_paths, read_job
from commonweal.airlock.leaving.releasing import judged_case, whole_history
from commonweal.airlock.leaving.sealing import unsealed_folders
from commonweal.airlock.leaving.store import OutputStore, Submitted, is_id
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.recompute.made import MadeFile, made_files
from commonweal.airlock.together import Joined, Submission, check_together
from commonweal.foundation.clock import SystemClock
from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.governance.outputs import Vote, output_judge, standing
from commonweal.ledger.outputs import OutputEvent
from commonweal.papers.job import JobOutputs
from commonweal.papers.output_manifest import OutputDecision, RulesUsed
from commonweal.papers.permit import Permit
from commonweal.vault.custody import Custody, find_permit, load_permit
from commonweal.vault.custody.output_ground import OutputGround
from commonweal.vault.custody.output_keys import OutputKeys
from commonweal.vault.release.job_desk import JobDesk
from commonweal.vault.release.lending import MEMORY
from commonweal.vault.release.store import read_manifest
from commonweal.wiring.checks import Check, begin_check, check_id
from commonweal.wiring.loans import Loan, Opened, declared_kinds, desk_on, unsealed

FOLDER = "airlock"
"""The airlock's folder of a home."""
SECONDS = 60.0
"""How long sums and bounds of many figures are looked for, unless more is asked."""


@dataclass(frozen=True)
class Asked:
    """What an author asks: a job's folder, the output's id, its words, and who asks.

    `files`: names of those that are asked for; None: all that the job left. `profile`: the file of
    the permit's profile, where it is the custodian's own. `seconds`: for the audit. `check`: the
    id under which it counts (`checks.check_id`); one that begins anew has a new one.
    """

    folder: Path
    output: str
    title: str
    context: str
    controls: str
    author: str
    files: tuple[str, ...] | None = None
    profile: str | None = None
    seconds: float = SECONDS
    check: str = field(default_factory=check_id)


def check_and_freeze(
    opened: Opened, asked: Asked, memory: Path = MEMORY, progress: Progress = quiet
) -> Frozen:
    """Check what a job left on its own release, audit it with all that has left, and freeze it.

    Nothing of what was found is said here; it is in the frozen turn, for reviewers. Raises what
    `read_job`, `job_paths`, `unsealed`, `whole_history`, `check_together`, `gather` and `freeze`
    raise; `Refused` CW-LEAVING-JOB, CW-LEAVING-AUTHOR, CW-LEAVING-PERMIT, CW-LEAVING-QUOTA.
    """
    left = read_job(asked.folder)
    with opened() as custody:
        store = resumed(custody)
        release = custody.home.releases / left.release
        permit = _require_author(custody, left, asked.author)
        _require_release(custody, left)
        limits = RuleProfile.of_permit(permit.outputs, asked.profile)
        chosen, made = _chosen(left, asked.files), _made(asked.folder, left)
        begin_check(custody, permit, Check(asked.check, left.job, asked.output, asked.author))
    paths = job_paths(asked.folder, chosen)
    with unsealed(opened, release, memory) as lent:
        submission = Submission(
            paths, asked.output, SystemClock().now(), lent.folder.parent / "proposal", made
        )
        joined, gathered = _checked(
            opened, asked, chosen, submission, limits, lent, store, progress
        )
        proposal = submission.proposal / asked.output
        with opened() as custody:
            draft = _draft(custody, left, asked, limits, joined, gathered, proposal)
            return freeze(store, OutputGround(custody), draft)


def _checked(
    opened: Opened,
    asked: Asked,
    chosen: JobOutputs,
    submission: Submission,
    limits: RuleProfile,
    lent: Loan,
    store: OutputStore,
    progress: Progress,
) -> tuple[Joined, Gathered]:
    with opened() as custody:
        past = whole_history(store, OutputGround(custody))
    with desk_on(opened, lent, declared_kinds(chosen), chosen) as desk:
        joined = check_together(
            submission, limits, lent.release, lent.audit_map, past,
            desk=desk, seconds=asked.seconds, progress=progress,
        )  # fmt: skip
    tables = lent.folder.parent / "tables"
    tables.mkdir(mode=0o700)
    return joined, gather(asked.folder, chosen, joined.report, tables)


def _chosen(left: JobOutputs, files: tuple[str, ...] | None) -> JobOutputs:
    """Of what a job left only what is asked for; each file is the one that the ledger knows.

    A column of single people cannot be asked for.
    """
    could = tuple(one for one in left.files if one.kind != "person_column")
    chosen = could if files is None else tuple(one for one in could if one.file in files)
    if not chosen or (files is not None and len(chosen) != len(set(files))):
        raise Refused("CW-LEAVING-JOB", "A file is asked for that the job did not leave.")
    return left.model_copy(update={"files": chosen})


def _made(folder: Path, left: JobOutputs) -> dict[str, MadeFile]:
    """The columns of single people that a job made: all of them, whatever its author chose, each
    with the hash that the ledger's paper of the job has."""
    own = tuple(one for one in left.files if one.kind == "person_column")
    columns = left.model_copy(update={"files": own})
    hashes = [one.sha256 for one in own]
    return made_files(zip(job_paths(folder, columns), hashes, strict=True))


def job_folder(custody: Custody, job: str) -> Path:
    """Where the outputs of a job lie. Raises `Refused` CW-LEAVING-JOB for a name that is none."""
    folder = custody.home.path / "enclave" / "jobs" / require_name(job)
    if not folder.is_dir():
        raise Refused("CW-LEAVING-JOB", "There is no job of this name that left anything.")
    return folder


def require_name(name: str) -> str:
    """A name that may stand in a path. Raises `Refused` CW-LEAVING-UNKNOWN."""
    if not is_id(name):
        raise Refused("CW-LEAVING-UNKNOWN", "There is no output or job of this name.")
    return name


def _require_author(custody: Custody, left: JobOutputs, by: str) -> Permit:
    """What the ledger says a job left is submitted by who ran it, under the permit it ran under."""
    known = JobDesk(custody).recorded(left.permit, left.job)
    if known is None or known.outputs != left.digest():
        raise Refused(
            "CW-LEAVING-JOB",
            "The ledger does not know that a job left this.",
            remedy="Name the folder in which the job's outputs were collected, as it is.",
        )
    permit = load_permit(custody, find_permit(custody, left.permit))
    if by != left.submitted_by or by not in {one.id for one in permit.people}:
        raise Refused("CW-LEAVING-AUTHOR", "What a job left is submitted by who ran the job.")
    if permit.project.id != left.project or permit.digest() != left.permit_hash:
        raise Refused("CW-LEAVING-PERMIT", "The permit is not the one that the job ran under.")
    return permit


def _require_release(custody: Custody, left: JobOutputs) -> None:
    """A job mounts a release of its own permit; figures of another are of other people."""
    folder = custody.home.releases / left.release
    held = read_manifest(custody.home.releases, folder, custody.belief)
    if held.permit_id != left.permit:
        raise Refused("CW-LEAVING-PERMIT", "The release is not one of the job's permit.")


def _draft(
    custody: Custody,
    left: JobOutputs,
    asked: Asked,
    limits: RuleProfile,
    joined: Joined,
    gathered: Gathered,
    proposal: Path,
) -> Draft:
    held = read_manifest(
        custody.home.releases, custody.home.releases / left.release, custody.belief
    )
    compared: tuple[Pin, ...] = () if joined.audit is None else joined.audit.pinned.compared
    behind = () if asked.files is None else tuple(
        one.file for one in left.files
        if one.file not in asked.files and one.kind != "person_column"
    )  # fmt: skip
    return Draft(
        id=asked.output, title=asked.title, author=asked.author, permit=left.permit,
        release=left.release, release_hash=held.digest(), job=left.job, study=left.study,
        context=asked.context, controls=asked.controls, sources=gathered.sources,
        found=gathered.found,
        profile=RulesUsed(name=limits.name, version=str(limits.version), hash=limits.digest()),
        compared=compared,
        audit=None if joined.audit is None else joined.audit.plain(),
        proposal=None if joined.audit is None else proposal,
        left_behind=behind,
    )  # fmt: skip


# --- how outputs stand ----------------------------------------------------------------------------


def store_of(custody: Custody) -> OutputStore:
    """The airlock's folder of a home, with the keys of what is kept in it."""
    return OutputStore(custody.home.path / FOLDER, OutputKeys(custody.keyring))


def resumed(custody: Custody) -> OutputStore:
    """The same, once what a cut left behind was named or thrown away.

    Raises `Unavailable` CW-AUDIT-UNSEALED where an older version left anything in the clear.
    """
    store = store_of(custody)
    if unsealed_folders(store)[0]:
        raise not_sealed_yet()
    resume(store, OutputGround(custody))
    return store


@dataclass(frozen=True)
class Stands:
    """How a turn stands: its state, what its votes make (None: that cannot be told), each vote."""

    state: str
    decision: OutputDecision | None
    votes: tuple[Vote, ...]


def stands(
    store: OutputStore,
    ground: OutputGround,
    found: Submitted,
    written: tuple[OutputEvent, ...] | None = None,
) -> Stands:
    """State, count and votes of an output. Votes that cannot be believed make no count.

    `written`: the events of all outputs, for whoever has them at hand.
    """
    every = ground.written() if written is None else written
    events = [one for one in every if one.output == found.manifest.id]
    records = ground.records(found.manifest.id).acts
    try:
        decision = judged_case(store, ground, output_judge, found).decision
    except CommonwealError:
        decision = None
    state = standing(
        [(one.type, one.fields.get("step")) for one in events], decision, found.manifest,
        ground.now(),
    )  # fmt: skip
    votes = []
    for one in found.acts:
        review = found.reviews.get(one.act.content or "")
        if one.act.id in records and review is not None:
            entry = records[one.act.id].heard.entry
            votes.append(Vote(one.act.id, one.act.actor, review, entry))
    return Stands(state, decision, tuple(sorted(votes, key=lambda one: one.entry)))
