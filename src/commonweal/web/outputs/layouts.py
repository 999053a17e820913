"""Standing outputs on the pages: who may sign what about one, and what follows from it.

The service writes no more than an order to the airlock, which verifies every act itself (S11).
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date
from typing import Any, ClassVar

from django.db.models import Q, QuerySet
from django.urls import reverse

from commonweal.foundation.acts import ActKind
from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import Fault, Refused
from commonweal.governance.outputs import may_judge
from commonweal.governance.same_person import People
from commonweal.papers.act_table import ACTS
from commonweal.papers.standing import MonthGivenUp, StandingOutput, month_words
from commonweal.web.accounts.models import User
from commonweal.web.config import clock
from commonweal.web.outputs.models import LAYOUT, Layout, OutputOrder
from commonweal.web.outputs.policies import none, outputs_of, role_of
from commonweal.web.outputs.reviewing import seen_outputs, seen_projects, without_own
from commonweal.web.releases.policies import roles_for
from commonweal.web.signing.handlers import Told
from commonweal.web.signing.models import HEARD, Act
from commonweal.web.signing.services import propose

PROPOSE: ActKind = "propose_standing"
APPROVE: ActKind = "approve_standing"
END: ActKind = "end_standing"
GIVE_UP: ActKind = "give_up_month"
LAYOUT_KINDS: tuple[ActKind, ...] = (PROPOSE, APPROVE, END, GIVE_UP)
_OPEN_MONTHS = ("due", "again", "returned", "later")


def seen_layouts(person: User, day: date) -> QuerySet[Layout]:
    """The standing outputs that a person sees: of their projects, or of those they look after."""
    seen = seen_projects(person, day)
    wanted = Q(pk__in=[
        row.pk for row in Layout.objects.only("members") if person.public_id in row.members
    ])  # fmt: skip
    wanted |= Q() if "" in seen else Q(project__in=seen)
    return Layout.objects.all() if "" in seen else Layout.objects.filter(wanted)


def layout_of(person: User, reference: str, day: date) -> Layout:
    """One that a person sees. Raises `Fault` CW-WEB-NOT-FOUND."""
    row = seen_layouts(person, day).filter(reference=reference).first()
    if row is None:
        raise none()
    return row


# --- who may, in which role -----------------------------------------------------------------------


def check_sign(person: User, row: Layout, kind: ActKind, day: date) -> str:
    """The role in which a person signs an act of `kind` about a layout now.

    Raises `Fault` CW-WEB-NOT-FOUND for whoever may never; `Refused` CW-STANDING-STATE.
    """
    held = set(roles_for(person, row.project, day)) & ACTS[kind].roles
    if kind == APPROVE and not may_judge(person.public_id, [row.author, *row.members]):
        raise none()
    if not held and kind != APPROVE and person.public_id in People(row.members):
        held = {role_of(person, row.project, day)}
    if not held:
        raise none()
    if row.state == "ended":
        raise Refused("CW-STANDING-STATE", "This standing output was ended.")
    return min(held)


def check_new(person: User, paper: StandingOutput, day: date) -> str:
    """The role in which an author asks for a layout. Raises `Fault` CW-WEB-NOT-FOUND; `Refused`
    CW-STANDING-PEOPLE, CW-STANDING-KNOWN."""
    role = role_of(person, paper.project, day)
    if paper.author != person.public_id:
        raise Refused("CW-STANDING-PEOPLE", "The file names another author than you.")
    if Layout.objects.filter(reference=paper.id).exists():
        raise Refused("CW-STANDING-KNOWN", "A standing output of this name is there already.")
    return role


def open_months(row: Layout) -> list[str]:
    """Months that can be left out now."""
    return [month for month, state in row.months.items() if state in _OPEN_MONTHS]


def endings(rows: Iterable[Layout]) -> dict[str, Act]:
    """The first act that the ledger heard of and that ended each, by its name; none for what was
    ended by a command."""
    digests = {one.reference: one.digest for one in rows if one.state == "ended"}
    acts = Act.objects.filter(kind=END, subject__in=digests, state=HEARD).order_by("-entry")
    return {
        one.subject: one
        for one in acts.select_related(None)
        if one.object_digest == digests[one.subject]
    }


def month_links(person: User, row: Layout, day: date) -> dict[str, str]:
    """Where a person may open the outputs of a layout's months, by the output's name."""
    names = [f"{row.reference}.{month}" for month in row.months]
    found = seen_outputs(person, day).filter(reference__in=names, permit=row.permit)
    links = {
        one.reference: reverse("outputs:review", args=[one.reference])
        for one in without_own(person, found)
    }
    mine = outputs_of(person, day).filter(reference__in=names, permit=row.permit)
    return links | {one.reference: reverse("outputs:output", args=[one.reference]) for one in mine}


# --- acts to sign ---------------------------------------------------------------------------------


def propose_layout(person: User, plain: Any) -> Act:
    """An act for the author to sign: this table is to be made each month. Raises as `check_new`,
    `PaperInvalid` CW-STANDING-INVALID."""
    if isinstance(plain, dict):
        plain = {"author": person.public_id, **plain}
    paper = StandingOutput.read(plain, "The file", "CW-STANDING-INVALID")
    return propose(
        person, check_new(person, paper, clock.today()), PROPOSE, "propose", subject=paper.id,
        object_digest=paper.digest(), back=reverse("outputs:layouts"),
        wish={"standing": paper.plain()},
    )  # fmt: skip


def propose_word(person: User, row: Layout, kind: ActKind, verdict: str) -> Act:
    """An act that approves, refuses or ends a layout. Raises as `check_sign`."""
    role = check_sign(person, row, kind, clock.today())
    return propose(
        person, role, kind, verdict, subject=row.reference, object_digest=row.digest,
        back=reverse("outputs:layout", args=[row.reference]),
    )  # fmt: skip


def propose_give_up(person: User, row: Layout, month: str, why: str) -> Act:
    """An act that leaves a month out. Raises as `check_sign`; `PaperInvalid`."""
    role = check_sign(person, row, GIVE_UP, clock.today())
    plain = {"month_given_up": 1, "standing": row.reference, "layout": row.digest, "month": month,
             "why": why, "at": stamp(clock.now())}  # fmt: skip
    paper = MonthGivenUp.read(plain, "The month", "CW-STANDING-INVALID")
    return propose(
        person, role, GIVE_UP, "give_up", subject=row.reference, object_digest=paper.digest(),
        back=reverse("outputs:layout", args=[row.reference]), wish={"month": paper.plain()},
    )  # fmt: skip


def standing_of(act: Act) -> StandingOutput:
    """The paper that an author asks for. Raises `Fault` CW-STANDING-INVALID."""
    return StandingOutput.read(act.wish.get("standing") or {}, "It", "CW-STANDING-INVALID")


def month_of(act: Act) -> MonthGivenUp:
    """The month that an act leaves out. Raises `Fault` CW-STANDING-INVALID."""
    return MonthGivenUp.read(act.wish.get("month") or {}, "It", "CW-STANDING-INVALID")


# --- what follows ------------------------------------------------------------


class LayoutHandler:
    """One order for one act, however often it runs."""

    _TITLES: ClassVar[Mapping[tuple[str, str], str]] = {
        (PROPOSE, "propose"): "Ask that this table is made each month",
        (APPROVE, "approve"): "Say that this table may be made each month",
        (APPROVE, "refuse"): "Say that this table may not be made each month",
        (END, "end"): "End this standing output",
        (GIVE_UP, "give_up"): "Leave this month out",
    }

    def check(self, act: Act) -> None:
        """Lock the row; refuse what this person may not sign now.

        An act that was heard of before its order was written passes again: `follow` goes on.
        """
        asked = OutputOrder.objects.filter(act_id=act.pk).exists()
        kind: Any = act.kind
        if kind == PROPOSE:
            paper = standing_of(act)
            if (paper.id, paper.digest()) != (act.subject, act.object_digest):
                raise Fault("CW-STANDING-CHANGED", "What is signed is not this layout.")
            if not asked:
                check_new(act.person, paper, clock.today())
            return
        row = self._row(act)
        signed = month_of(act).digest() if kind == GIVE_UP else row.digest
        if signed != act.object_digest:
            raise Fault("CW-STANDING-CHANGED", "What is signed is another layout or month.")
        if not asked:
            check_sign(act.person, row, kind, clock.today())

    def follow(self, act: Act) -> None:
        """Ask the airlock; once, however often it runs."""
        permit = standing_of(act).permit_id if act.kind == PROPOSE else self._row(act).permit
        OutputOrder.objects.get_or_create(
            act_id=act.pk,
            defaults={
                "kind": LAYOUT, "output": act.subject, "permit": permit,
                "asked_by": act.person, "asked_at": clock.now(),
            },
        )  # fmt: skip

    def told(self, act: Act) -> Told:
        """The table, its months, and what this says of it."""
        if act.kind == PROPOSE:
            paper = standing_of(act)
        else:
            paper = StandingOutput.read(self._row(act).paper, "It", "CW-STANDING-INVALID")
        months = f"{month_words(paper.first)} to {month_words(paper.until)}"
        lines = [("Table", paper.layout.title), ("Months", months)]
        for side, groups in zip(paper.layout.by, paper.groups, strict=True):
            names = ", ".join("no value" if one is None else one for one in groups.labels)
            lines.append((f"Groups of {side.column.name}", names))
        if act.kind == GIVE_UP:
            month = month_of(act)
            lines += [("Month that is left out", month_words(month.month)), ("Why", month.why)]
        return Told(self._TITLES[act.kind, act.verdict], act.back, tuple(lines))

    @staticmethod
    def _row(act: Act) -> Layout:
        found = Layout.objects.select_for_update().filter(reference=act.subject).first()
        if found is None:
            raise Fault("CW-WEB-NOT-FOUND", "There is no such standing output.")
        return found
