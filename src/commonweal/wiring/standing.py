"""Standing outputs as commands and the airlock's worker use them: where each stands, and the month
that is due, made once.

A month is made under the lock of its standing output and written on the ledger in the transaction
that finds that it was not put forward yet; so whoever is killed leaves no half month, and two who
begin at once make one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from commonweal.airlock.checking import CheckReport, FileReport
from commonweal.airlock.leaving.freezing import Draft, freeze, submit_month
from commonweal.airlock.leaving.gathering import gather
from commonweal.airlock.leaving.months import GONE, Months, months_of
from commonweal.airlock.leaving.releasing import whole_history
from commonweal.airlock.leaving.signed_layouts import folder_of, judged_layout, standing_ids
from commonweal.airlock.leaving.signed_layouts import give_up as leave_out
from commonweal.airlock.leaving.store import OutputStore, Submitted
from commonweal.airlock.profile import RuleProfile
from commonweal.airlock.session import Session
from commonweal.airlock.standing import MonthProposal, make_month, nothing_due
from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.foundation.files import only_one, write_atomic
from commonweal.foundation.london import london_day
from commonweal.governance.outputs import judge_layout, output_judge, require_approved
from commonweal.papers.acts import SignedAct
from commonweal.papers.job import LeftFile
from commonweal.papers.output_manifest import Origin, RulesUsed
from commonweal.papers.standing import MonthGivenUp, StandingOutput, last_day
from commonweal.papers.standing_case import JudgedLayout
from commonweal.vault.custody import Custody, find_permit, load_permit
from commonweal.vault.custody.output_ground import OutputGround
from commonweal.vault.release.closing import newest
from commonweal.vault.release.lending import MEMORY
from commonweal.vault.release.store import read_manifest
from commonweal.wiring.loans import Loan, Opened, unsealed
from commonweal.wiring.outputs import resumed, store_of

_LOCK = "lock"


@dataclass(frozen=True)
class StandingNow:
    """A standing output, what was signed about it, and its months. `fault`: why it cannot be
    believed; then nothing else is known."""

    id: str
    paper: StandingOutput | None = None
    judged: JudgedLayout | None = None
    months: Months | None = None
    fault: CommonwealError | None = None

    @property
    def due(self) -> str | None:
        """The month that can be made now."""
        approved = self.judged is not None and self.judged.state == "approved"
        return self.months.due if approved and self.months is not None else None


def standing_now(custody: Custody, standing: str) -> StandingNow:
    """How a standing output stands, every act verified. Raises as `judged_layout`."""
    store, ground = store_of(custody), OutputGround(custody)
    paper, judged = judged_layout(store, ground, judge_layout, standing)
    months = months_of(paper, judged.given_up, ground.written(), ground.now())
    return StandingNow(standing, paper, judged, months)


def every_standing(custody: Custody) -> list[StandingNow]:
    """Every standing output; one that cannot be believed is listed with what is wrong with it."""
    found = []
    for one in standing_ids(store_of(custody)):
        try:
            found.append(standing_now(custody, one))
        except CommonwealError as error:
            found.append(StandingNow(one, fault=error))
    return found


def put_forward(
    opened: Opened,
    standing: str,
    *,
    returned: bool = False,
    profile: str | None = None,
    memory: Path = MEMORY,
) -> Submitted:
    """Make the month that is due, and put it forward as an output for two people.

    `returned`: also one that reviewers returned, which nobody makes anew by itself. `profile`: the
    file of the permit's profile, where it is the custodian's own. Raises what verifying, lending,
    recomputing, the audit and freezing raise; `Refused` CW-STANDING-STATE, CW-STANDING-DUE,
    CW-STANDING-MONTH, CW-STANDING-RELEASE; `Unavailable` CW-BUSY.
    """
    with opened() as custody:
        lock = folder_of(store_of(custody), standing) / _LOCK
    with only_one(lock, "this standing output"):
        with opened() as custody:
            asked = _asked(custody, standing, returned, profile)
        with unsealed(opened, asked.release, memory) as lent:
            made = _made(opened, asked, lent)
            draft = _draft(asked, made, lent)
            with opened() as custody:
                ground = OutputGround(custody)
                frozen = freeze(asked.store, ground, draft)
                return submit_month(asked.store, ground, output_judge, frozen)


def give_up(custody: Custody, signed: SignedAct, month: MonthGivenUp) -> JudgedLayout:
    """Leave a month out, unless it has gone already or waits for two people.

    Raises as `signed_layouts.give_up`; `Refused` CW-STANDING-MONTH.
    """
    store, ground = resumed(custody), OutputGround(custody)
    with only_one(folder_of(store, month.standing) / _LOCK, "this standing output"):
        now = standing_now(custody, month.standing)
        state = None if now.months is None else now.months.states.get(month.month)
        if state == "waiting":
            raise Refused(
                "CW-STANDING-MONTH",
                f"{month.month} waits for two people.",
                remedy="Let them reject it.",
            )
        if state in GONE:
            raise Refused("CW-STANDING-MONTH", f"{month.month} does not hold up another month.")
        return leave_out(store, ground, judge_layout, signed, month)


@dataclass(frozen=True)
class _Asked:
    """What is to be made, found while the home was open."""

    store: OutputStore
    paper: StandingOutput
    months: Months
    month: str
    release: Path
    limits: RuleProfile
    at: datetime


def _asked(custody: Custody, standing: str, returned: bool, profile: str | None) -> _Asked:
    store, ground = resumed(custody), OutputGround(custody)
    paper, judged = judged_layout(store, ground, judge_layout, standing)
    require_approved(judged)
    at = ground.now()
    months = months_of(paper, judged.given_up, ground.written(), at)
    month = _month(paper, months, returned)
    permit = load_permit(custody, find_permit(custody, paper.permit_id))
    limits = RuleProfile.of_permit(permit.outputs, profile)
    return _Asked(store, paper, months, month, _release(custody, paper, month), limits, at)


def _month(paper: StandingOutput, months: Months, returned: bool) -> str:
    month = months.next
    if month is None:
        raise nothing_due(paper.id)
    state = months.states[month]
    if state == "waiting":
        raise Refused("CW-STANDING-MONTH", f"{paper.output(month)} waits for two people.")
    if state == "returned" and not returned:
        raise Refused(
            "CW-STANDING-MONTH",
            f"{paper.output(month)} was returned by its reviewers.",
            remedy="Have it made again on purpose, or give it up.",
        )
    return month


def _release(custody: Custody, paper: StandingOutput, month: str) -> Path:
    """The permit's newest release, made once the month was complete."""
    latest = newest(custody, paper.permit_id)
    complete = last_day(month) + timedelta(days=paper.settles_days)
    if latest is not None:
        folder = custody.home.releases / latest.release
        held = read_manifest(custody.home.releases, folder, custody.belief)
        if london_day(held.built_at) > complete:
            return folder
    raise Refused(
        "CW-STANDING-RELEASE",
        f"The permit has no release from after {complete:%d %B %Y}, when {month} was complete.",
        remedy="Make the permit's next release; the month is made from it.",
    )


def _made(opened: Opened, asked: _Asked, lent: Loan) -> MonthProposal:
    with opened() as custody:
        # Sealed, and as the ledger says it is: the months before are in it.
        earlier = whole_history(asked.store, OutputGround(custody))
    proposals = lent.folder.parent / "proposal"
    proposals.mkdir(mode=0o700)
    with Session.over(lent.release) as session:
        return make_month(
            asked.paper, session, lent.audit_map, earlier, proposals, asked.limits,
            asked.at, asked.months.gone,
        )  # fmt: skip


@dataclass(frozen=True)
class _OneFile:
    """A month's request, as if a job had left it."""

    files: Sequence[LeftFile]


def _draft(asked: _Asked, made: MonthProposal, lent: Loan) -> Draft:
    """The month as a draft: its request, which stays, and its figures, which would leave."""
    if made.month != asked.month:
        raise Refused("CW-STANDING-MONTH", "Another month is due than the one that was begun.")
    paper, work = asked.paper, lent.folder.parent / "month"
    (work / "outputs").mkdir(parents=True, mode=0o700)
    (work / "made").mkdir(mode=0o700)
    content = made.request.canonical()
    hashed = f"sha256:{hashlib.sha256(content).hexdigest()}"
    name = f"{paper.id}.json"
    write_atomic(work / "outputs" / name, content)
    report = FileReport(name, "output_request", hashed, made.findings, made.table, made.cells)
    left = LeftFile(file=name, kind="request", sha256=hashed, bytes=len(content))
    gathered = gather(work, _OneFile((left,)), CheckReport(asked.limits, (report,)), work / "made")
    limits = asked.limits
    return Draft(
        id=paper.output(made.month), title=made.request.title, author=paper.author,
        permit=paper.permit_id, release=lent.manifest.release,
        release_hash=lent.manifest.digest(), context=paper.context, controls=paper.controls,
        sources=gathered.sources, found=gathered.found,
        profile=RulesUsed(name=limits.name, version=str(limits.version), hash=limits.digest()),
        compared=made.audited.pinned.compared, audit=made.audited.plain(), proposal=made.folder,
        origin=Origin(kind="standing", of=paper.id, made_from=paper.digest()),
    )  # fmt: skip
