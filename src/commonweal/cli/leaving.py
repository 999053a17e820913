"""`commonweal airlock submit`, `review`, `release` and the rest: an output's way out of a home.

The commands sign with keys that a demonstration home keeps. Where people hold security keys they
sign on the pages of the service; the release is the same.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.cli.options import HomeOption, JsonOption, new_place, opened
from commonweal.cli.show import emit
from commonweal.foundation.errors import Refused, WrongUsage

if TYPE_CHECKING:
    from commonweal.airlock.leaving.store import OutputStore, Submitted
    from commonweal.governance.outputs import Vote
    from commonweal.papers.acts import Act, SignedAct
    from commonweal.papers.output_manifest import OutputDecision, OutputManifest, OutputReview
    from commonweal.vault.custody import Custody

_VERDICTS = ("approve", "return", "reject", "conflicted")

OutputArgument = Annotated[str, typer.Argument(help="The id of the output.", metavar="OUTPUT")]
ByOption = Annotated[str, typer.Option("--by", help="Who acts: the id of a person of the roster.")]
KeyOption = Annotated[str, typer.Option("--key", help="The key that this person signs with.")]


def review(
    ctx: typer.Context,
    output: OutputArgument,
    verdict: Annotated[str, typer.Option(help="approve, return, reject or conflicted.")],
    by: ByOption,
    key: KeyOption,
    reason: Annotated[
        list[str] | None,
        typer.Option(help="Why not: a reason, or FILE=REASON; may be given again."),
    ] = None,
    override: Annotated[
        list[str] | None,
        typer.Option(
            help="Why a failed check does not stop it: FILE=REASON or audit=REASON; again for each."
        ),
    ] = None,
    to_author: Annotated[
        str | None, typer.Option(help="Words for the author, shown once it is decided.")
    ] = None,
    note: Annotated[
        str | None, typer.Option(help="Words for other reviewers, shown once both have judged.")
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Judge an output and sign it: two people do, each without seeing the other's vote.

    The sentence that is signed is printed. A failed check leaves only if both give a reason for it.
    """
    from commonweal.airlock.leaving.reviewing import take_vote
    from commonweal.governance.outputs import output_judge
    from commonweal.vault.custody.output_ground import OutputGround

    if verdict not in _VERDICTS:
        raise WrongUsage("CW-USAGE", f"A verdict is one of {', '.join(_VERDICTS)}.")
    with opened(ctx, home) as custody:
        store = resumed(custody)
        found = store.read(output)
        written = _written(found, verdict, reason or [], override or [], to_author, note)
        act = act_of(custody, by, "review_output", written.verdict, found.manifest,
                   content=written.digest())  # fmt: skip
        signed = signed_by(custody, act, key)
        decision = take_vote(store, OutputGround(custody), output_judge, signed, written)
    # The count would say how others voted; who signs is told only what follows from it.
    told = decision.outcome if decision.outcome != "conflict" else "consolidating"
    plain = {"output": output, "verdict": written.verdict, "act": act.id, "outcome": told}
    emit(json, plain, [act.statement, f"It is signed. The output: {told}."])


def _written(
    found: Submitted,
    verdict: str,
    reasons: list[str],
    overrides: list[str],
    to_author: str | None,
    note: str | None,
) -> OutputReview:
    from commonweal.papers.output_manifest import OutputReview, needing_override

    needed = needing_override(found.manifest, found.findings)
    given = []
    for text in overrides:
        what, mark, why = text.rpartition("=")
        if not mark or what not in needed:
            raise WrongUsage("CW-USAGE", "An override is FILE=REASON, of a check that failed.")
        given.append({"what": what, "verdict": needed[what], "reason": why})
    said = []
    for text in reasons:
        file, mark, why = text.rpartition("=")
        said.append({"reason": why} | ({"file": file} if mark else {}))
    plain = {
        "output_review": 1, "output": found.manifest.id, "manifest": found.manifest.digest(),
        "findings": found.manifest.findings, "verdict": verdict, "reasons": said,
        "overrides": given,
        **({} if to_author is None else {"to_author": to_author}),
        **({} if note is None else {"note": note}),
    }  # fmt: skip
    return OutputReview.read(plain, "The review", "CW-LEAVING-REVIEW")


def release(
    ctx: typer.Context, output: OutputArgument, home: HomeOption = None, json: JsonOption = False
) -> None:
    """Let an output leave that two people have approved.

    Everything is verified again: each file, each signature, the permit, and the audit against all
    that has left. What has left already is told again and does not leave twice.
    """
    from commonweal.airlock.leaving.releasing import release as run
    from commonweal.governance.outputs import output_judge
    from commonweal.vault.custody import publish_register
    from commonweal.vault.custody.output_ground import OutputGround

    with opened(ctx, home) as custody:
        done = run(resumed(custody), OutputGround(custody), output_judge, output)
        publish_register(custody)
    plain = {
        "output": done.output, "released": True, "now": done.now, "folder": str(done.folder),
        "ledger_entry": done.intent,
    }  # fmt: skip
    how = "has left" if done.now else "had left before"
    emit(json, plain, [f"{output} {how}. Its project finds it in {done.folder}."])


def recall(
    ctx: typer.Context,
    output: OutputArgument,
    because: Annotated[str, typer.Option(help="Why it should not have left; it is published.")],
    by: ByOption,
    key: KeyOption,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Say in public that an output should not have left, and give it to nobody any more.

    One person is enough. It takes nothing back: the answer says in whose names its files were given
    out before, which nobody has proven.
    """
    from commonweal.airlock.leaving.giving import recall as run
    from commonweal.foundation.clock import stamp
    from commonweal.papers.output_manifest import OutputRecall
    from commonweal.vault.custody import publish_register
    from commonweal.vault.custody.output_ground import OutputGround

    with opened(ctx, home) as custody:
        ground = OutputGround(custody)
        require_id(output)
        now = stamp(ground.now())
        plain = {"output_recall": 1, "output": output, "reasons": because, "at": now}
        paper = OutputRecall.read(plain, "The recall", "CW-LEAVING-REVIEW")
        act = act_about(custody, by, "recall_output", "recall", output, paper.digest())
        done = run(store_of(custody), ground, signed_by(custody, act, key), paper)
        publish_register(custody)
    told = {"output": output, "recalled": True, "ledger_entry": done.intent,
            "downloaded_by": list(done.downloaded_by)}  # fmt: skip
    who = ", ".join(done.downloaded_by) or "nobody"
    said = f"Its links are stopped. Its files were given out in the names of: {who}."
    emit(json, told, [act.statement, said])


def withdraw(
    ctx: typer.Context,
    output: OutputArgument,
    by: Annotated[str, typer.Option("--by", help="Its author.")],
    key: KeyOption,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Take an output back before it leaves: its author signs it, about the turn that waits."""
    from commonweal.airlock.leaving.giving import withdraw as run
    from commonweal.vault.custody.output_ground import OutputGround

    with opened(ctx, home) as custody:
        store = store_of(custody)
        act = act_of(custody, by, "withdraw_output", "withdraw", store.read(output).manifest)
        entry = run(store, OutputGround(custody), signed_by(custody, act, key))
    emit(json, {"output": output, "withdrawn": True, "ledger_entry": entry},
         [act.statement, f"{output} is taken back; nothing of it leaves."])  # fmt: skip


def download(
    ctx: typer.Context,
    output: OutputArgument,
    by: Annotated[str, typer.Option("--by", help="Who takes it: a person of the project.")],
    to: Annotated[Path, typer.Option(help="The folder to make.", callback=new_place)],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Give the files of an output that has left to its project, while its permit is live."""
    from commonweal.airlock.leaving.giving import download as run
    from commonweal.vault.custody.output_ground import OutputGround

    with opened(ctx, home) as custody:
        run(store_of(custody), OutputGround(custody), output, by, to)
    files = sorted(path.name for path in to.iterdir())
    plain = {"output": output, "to": str(to), "files": files}
    emit(json, plain, [f"{len(files)} files are in {to}."])


def crate(
    ctx: typer.Context,
    project: Annotated[str, typer.Argument(help="The id of the project.")],
    out: Annotated[Path, typer.Option(help="The folder to make.", callback=new_place)],
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Write a project's released outputs as a Five Safes RO-Crate, in a BagIt bag.

    For the project and for others' tools. It names authors; people who checked are the hospital.
    """
    from commonweal.airlock.leaving.crate import write_crate
    from commonweal.vault.custody.output_ground import OutputGround

    with opened(ctx, home) as custody:
        name = custody.home.info.name
        outputs = write_crate(store_of(custody), OutputGround(custody), project, name, out)
    plain = {"project": project, "folder": str(out), "outputs": list(outputs)}
    emit(json, plain, [f"{len(outputs)} outputs are in {out}."])


def record(
    ctx: typer.Context, output: OutputArgument, home: HomeOption = None, json: JsonOption = False
) -> None:
    """Show the record of a release: by which criteria it was let out (SATRE 3.3.09).

    The whole one, with the author's words and the files' hashes: for the project and staff. It
    names no person. What everybody may have of it is on the public register.
    """
    from commonweal.airlock.leaving.giving import released_record
    from commonweal.vault.custody.output_ground import OutputGround

    with opened(ctx, home) as custody:
        plain = released_record(store_of(custody), OutputGround(custody), output)
    used = plain["criteria"]["profile"]
    lines = [
        f"{output} left at {plain['released_at']} under permit {plain['permit']['id']}.",
        f"Held against {used['name']} {used['version']}.",
        f"{plain['criteria']['audited_against']:,} outputs had left before; held against them.",
        f"{plain['criteria']['reviewers']['approved']} people approved it.",
    ]
    lines += [f"{one['what']}: {one['says']}" for one in plain["criteria"]["overrides"]]
    lines += [f"{one['path']} ({one['kind']}): {one['grade_says']}" for one in plain["files"]]
    emit(json, plain, lines)


def list_outputs(ctx: typer.Context, home: HomeOption = None, json: JsonOption = False) -> None:
    """List outputs and where each stands. Says nothing of what was found, or of who voted how."""
    from commonweal.vault.custody.output_ground import OutputGround

    with opened(ctx, home) as custody:
        store, rows = store_of(custody), []
        for output in store.ids():
            if not store.turns(output):
                continue
            try:
                found = store.read(output)
            except Refused as error:
                if error.code != "CW-KEY-DESTROYED":
                    raise
                rows.append({"output": output, "turn": store.turns(output)[-1],
                             "state": "destroyed", "project": None,
                             "title": "The key of its project was destroyed.",
                             "expires": None})  # fmt: skip
                continue
            state, _, _ = _standing(store, OutputGround(custody), found)
            manifest = found.manifest
            rows.append({"output": output, "turn": manifest.turn, "state": state,
                         "project": manifest.project, "title": manifest.title,
                         "expires": manifest.plain()["expires"]})  # fmt: skip
    lines = [
        f"{row['output']} (turn {row['turn']}): {row['state']}: {row['title']}" for row in rows
    ]
    emit(json, {"outputs": rows}, lines or ["There are no outputs."])


def look(
    ctx: typer.Context,
    output: OutputArgument,
    for_: Annotated[
        str, typer.Option("--for", help="Who reads: author (as it is) or reviewer.")
    ] = "author",
    by: Annotated[
        str | None, typer.Option("--by", help="The reviewer who looks.", show_default=False)
    ] = None,
    home: HomeOption = None,
    json: JsonOption = False,
) -> None:
    """Show an output: to its author, or everything that was found to a reviewer.

    A reviewer sees no vote but their own before two people have judged.
    """
    from commonweal.vault.custody.output_ground import OutputGround

    if for_ not in ("author", "reviewer") or (for_ == "reviewer") is (by is None):
        raise WrongUsage("CW-USAGE", "An output is shown to its author, or --for reviewer --by.")
    with opened(ctx, home) as custody:
        ground = OutputGround(custody)
        store = store_of(custody)
        found = store.read(output)
        state, decision, votes = _standing(store, ground, found)
        if by is None:
            plain = _for_author(found.manifest, state, decision, votes)
        else:
            _require_reviewer(custody, by)
            members = [one.id for one in ground.permit(found.manifest.permit).people]
            plain = _for_reviewer(found, state, by, votes, members)
    emit(json, plain, _lines(plain))


def _for_author(
    manifest: OutputManifest, state: str, decision: OutputDecision | None, votes: list[Vote]
) -> dict[str, Any]:
    from commonweal.governance.outputs import for_author

    told = None if decision is None else for_author(decision, votes)
    return {
        "output": manifest.id, "turn": manifest.turn, "state": state, "title": manifest.title,
        "files": [one.path for one in manifest.files], "told": told,
    }  # fmt: skip


def _for_reviewer(
    found: Submitted, state: str, by: str, votes: list[Vote], members: list[str]
) -> dict[str, Any]:
    from commonweal.governance.outputs import may_judge, visible_to

    manifest, not_by = found.manifest, [found.manifest.author, *members]
    if not may_judge(by, not_by):
        raise Refused("CW-LEAVING-REVIEWER", "Who is of the project does not judge its outputs.")
    seen = visible_to(by, votes, not_by)
    return {
        "output": manifest.id, "turn": manifest.turn, "state": state, "title": manifest.title,
        "verdict": found.findings.verdict(), "manifest": manifest.plain(),
        "findings": [one.plain() for one in found.findings.files],
        "audit": found.findings.audit,
        "votes": [{"by": one.reviewer, **one.review.plain()} for one in seen],
    }  # fmt: skip


def _lines(plain: dict[str, Any]) -> list[str]:
    lines = [f"{plain['output']} (turn {plain['turn']}): {plain['state']}: {plain['title']}"]
    if "verdict" in plain:
        lines.append(f"Verdict of the checks: {plain['verdict']}.")
        for one in plain["findings"]:
            lines.append(f"{one['path']}: {one['verdict']}")
            lines += [f"  {f['code']}: {f['sentence']}" for f in one["report"].get("findings", ())]
            lines += [_summary(column) for column in one["report"].get("summaries", ())]
            lines += [f"  it says: {text!r}" for text in one["report"].get("reading", ())]
            lines += one["report"].get("card", ())
        lines += [f"  audit: {f['sentence']}" for f in (plain["audit"] or {}).get("findings", ())]
        lines += [f"{one['by']}: {one['verdict']}" for one in plain["votes"]]
        return lines
    told = plain["told"]
    if told is not None:
        lines.append(f"Decided: {told['outcome']}.")
        lines += [f"{one['file'] or 'All'}: {one['says']}" for one in told["reasons"]]
        lines += told["words"]
    return lines


def _summary(column: dict[str, Any]) -> str:
    """One column of a declared table, in a line."""
    least, most = column["least_above_nothing"], column["most"]
    said = [
        f"column {column['column']} {column['name']}: {column['type']}",
        f"{column['distinct']} different",
        f"{column['missing']} missing or hidden",
    ]
    said += [f"smallest above 0 is {least:g}"] if least is not None else []
    said += [f"largest {most:g}"] if most is not None else []
    said += [f"{column['small']} small counts"] if column["small"] is not None else []
    said += ["all divisible by 5"] if column["fives"] else []
    return "  " + ", ".join(said)


# --- what the commands share --------------------------------------------------------------------


def require_id(output: str) -> None:
    """Refuse what can be no output's id. Raises `Refused` CW-LEAVING-UNKNOWN."""
    from commonweal.airlock.leaving.store import is_id

    if not is_id(output):
        raise Refused("CW-LEAVING-UNKNOWN", "There is no output of this name.")


def store_of(custody: Custody) -> OutputStore:
    """The airlock's folder of a home."""
    from commonweal.wiring.outputs import store_of as found

    return found(custody)


def resumed(custody: Custody) -> OutputStore:
    """The same, once what a cut left behind was named or thrown away."""
    from commonweal.wiring.outputs import resumed as found

    return found(custody)


def _standing(
    store: OutputStore, ground: Any, found: Submitted
) -> tuple[str, OutputDecision | None, list[Vote]]:
    """State, count and votes of an output. Votes that cannot be believed make no count."""
    from commonweal.wiring.outputs import stands

    now = stands(store, ground, found)
    return now.state, now.decision, list(now.votes)


def _require_reviewer(custody: Custody, by: str) -> None:
    now = custody.book.now()
    person = custody.rosters.history().at(now).person(by)
    if person is None or not person.holds("output_checker", now):
        raise Refused("CW-LEAVING-REVIEWER", "The roster names no output checker of this id.")


def act_of(
    custody: Custody, by: str, kind: Any, verdict: str, manifest: OutputManifest, **more: Any
) -> Act:
    """An act about one turn of an output."""
    return act_about(custody, by, kind, verdict, manifest.id, manifest.digest(), **more)


def act_about(
    custody: Custody, by: str, kind: Any, verdict: str, subject: str, digest: str, **more: Any
) -> Act:
    """An act of a person in the role of the roster in which they may do this."""
    from commonweal.papers.act_table import ACTS
    from commonweal.papers.acts import new_act

    now = custody.book.now()
    person = custody.rosters.history().at(now).person(by)
    if person is None:
        raise Refused("CW-ACT-PERSON", "The roster does not name this person.")
    able = [term.role for term in person.roles if term.role in ACTS[kind].roles]
    held = [role for role in able if person.holds(role, now)]
    if not held:
        raise Refused("CW-ACT-ROLE", "This person holds no role in which this can be done.")
    return new_act(
        kind=kind, verdict=verdict, actor=by, role=held[0], subject=subject, object_digest=digest,
        home=custody.home.id, at=now, **more,
    )  # fmt: skip


def signed_by(custody: Custody, act: Act, key: str) -> SignedAct:
    """The act, signed with a key that a demonstration home keeps for the person."""
    from commonweal.papers.acts import software_signed

    return software_signed(act, custody.keyring.signer(key), custody.book.now())
