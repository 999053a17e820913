"""Who may look at outputs, judge and recall them, and what they propose (`check_x` says why not).

Output checkers read everything of an output that waits, but the author, whoever the permit names
and who said that they have an interest do not. Others of the hospital who answer for it see what
waits and what has left, and nothing that was found (S6). For everybody else there is nothing here.

People judge blind: what somebody voted is shown as `governance.outputs.visible_to` gives it, and
nothing else on a page may hang on a vote before two people have judged.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from django.db.models import QuerySet

from commonweal.foundation.acts import ActKind
from commonweal.foundation.canonical import parse_json
from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.outputs import Vote, may_judge, visible_to, vote_faults
from commonweal.governance.roles import RoleName
from commonweal.governance.same_person import People
from commonweal.governance.states.output import OUTPUT
from commonweal.governance.states.parties import RECALLERS
from commonweal.papers.output_manifest import (
    REVIEWERS,
    Findings,
    OutputManifest,
    OutputRecall,
    OutputReview,
)
from commonweal.web.accounts.models import User
from commonweal.web.accounts.policies import memberships_on
from commonweal.web.config import clock
from commonweal.web.config.turns import MOST, Turn, turn
from commonweal.web.orders import DONE, FAILED, OPEN, REFUSED
from commonweal.web.outputs.models import DOWNLOAD, Output, OutputOrder, ReviewPapers
from commonweal.web.outputs.policies import JUDGED, LEFT, check_recall, none
from commonweal.web.releases.policies import roles_for
from commonweal.web.signing.models import ASKED, ON_LEDGER, PROPOSED, SIGNED, Act
from commonweal.web.signing.services import propose

CHECKER: RoleName = "output_checker"
VIEWERS: frozenset[RoleName] = frozenset({*RECALLERS, "data_manager"})
"""Roles of the hospital that see which outputs wait, and which have left."""
RECALLING = frozenset(RECALLERS)
DECIDED = frozenset({"approved", "releasing", *LEFT, "returned", "rejected"})
"""States in which people have judged, so that their votes are no secret any more."""
MEASURED = ("released", "returned", "rejected")
"""States whose time is that of the decision, or shortly after it."""
UNSEEN = ("draft", "blocked", "failed", "submitted", "checking")
"""States in which nobody asked yet that it may leave."""
REVIEW: ActKind = "review_output"
RECALL: ActKind = "recall_output"
PERIOD = timedelta(days=30)
LARGE = ("manifest", "told", "public")
"""Columns that no list needs."""
_MOST_MEASURED = 500


def seen_projects(person: User, day: date) -> frozenset[str]:
    """The projects whose outputs a person sees on `day`; the empty name: all."""
    return frozenset(
        one.project
        for one in memberships_on(person, day)
        if one.organisation.kind == "custodian" and one.role in VIEWERS
    )


def sees_reviews(person: User, day: date) -> bool:
    """True for whoever sees the outputs of at least some projects."""
    return bool(seen_projects(person, day))


def check_works_here(person: User, day: date) -> None:
    """Refuse whoever has nothing to do here. Raises `Fault` CW-WEB-NOT-FOUND."""
    if not sees_reviews(person, day):
        raise none()


def is_of_project(person: User, output: Output) -> bool:
    """True for the author and whoever the permit names, or somebody whose account looks so."""
    return person.public_id in People([output.author, *output.members])


def conflicted(output: Output) -> list[str]:
    """Who said, on any turn, that they have an interest of their own in an output."""
    acts = Act.objects.filter(
        kind=REVIEW, subject=output.reference, verdict="conflicted", state__in=ON_LEDGER
    )
    return list(acts.values_list("person__public_id", flat=True))


def not_by(output: Output) -> list[str]:
    """Who may not judge an output."""
    return [output.author, *output.members, *conflicted(output)]


def output_of(person: User, reference: str, day: date) -> tuple[Output, frozenset[str]]:
    """An output that somebody asked for, and the roles in which the person sees it.

    Raises `Fault` CW-WEB-NOT-FOUND: nobody learns whether there is one.
    """
    row = Output.objects.filter(reference=reference).exclude(state__in=UNSEEN).first()
    if row is None or is_of_project(person, row):
        raise none()
    roles = roles_for(person, row.project, day) & VIEWERS
    if not roles:
        raise none()
    return row, roles


def seen_outputs(person: User, day: date) -> QuerySet[Output]:
    """The outputs that a person sees, but for those in which they have a part."""
    projects = seen_projects(person, day)
    rows = Output.objects.exclude(state__in=UNSEEN).exclude(author=person.public_id)
    if "" in projects:
        return rows
    return rows.filter(project__in=projects)


def without_own(person: User, rows: Iterable[Output]) -> list[Output]:
    """Rows but those of projects that name the person."""
    return [one for one in rows if not is_of_project(person, one)]


# --- judging ------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Case:
    """What a checker reads of an output: the papers as they were signed, each held to its digest.

    `votes`: those that this person may see, oldest first. `mine`: their own newest. `open_`: two
    people have judged, so that votes are shown.
    """

    output: Output
    papers: ReviewPapers
    manifest: OutputManifest
    findings: Findings
    votes: tuple[Vote, ...]
    mine: Vote | None
    open_: bool


def check_read(person: User, output: Output, roles: frozenset[str]) -> None:
    """Refuse whoever may not read what was found of an output. Raises `Refused` CW-WEB-DENIED."""
    if CHECKER not in roles:
        raise Refused("CW-WEB-DENIED", "Only people who check outputs read what was found.")
    if not may_judge(person.public_id, not_by(output)):
        raise Refused("CW-WEB-DENIED", "You said that you have an interest of your own in this.")
    if output.state not in JUDGED:
        raise Refused("CW-STATE-STEP", f"Nobody judges it now. {OUTPUT.sentences[output.state]}")
    if clock.now() >= output.expires_at:
        raise Refused("CW-STATE-STEP", "The time for this output is over.")


def case_of(person: User, output: Output) -> Case:
    """The papers of an output that waits, for whom `check_read` lets read them.

    Raises `Refused` CW-STATE-STEP where they are not there yet; `Fault` CW-WEB-VERSION where the
    rows are not what was signed.
    """
    papers = (
        ReviewPapers.objects.select_related("output")
        .filter(output=output, turn=output.turn)
        .first()
    )
    if papers is None or papers.manifest is None:
        raise Refused("CW-STATE-STEP", "What was found is not here yet. Look again in a minute.")
    manifest = OutputManifest.read(papers.manifest, "The output manifest", "CW-WEB-VERSION")
    findings = Findings.read(papers.findings or {}, "The findings", "CW-WEB-VERSION")
    same = (
        manifest.digest() == output.digest
        and findings.digest() == manifest.findings
        and (manifest.id, manifest.turn) == (output.reference, output.turn)
        and papers.is_whole()
    )
    if not same:
        raise Fault("CW-WEB-VERSION", "This output was changed in the database; ask for help.")
    out, votes = not_by(output), _votes(papers)
    seen = tuple(sorted(visible_to(person.public_id, votes, out), key=lambda one: one.entry))
    own = [one for one in seen if one.reviewer in People([person.public_id])]
    judged = People(one.reviewer for one in seen if one.reviewer not in People(out))
    return Case(
        output, papers, manifest, findings, seen, own[-1] if own else None,
        open_=len(judged) >= REVIEWERS,
    )  # fmt: skip


def case_or_none(person: User, reference: str, day: date) -> Case:
    """The case of an output that a person may judge now, for what is shown beside its page.

    Raises `Fault` CW-WEB-NOT-FOUND in every other case: the answer is one for somebody else's
    output, one that is decided, and one that there never was.
    """
    try:
        output, roles = output_of(person, reference, day)
        check_read(person, output, roles)
        return case_of(person, output)
    except (Refused, Fault):
        raise none() from None


def _votes(papers: ReviewPapers) -> list[Vote]:
    return [
        Vote(
            str(one["act"]),
            str(one["by"]),
            OutputReview.read(one["review"], "A review", "CW-WEB-VERSION"),
            int(one["entry"]),
        )
        for one in papers.votes
    ]


def is_on_its_way(person: User, output: Output) -> bool:
    """Whether a vote of the person's own on this turn was signed and is not counted yet."""
    mine = Act.objects.filter(person=person, kind=REVIEW, object_digest=output.digest)
    if mine.filter(state__in=(SIGNED, ASKED)).exists():
        return True
    return OutputOrder.objects.filter(act__in=mine, state__in=OPEN).exists()


def trouble(person: User, output: Output) -> str:
    """Why the person's own newest vote on this turn came to nothing; empty if it did not."""
    act = Act.objects.filter(person=person, kind=REVIEW, object_digest=output.digest).exclude(
        state=PROPOSED
    ).last()  # fmt: skip
    if act is None:
        return ""
    order = OutputOrder.objects.filter(act=act, state__in=(REFUSED, FAILED)).first()
    return act.sentence if order is None else order.sentence


def names_of(people: Iterable[str]) -> dict[str, str]:
    """What people are called, by their account."""
    rows = User.objects.filter(public_id__in=set(people))
    return dict(rows.values_list("public_id", "name"))


def propose_vote(person: User, case: Case, written: Mapping[str, Any], back: str) -> Act:
    """An act for `person` to sign: their vote on the turn that they read.

    `written`: `verdict`, `reasons`, `overrides`, `to_author` and `note` of an `OutputReview`.
    Raises `Refused` CW-WEB-SIGNED, CW-LEAVING-REVIEWER; `PaperInvalid`; what the handler raises.
    """
    if is_on_its_way(person, case.output):
        raise Refused("CW-WEB-SIGNED", "Your vote is on its way. Wait until the log has it.")
    review = OutputReview.read(
        {
            "output_review": 1,
            "output": case.manifest.id,
            "manifest": case.manifest.digest(),
            "findings": case.manifest.findings,
            **written,
        },
        "The review",
    )
    for sentence in vote_faults(review, case.manifest, case.findings):
        raise Refused("CW-LEAVING-REVIEWER", sentence)
    return propose(
        person,
        CHECKER,
        REVIEW,
        review.verdict,
        subject=case.output.reference,
        object_digest=case.output.digest,
        back=back,
        content=review,
    )


# --- after it has left --------------------------------------------------------------------------


def propose_recall(person: User, output: Output, reasons: str, back: str) -> Act:
    """An act for `person` to sign: this output should not have left. Raises as `check_recall`."""
    role = check_recall(person, output, clock.today())
    plain = {"output_recall": 1, "output": output.reference, "reasons": reasons,
             "at": stamp(clock.now())}  # fmt: skip
    paper = OutputRecall.read(plain, "The recall", "CW-LEAVING-ACTS")
    return propose(
        person,
        role,
        RECALL,
        "recall",
        subject=output.reference,
        object_digest=paper.digest(),
        back=back,
        wish={"recall": paper.plain()},
    )


def votes_on(output: Output, digest: str | None = None) -> list[tuple[Act, OutputReview]]:
    """Each person's newest vote on a turn that people have decided (`digest`; else the newest one).

    They are what people signed and the ledger heard of. A turn that ended before two people had
    judged keeps its votes to itself: its next turn is judged blind as well.
    """
    if digest is None and output.state not in DECIDED:
        return []
    acts = Act.objects.filter(
        kind=REVIEW, subject=output.reference, object_digest=digest or output.digest,
        state__in=ON_LEDGER, content__isnull=False,
    ).select_related("person").order_by("entry")  # fmt: skip
    newest = {act.person_id: act for act in acts}
    judged = People(
        one.person.public_id for one in newest.values() if one.verdict != "conflicted"
    )  # fmt: skip
    if len(judged) < REVIEWERS:
        return []
    return [
        (act, OutputReview.read(parse_json(bytes(act.content or b""), "A review"), "A review"))
        for act in newest.values()
    ]


def refused_by_airlock(output: Output, roles: frozenset[str]) -> str:
    """The code with which the airlock last did not let an approved output leave; for checkers."""
    if CHECKER not in roles or output.state != "approved":
        return ""
    papers = ReviewPapers.objects.filter(output=output).only("refused").first()
    return "" if papers is None else papers.refused


def fetched_by(output: Output) -> list[str]:
    """Who fetched an output that left, by the service's own record; the sealed log has all."""
    orders = OutputOrder.objects.filter(kind=DOWNLOAD, output=output.reference, state=DONE)
    return sorted(set(orders.values_list("asked_by__name", flat=True)))


# --- waiting ------------------------------------------------------------------------------------


def waits(person: User, day: date) -> list[Output]:
    """The outputs that wait for people and that the person sees, oldest first.

    The order and the times hang on when it was submitted, and on no vote.
    """
    rows = seen_outputs(person, day).filter(state__in=JUDGED, expires_at__gt=clock.now())
    return without_own(person, rows.order_by("waits_since", "id").defer(*LARGE))


def median_days(person: User, day: date) -> float | None:
    """How many days outputs waited that were decided in the last 30: half of them less.

    An output waits from when the log heard that its author asked, until it left or came back.
    """
    ended = seen_outputs(person, day).filter(
        state__in=MEASURED, ended_at__gte=clock.now() - PERIOD
    ).order_by("-ended_at")  # fmt: skip
    until = dict(ended.values_list("digest", "ended_at")[:_MOST_MEASURED])
    asked = Act.objects.filter(
        kind="submit_output", state__in=ON_LEDGER, object_digest__in=list(until)
    ).values_list("object_digest", "heard_at")  # fmt: skip
    spans = [
        (until[digest] - since).total_seconds() / 86_400
        for digest, since in asked
        if since is not None
    ]
    return statistics.median(spans) if spans else None


def own_verdicts(person: User, rows: Sequence[Output]) -> dict[str, str]:
    """The person's own newest verdict on each of these outputs' turns, by the output's name."""
    acts = Act.objects.filter(
        person=person, kind=REVIEW, state__in=(SIGNED, ASKED, *ON_LEDGER),
        object_digest__in=[one.digest for one in rows],
    ).order_by("made_at")  # fmt: skip
    return dict(acts.values_list("subject", "verdict"))


def out_of(person: User) -> frozenset[str]:
    """The outputs in which the person said that they have an interest."""
    acts = Act.objects.filter(
        person=person, kind=REVIEW, verdict="conflicted", state__in=ON_LEDGER
    )  # fmt: skip
    return frozenset(acts.values_list("subject", flat=True))


def waiting(person: User, day: date) -> list[Turn]:
    """Outputs that wait for this person to judge them. Roles for one project count for it."""
    projects = frozenset(
        one.project
        for one in memberships_on(person, day)
        if one.organisation.kind == "custodian" and one.role == CHECKER
    )
    if not projects:
        return []
    rows = [
        one for one in waits(person, day) if "" in projects or one.project in projects
    ]  # fmt: skip
    judged, out = own_verdicts(person, rows), out_of(person)
    open_ = [
        one
        for one in rows
        if one.reference not in out
        and (one.reference not in judged or one.state == "consolidating")
    ]
    return [turn(_words(one), one.title, "outputs:review", one.reference) for one in open_[:MOST]]


def _words(output: Output) -> str:
    if output.state == "consolidating":
        return "Two people judged differently: look at an output"
    return "Check an output"
