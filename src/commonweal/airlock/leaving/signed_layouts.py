"""Where standing outputs lie, and taking what people sign about them.

| below `<home>/airlock/standing/<id>` | what |
|---|---|
| `standing.json` | the layout, its groups and its months |
| `acts/` | what people signed about it, one file each |
| `given_up/` | months that people left out, one file each |

Nothing in here decides. Each time a month is made, put forward or let out, every act is verified
again against roster and ledger by the judge, and the layout against what they signed; a file that
is gone, changed or added makes no approval. As with votes the file of an act comes first, the
ledger hears of it and it is judged in one transaction, and a file that the ledger never heard of
goes again.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from commonweal.airlock.leaving.ports import Ground, LayoutJudge
from commonweal.airlock.leaving.store import OutputStore, is_id
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.foundation.files import (
    STAGING_PREFIX,
    make_private_folder,
    only_one,
    read_bytes,
    staged_folder,
    translated,
    write_atomic,
)
from commonweal.ledger.details import commitment, new_salt
from commonweal.ledger.entry import Actor, Event
from commonweal.ledger.state import PermitLive
from commonweal.ledger.store import Writing
from commonweal.papers.act_records import ActRecords
from commonweal.papers.acts import CALLED as ACT_CALLED
from commonweal.papers.acts import SignedAct
from commonweal.papers.standing import MonthGivenUp, StandingOutput
from commonweal.papers.standing_case import JudgedLayout, StandingCase

STANDING, PAPER, ACTS, GIVEN_UP = "standing", "standing.json", "acts", "given_up"
CALLED = "The standing output"
_AIRLOCK = Actor("system", "airlock")
_MOST_PAPER, _MOST_ACT, _MOST_ACTS = 4 * 1024 * 1024, 256 * 1024, 1_000
_BROKEN = "CW-STANDING-CHANGED"


def folder_of(store: OutputStore, standing: str) -> Path:
    """The folder of a standing output. Raises `Refused` CW-STANDING-UNKNOWN where there is none."""
    folder = store.root / STANDING / standing
    if not is_id(standing) or not folder.is_dir():
        raise Refused("CW-STANDING-UNKNOWN", "There is no standing output of this name.")
    return folder


def standing_ids(store: OutputStore) -> list[str]:
    """The ids of every standing output that was proposed."""
    folder = store.root / STANDING
    if not folder.is_dir():
        return []
    with translated(STANDING):
        return sorted(one.name for one in folder.iterdir() if is_id(one.name) and one.is_dir())


def standing_case(store: OutputStore, ground: Ground, standing: str) -> StandingCase:
    """All that lies there about a standing output, none of it believed.

    What the ledger has not heard of is no act, however it came into the folder. Raises `Refused`
    CW-STANDING-UNKNOWN; `Fault` CW-STANDING-CHANGED and those of files.
    """
    found = _read(folder_of(store, standing), standing)
    records = ground.records(standing)
    members = [one.id for one in ground.permit(found.paper.permit_id).people]
    acts = [one for one in found.acts if one.act.id in records.acts]
    return StandingCase(found.paper, acts, found.given_up, members, records)


def judged_layout(
    store: OutputStore, ground: Ground, judge: LayoutJudge, standing: str
) -> tuple[StandingOutput, JudgedLayout]:
    """A standing output and how it stands now. Raises as `standing_case` and the judge."""
    case = standing_case(store, ground, standing)
    return case.paper, _judged(ground, judge, case)


def propose(
    store: OutputStore,
    ground: Ground,
    judge: LayoutJudge,
    paper: StandingOutput,
    signed: SignedAct,
) -> JudgedLayout:
    """Keep a layout that its author asks for; two others have to approve it.

    Raises `Refused` CW-STANDING-KNOWN, CW-STANDING-PEOPLE, CW-PERMIT-NOT-LIVE; `Fault`
    CW-STANDING-CHANGED where something else was signed; what `verify_act` raises.
    """
    _check_about(signed, "propose_standing", paper.id, paper.digest())
    permit = ground.permit(paper.permit_id)
    if permit.project.id != paper.project:
        raise Refused("CW-STANDING-PEOPLE", "The permit is one of another project.")
    make_private_folder(store.root)
    make_private_folder(store.root / STANDING)
    folder = store.root / STANDING / paper.id
    with _alone(store):
        ground.settle()
        known = ground.records(paper.id)
        if _was_taken(known, signed):
            return _judged(ground, judge, standing_case(store, ground, paper.id))
        if known.acts.keys() - {signed.act.id}:
            raise Refused("CW-STANDING-KNOWN", "A standing output of this name is there already.")
        _lay_down(folder, paper, signed)
        try:
            judged = _propose(store, ground, judge, paper, signed)
        except BaseException:
            with contextlib.suppress(CommonwealError):
                if not _was_taken(ground.records(paper.id), signed):
                    shutil.rmtree(folder, ignore_errors=True)
            raise
        ground.settle()
    return judged


def _lay_down(folder: Path, paper: StandingOutput, signed: SignedAct) -> None:
    with translated(STANDING):
        # Cut off before it was taken: nobody asked for it.
        shutil.rmtree(folder, ignore_errors=True)
    with staged_folder(folder) as staging:
        write_atomic(staging / PAPER, paper.canonical())
        make_private_folder(staging / ACTS)
        make_private_folder(staging / GIVEN_UP)
        write_atomic(staging / ACTS / f"{signed.act.id}.json", signed.canonical())


def _propose(
    store: OutputStore,
    ground: Ground,
    judge: LayoutJudge,
    paper: StandingOutput,
    signed: SignedAct,
) -> JudgedLayout:
    salt = new_salt()
    fields = {
        "permit": paper.permit_id, "standing": paper.id,
        "layout": commitment(salt, paper.canonical()),
    }  # fmt: skip
    content = {"salt": salt.hex(), "layout": paper.digest()}
    with ground.transaction() as writing:
        ground.record(writing, signed)
        judged = _judged(ground, judge, standing_case(store, ground, paper.id))
        ground.use(writing, [signed.act.id], paper.id, paper.permit_id)
        event = Event("standing.proposed", Actor("researcher", paper.author), fields)
        writing.append(event, ground.details(content))
    return judged


def bring_acts(
    store: OutputStore,
    ground: Ground,
    standing: str,
    brought: Iterable[tuple[SignedAct, MonthGivenUp | None]],
) -> None:
    """Keep what the ledger has heard of already, so that the judge misses none.

    People sign at the same moment, and the signer brings each to the ledger before any comes here.
    What the ledger does not know stays where it is.
    """
    with _alone(store):
        folder = folder_of(store, standing)
        records = ground.records(standing)
        for signed, month in brought:
            with contextlib.suppress(Refused):
                records.heard(signed)
                if month is not None:
                    write_atomic(_month_file(folder, month), month.canonical())
                write_atomic(folder / ACTS / f"{signed.act.id}.json", signed.canonical())


def approve(
    store: OutputStore, ground: Ground, judge: LayoutJudge, signed: SignedAct
) -> JudgedLayout:
    """Take the word of a person who may judge a layout. With the second yes it is approved.

    Raises `Refused` CW-STANDING-UNKNOWN, CW-STANDING-STATE where it was ended,
    CW-STANDING-PEOPLE for a word that would not count, CW-PERMIT-NOT-LIVE; what the judge raises.
    """
    act = signed.act
    with _alone(store):
        paper, before = _before(store, ground, judge, signed)
        _check_about(signed, "approve_standing", paper.id, paper.digest())
        if before.state == "ended":
            raise Refused("CW-STANDING-STATE", "This standing output was ended.")
        with _taken(store, ground, signed, None) as case, ground.transaction() as writing:
            ground.record(writing, signed)
            records = ground.records(paper.id)
            judged = _judged(ground, judge, replace(case, records=records))
            if act.verdict == "approve" and act.id not in judged.approvals:
                raise _would_not_count()
            if act.verdict != "approve" and judged.state != "refused":
                raise _would_not_count()
            used = [one for one in judged.approvals if records.acts[one].used_for is not None]
            if judged.state == "approved" and not used:
                _write_approved(ground, writing, paper, judged)
        ground.settle()
    return judged


def end(store: OutputStore, ground: Ground, judge: LayoutJudge, signed: SignedAct) -> JudgedLayout:
    """End a standing output for good: no further month is made, and none leaves any more.

    Raises `Refused` CW-STANDING-UNKNOWN, CW-STANDING-STATE, CW-STANDING-PEOPLE; what the judge
    raises.
    """
    with _alone(store):
        paper, before = _before(store, ground, judge, signed)
        _check_about(signed, "end_standing", paper.id, paper.digest())
        if _was_taken(ground.records(paper.id), signed):
            return judged_layout(store, ground, judge, paper.id)[1]
        if before.state == "ended":
            raise Refused("CW-STANDING-STATE", "This standing output was ended.")
        with _taken(store, ground, signed, None) as case, ground.transaction() as writing:
            ground.record(writing, signed)
            judged = _judged(ground, judge, replace(case, records=ground.records(paper.id)))
            if judged.state != "ended":
                raise _would_not_count()
            ground.use(writing, [signed.act.id], paper.id, paper.permit_id)
            about = {"permit": paper.permit_id, "standing": paper.id}
            writing.append(Event("standing.ended", _AIRLOCK, about))
        ground.settle()
    return judged


def give_up(
    store: OutputStore,
    ground: Ground,
    judge: LayoutJudge,
    signed: SignedAct,
    month: MonthGivenUp,
) -> JudgedLayout:
    """Leave a month out. Who calls it has seen that the month does not wait for reviewers.

    Raises `Refused` CW-STANDING-UNKNOWN, CW-STANDING-MONTH, CW-STANDING-PEOPLE; `Fault`
    CW-STANDING-CHANGED; what the judge raises.
    """
    with _alone(store):
        paper, before = _before(store, ground, judge, signed)
        _check_about(signed, "give_up_month", paper.id, month.digest())
        if month.layout != paper.digest() or month.standing != paper.id:
            raise Fault(_BROKEN, "The month is one of another layout.")
        if _was_taken(ground.records(paper.id), signed):
            return judged_layout(store, ground, judge, paper.id)[1]
        if month.month not in paper.months() or month.month in before.given_up:
            raise Refused(
                "CW-STANDING-MONTH",
                "The layout does not stand for this month, or it was left out before.",
            )
        with _taken(store, ground, signed, month) as case, ground.transaction() as writing:
            ground.record(writing, signed)
            judged = _judged(ground, judge, replace(case, records=ground.records(paper.id)))
            if month.month not in judged.given_up:
                raise _would_not_count()
            ground.use(writing, [signed.act.id], paper.id, paper.permit_id)
            fields = {"permit": paper.permit_id, "standing": paper.id,
                      "output": paper.output(month.month)}  # fmt: skip
            writing.append(Event("standing.given_up", _AIRLOCK, fields))
        ground.settle()
    return judged


# --- what they share ------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Lies:
    """What lies in a folder."""

    paper: StandingOutput
    acts: tuple[SignedAct, ...]
    given_up: Mapping[str, MonthGivenUp]


def _read(folder: Path, standing: str) -> _Lies:
    content = read_bytes(folder / PAPER, CALLED, limit=_MOST_PAPER)
    paper = StandingOutput.read(parse_json(content, CALLED), CALLED, _BROKEN)
    if paper.id != standing:
        raise Fault(_BROKEN, "A standing output lies in the folder of another.")
    acts = tuple(SignedAct.load(parse_json(one, ACT_CALLED)) for one in _all(folder / ACTS))
    given = [
        MonthGivenUp.read(parse_json(one, "The month"), "The month", _BROKEN)
        for one in _all(folder / GIVEN_UP)
    ]
    return _Lies(paper, acts, {one.digest(): one for one in given})


def _all(folder: Path) -> Iterator[bytes]:
    if not folder.is_dir():
        return
    with translated(folder.name):
        names = sorted(one for one in folder.iterdir() if one.suffix == ".json")
    whole = [one for one in names if not one.name.startswith(STAGING_PREFIX)]
    if len(whole) > _MOST_ACTS:
        raise Fault(_BROKEN, "There is more about a standing output than there can be.")
    for path in whole:
        yield read_bytes(path, CALLED, limit=_MOST_ACT)


def _before(
    store: OutputStore, ground: Ground, judge: LayoutJudge, signed: SignedAct
) -> tuple[StandingOutput, JudgedLayout]:
    """A layout and how it stood without an act, which the ledger may have heard of already."""
    ground.settle()
    case = standing_case(store, ground, signed.act.subject)
    records = ActRecords({k: v for k, v in case.records.acts.items() if k != signed.act.id})
    acts = [one for one in case.acts if one.act.id != signed.act.id]
    return case.paper, _judged(ground, judge, replace(case, acts=acts, records=records))


def _was_taken(records: ActRecords, signed: SignedAct) -> bool:
    """Whether what follows from an act was written already; a second time nothing follows.

    Raises `Refused` CW-ACT-NOT-RECORDED for another act of its id.
    """
    if signed.act.id not in records.acts:
        return False
    return records.heard(signed).used_for is not None


def _month_file(folder: Path, month: MonthGivenUp) -> Path:
    return folder / GIVEN_UP / f"{month.digest().removeprefix('sha256:')}.json"


def _judged(ground: Ground, judge: LayoutJudge, case: StandingCase) -> JudgedLayout:
    at = ground.now()
    return judge(case, ground.rosters(), ground.trust(at), at, home=ground.home)


@contextlib.contextmanager
def _taken(
    store: OutputStore, ground: Ground, signed: SignedAct, month: MonthGivenUp | None
) -> Iterator[StandingCase]:
    """The case with a new act, whose files lie there for the length of the block and after it only
    if the ledger heard of it."""
    folder = folder_of(store, signed.act.subject)
    act = folder / ACTS / f"{signed.act.id}.json"
    left_out = None if month is None else _month_file(folder, month)
    case = standing_case(store, ground, signed.act.subject)
    if month is not None and left_out is not None:
        write_atomic(left_out, month.canonical())
        case = replace(case, given_up={**case.given_up, month.digest(): month})
    write_atomic(act, signed.canonical())
    others = [one for one in case.acts if one.act.id != signed.act.id]
    try:
        yield replace(case, acts=[*others, signed])
    finally:
        with contextlib.suppress(CommonwealError):
            if signed.act.id not in ground.records(signed.act.subject).acts:
                act.unlink(missing_ok=True)
                if left_out is not None:
                    left_out.unlink(missing_ok=True)


def _write_approved(
    ground: Ground, writing: Writing, paper: StandingOutput, judged: JudgedLayout
) -> None:
    salt = new_salt()
    ground.use(writing, judged.approvals, paper.id, paper.permit_id)
    fields = {
        "permit": paper.permit_id, "standing": paper.id, "months": len(paper.months()),
        "layout": commitment(salt, paper.canonical()),
    }  # fmt: skip
    content = {"salt": salt.hex(), "layout": paper.digest(), "acts": list(judged.approvals)}
    live = PermitLive(paper.permit_id, ("active",))
    writing.append(Event("standing.approved", _AIRLOCK, fields), ground.details(content), live)


@contextlib.contextmanager
def _alone(store: OutputStore) -> Iterator[None]:
    make_private_folder(store.root)
    with only_one(store.lock, "the outputs"):
        yield


def _check_about(signed: SignedAct, kind: str, subject: str, digest: str) -> None:
    act = signed.act
    if (act.kind, act.subject, act.object_digest) != (kind, subject, digest):
        raise Fault(_BROKEN, "What was signed is about another standing output, or another layout.")


def _would_not_count() -> Refused:
    return Refused(
        "CW-STANDING-PEOPLE",
        "This would not count: a layout is judged by output checkers who are not of its project, "
        "and stopped by people of the project or the hospital.",
    )
