"""Orders to the airlock, and what it told of outputs.

Nothing here decides. An order says what was asked, by whom; what people sign are acts
(`signing.Act`), which the signer brings to the ledger and the airlock's release worker verifies
again (S11). An `Output` is a projection of the ledger, told anew by the airlock's worker.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, get_args

from django.db import models
from django.db.models import Q

from commonweal.governance.states.output import OUTPUT
from commonweal.papers.standing_case import LayoutState
from commonweal.web.accounts.models import User
from commonweal.web.orders import OPEN, LeasedOrder, ended_whole, known_state
from commonweal.web.outputs.sealed import SealedBytes, SealedJSON, SealedRow
from commonweal.web.signing.models import Act

CHECK, SUBMIT, VOTE, WITHDRAW = "check", "submit", "vote", "withdraw"
DOWNLOAD, RECALL, CRATE, LAYOUT = "download", "recall", "crate", "layout"
DRAFT = "draft"
KINDS = (CHECK, SUBMIT, VOTE, WITHDRAW, DOWNLOAD, RECALL, CRATE, LAYOUT, DRAFT)


class OutputOrder(LeasedOrder, SealedRow):
    """One thing that somebody asked of the airlock.

    `check`: look at what a job left, with the words in `wish` (title, context, controls, files),
    and freeze it; `submit`, `vote`, `recall`, `layout`: what was signed with `act` is taken to the
    airlock.
    `draft`: make a layout from what has left, as `wish` says.
    `content`: for a download or a crate the files as one zip, for a draft the layout, until it is
    too late (`goes_at`); sealed like what reviewers read, and None once the service was stopped.
    `begun_at`: when a check was begun last, on whose day it counts.
    """

    ROOMS: ClassVar[Mapping[str, str]] = dict.fromkeys(KINDS, "airlock")
    KIND_CHOICES: ClassVar[list[tuple[str, str]]] = [(kind, kind) for kind in KINDS]

    kind = models.CharField(max_length=12, choices=KIND_CHOICES)
    output = models.CharField(max_length=64, db_index=True)
    permit = models.CharField(max_length=64)
    job = models.CharField(max_length=64, blank=True)
    asked_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="output_orders")
    act = models.OneToOneField(
        Act, on_delete=models.PROTECT, null=True, related_name="output_order"
    )
    wish = models.JSONField(default=dict)
    content = SealedBytes(null=True)
    goes_at = models.DateTimeField(null=True)
    begun_at = models.DateTimeField(null=True)

    class Meta:
        """In the order in which they were asked."""

        ordering = ("asked_at", "id")
        indexes = (
            models.Index(fields=("state", "asked_at"), name="output_order_waiting"),
            models.Index(fields=("ended_at",), name="output_order_ended"),
        )
        constraints = (
            known_state("output_order_state_known"),
            models.CheckConstraint(name="output_order_kind_known", condition=Q(kind__in=KINDS)),
            ended_whole("output_order_ended_whole"),
            models.UniqueConstraint(
                fields=("kind", "output", "asked_by"),
                condition=Q(state__in=OPEN, act__isnull=True),
                name="output_order_once",
            ),
        )

    @property
    def sealed_as(self) -> str:
        """The output (or the crate's project), who asked for it, and this order."""
        return f"{self.output}/{self.asked_by_id}/{self.pk}"


class Output(models.Model):
    """One output, as the airlock last told of it.

    `turn`, `digest`: of the newest turn. `manifest`: of its manifest what its author may read
    (`wishes.authors_view`), which holds nothing that hangs on anybody's data until it has left
    (S6); the whole manifest, which people sign, is in its `ReviewPapers`. A turn that was frozen
    and not yet signed has the state `draft`. `members`: whom the permit names, or the one that
    replaced it: they judge nothing. `living`: the permit under which the project goes on;
    `takers`: whom that one names, who may have what has left. `told`: what its author reads once
    people have decided (`for_author` in `governance.outputs`). `waits_since`: since when two people
    are waited for. `public`: what the register shows.
    """

    reference = models.CharField(max_length=64, unique=True)
    permit = models.CharField(max_length=64, db_index=True)
    project = models.CharField(max_length=64, db_index=True)
    job = models.CharField(max_length=64, db_index=True)
    author = models.CharField(max_length=64, db_index=True)
    title = models.CharField(max_length=200)
    turn = models.PositiveSmallIntegerField()
    digest = models.CharField(max_length=71)
    manifest = models.JSONField()
    state = models.CharField(max_length=16, default=OUTPUT.initial)
    told = models.JSONField(null=True)
    waits_since = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    expires_at = models.DateTimeField()
    members = models.JSONField(default=list)
    living = models.CharField(max_length=64, blank=True, db_index=True)
    takers = models.JSONField(default=list)
    public = models.JSONField(null=True)
    recall = models.TextField(blank=True)

    class Meta:
        """The newest last; only states that there are."""

        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                name="output_state_known", condition=Q(state__in=sorted(OUTPUT.states))
            ),
        )

    def __str__(self) -> str:
        return self.reference

    @property
    def is_replaced(self) -> bool:
        """Whether a newer permit counts instead of the one that it was asked under."""
        return self.living not in ("", self.permit)

    def leaving(self) -> list[dict[str, Any]]:
        """The files that leave, as far as its author may read; requests stay."""
        return [one for one in self.manifest["files"] if one["kind"] != "request"]


class ReviewPapers(SealedRow):
    """What reviewers of one turn read, and nobody else (S6). Deleted when the turn has ended.

    What was found, the figures, the code and the votes are sealed for this output and turn, under
    a key that lies in memory only: a field that cannot be opened is None, and the airlock's worker
    tells it anew.

    `manifest`: the whole `OutputManifest`, which they sign. `findings`: the paper `Findings`.
    `tables`: of each figure that would leave, by its file's name, its columns and rows as they
    would leave (`{"columns": [...], "rows": [[...]], "cut": n}`; `cut`: rows that are not shown).
    `earlier`: the figures of outputs that have left with which the audit found something, by the
    output's id and the table's name, in the same form. `code`: of every file of the study its
    `sha256` and its `text`, none (null) for one that cannot be shown (`study_code`).
    `votes`: every vote of the turn (`{"act", "by", "entry", "review"}`); a page shows of them only
    what `governance.outputs.visible_to` gives. `members`: who may not judge it. `refused`: the code
    with which the airlock last refused to let it leave, once it was approved.
    """

    output = models.OneToOneField(Output, on_delete=models.CASCADE, related_name="papers")
    turn = models.PositiveSmallIntegerField()
    manifest = SealedJSON()
    findings = SealedJSON()
    tables = SealedJSON(default=dict)
    earlier = SealedJSON(default=dict)
    code = SealedJSON(default=dict)
    votes = SealedJSON(default=list)
    members = models.JSONField(default=list)
    refused = models.CharField(max_length=64, blank=True)
    told_at = models.DateTimeField()

    class Meta:
        """One of each output: of its newest turn."""

        ordering = ("id",)

    def __str__(self) -> str:
        return f"papers of {self.output_id}"

    def is_whole(self) -> bool:
        """Whether every sealed field opens: one that does not is another row's, or another turn's,
        or was sealed before the service was last started."""
        kept = (self.manifest, self.findings, self.tables, self.earlier, self.code, self.votes)
        return None not in kept

    @property
    def sealed_as(self) -> str:
        """The output and the turn that they are about."""
        return f"{self.output.reference}/{self.turn}"


class ReviewFile(SealedRow):
    """A file of a turn as it would leave, for its reviewers alone; gone with their papers (S6).

    `content`: the bytes that the airlock wrote and froze, never those that a study wrote (S18), in
    base64 and sealed like the papers (S19). A page holds them to the signed manifest before it
    shows anything of them.
    """

    papers = models.ForeignKey(ReviewPapers, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=64)
    content = SealedJSON()

    class Meta:
        """In the order of their names; each name once."""

        ordering = ("path",)
        constraints = (
            models.UniqueConstraint(fields=("papers", "path"), name="output_review_file_once"),
        )

    def __str__(self) -> str:
        return f"{self.path} of {self.papers_id}"

    @property
    def sealed_as(self) -> str:
        """The output, the turn and the file's name."""
        return f"{self.papers.sealed_as}/{self.path}"


class Layout(models.Model):
    """A standing output, as the airlock last told of it: a projection of what people signed.

    `digest`: of `paper`, the whole `StandingOutput`, over which they sign. `members`: whom the
    permit names. `months`: the state of each month; `due`: the one that can be made now.
    """

    reference = models.CharField(max_length=64, unique=True)
    permit = models.CharField(max_length=64, db_index=True)
    project = models.CharField(max_length=64, db_index=True)
    author = models.CharField(max_length=64, db_index=True)
    digest = models.CharField(max_length=71)
    paper = models.JSONField()
    members = models.JSONField(default=list)
    state = models.CharField(max_length=16)
    approvals = models.PositiveSmallIntegerField(default=0)
    months = models.JSONField(default=dict)
    due = models.CharField(max_length=7, blank=True)

    class Meta:
        """The newest last; only states that there are."""

        ordering = ("id",)
        constraints = (
            models.CheckConstraint(
                name="layout_state_known", condition=Q(state__in=sorted(get_args(LayoutState)))
            ),
        )

    def __str__(self) -> str:
        return self.reference
