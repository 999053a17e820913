"""What follows from what authors, reviewers and recallers sign: an order to the airlock.

The service writes no more than that. The signer lets the ledger hear of the act, and the airlock's
worker verifies it again, where it takes effect (S11).
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar

from django.urls import reverse

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import Fault
from commonweal.papers.output_manifest import OutputRecall, OutputReview
from commonweal.web.config import clock
from commonweal.web.outputs.models import (
    RECALL as ORDER_RECALL,
)
from commonweal.web.outputs.models import (
    SUBMIT as ORDER_SUBMIT,
)
from commonweal.web.outputs.models import (
    VOTE,
    Output,
    OutputOrder,
)
from commonweal.web.outputs.models import (
    WITHDRAW as ORDER_WITHDRAW,
)
from commonweal.web.outputs.policies import (
    check_recall,
    check_review,
    check_submit,
    check_withdraw,
)
from commonweal.web.outputs.study_code import require_code
from commonweal.web.signing.handlers import Told
from commonweal.web.signing.models import Act

SUBMIT, REVIEW, RECALL = "submit_output", "review_output", "recall_output"
WITHDRAW = "withdraw_output"


class _Handler(ABC):
    """What the three have in common: one order for one act, however often it runs."""

    kind: ClassVar[str]

    def check(self, act: Act) -> None:
        """Lock the output; refuse what this person may not sign now.

        An act that was heard of before its order was written passes again: `follow` goes on.
        """
        row = self.row(act)
        self.whole(act, row)
        if not OutputOrder.objects.filter(act_id=act.pk).exists():
            self.may(act, row)

    def follow(self, act: Act) -> None:
        """Ask the airlock; once, however often it runs."""
        row = self.row(act)
        OutputOrder.objects.get_or_create(
            act_id=act.pk,
            defaults={
                "kind": self.kind, "output": row.reference, "permit": row.permit, "job": row.job,
                "asked_by": act.person, "asked_at": clock.now(),
            },
        )  # fmt: skip

    def whole(self, act: Act, row: Output) -> None:
        """Raise `Fault` CW-LEAVING-ACTS where the act is not about this turn, or not whole."""
        if row.digest != act.object_digest:
            raise Fault("CW-LEAVING-ACTS", "What was signed is about another turn of this output.")

    @abstractmethod
    def may(self, act: Act, row: Output) -> None:
        """Raise where the person may not."""

    @staticmethod
    def row(act: Act) -> Output:
        """The output, locked. Raises `Fault` CW-WEB-NOT-FOUND."""
        found = Output.objects.select_for_update().filter(reference=act.subject).first()
        if found is None:
            raise Fault("CW-WEB-NOT-FOUND", "There is no such output.")
        return found


class SubmitHandler(_Handler):
    """The author asks that a frozen turn may leave."""

    kind = ORDER_SUBMIT

    def may(self, act: Act, row: Output) -> None:
        """Only its author, while it waits for them."""
        check_submit(act.person, row, clock.today())

    def told(self, act: Act) -> Told:
        """The output, its files and what the author wrote."""
        row = self.row(act)
        files = ", ".join(one["path"] for one in row.leaving())
        lines = [
            ("Output", row.title), ("Files", files),
            ("What it is about", row.manifest["context"]),
            ("What was done to protect people", row.manifest["controls"]),
        ]  # fmt: skip
        link = reverse("outputs:output", args=[row.reference])
        return Told("Ask that this output may leave", link, tuple(lines))


class WithdrawHandler(_Handler):
    """The author takes back the turn that waits, and no other."""

    kind = ORDER_WITHDRAW

    def may(self, act: Act, row: Output) -> None:
        """Only its author, before it leaves."""
        check_withdraw(act.person, row, clock.today())

    def told(self, act: Act) -> Told:
        """The output and its turn."""
        row = self.row(act)
        link = reverse("outputs:output", args=[row.reference])
        lines = [("Output", row.title), ("Turn", str(row.turn))]
        return Told("Take this output back", link, tuple(lines))


class ReviewHandler(_Handler):
    """Somebody who checks outputs judges one; `act.content` is the `OutputReview`."""

    kind = VOTE
    _TITLES: ClassVar[dict[str, str]] = {
        "approve": "Say that this output may leave",
        "return": "Send this output back to its author",
        "reject": "Say that this output may not leave",
        "conflicted": "Say that you have an interest of your own",
    }

    def whole(self, act: Act, row: Output) -> None:
        """The review is of this turn and says what the act says."""
        super().whole(act, row)
        review = review_of(act)
        if (review.output, review.manifest) != (row.reference, row.digest):
            raise Fault("CW-LEAVING-REVIEW", "The review is about another turn of this output.")
        if review.verdict != act.verdict:
            raise Fault("CW-LEAVING-ACTS", "What is signed is not what the review says.")

    def may(self, act: Act, row: Output) -> None:
        """Only who checks outputs, and is not of the project; approving only of code that ran."""
        check_review(act.person, row, clock.today())
        if act.verdict == "approve":
            require_code(row)

    def told(self, act: Act) -> Told:
        """The output, and the verdict."""
        row = self.row(act)
        lines = [("Output", row.title), ("Project", row.project), ("Turn", str(row.turn))]
        return Told(self._TITLES[act.verdict], act.back, tuple(lines))


class RecallHandler(_Handler):
    """Somebody says that an output should not have left; `act.wish["recall"]` is the paper.

    The digest of the `OutputRecall` is what is signed.
    """

    kind = ORDER_RECALL

    def whole(self, act: Act, row: Output) -> None:
        """The paper is about this output, and is what is signed."""
        paper = recall_of(act)
        if paper.output != row.reference or paper.digest() != act.object_digest:
            raise Fault("CW-LEAVING-ACTS", "What is signed is not this recall.")

    def may(self, act: Act, row: Output) -> None:
        """Only who may recall."""
        check_recall(act.person, row, clock.today())

    def told(self, act: Act) -> Told:
        """The output, and the reasons, which are published."""
        row = self.row(act)
        lines = [("Output", row.title), ("Reasons, which are published", recall_of(act).reasons)]
        return Told("Recall this output", act.back, tuple(lines))


def review_of(act: Act) -> OutputReview:
    """What a reviewer wrote with an act. Raises `Fault` CW-LEAVING-REVIEW for anything else."""
    content = b"{}" if act.content is None else bytes(act.content)
    return OutputReview.read(parse_json(content, "The review"), "The review", "CW-LEAVING-REVIEW")


def recall_of(act: Act) -> OutputRecall:
    """The recall that an act is about. Raises `Fault` CW-LEAVING-ACTS for anything else."""
    return OutputRecall.read(act.wish.get("recall") or {}, "The recall", "CW-LEAVING-ACTS")
