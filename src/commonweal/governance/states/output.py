"""An output on its way out: submitted, checked, looked at by two people, released; or not.

The manifest is frozen when it is submitted, and every vote is about that manifest. Each round from
`draft` to a decision is a *turn*. In `in_review` two people judge by themselves: nobody sees
another vote of the turn before both are in. In `consolidating` they see each other's, and a third
may judge where they disagree. No path leads from `submitted` to `released` past the votes, for
nobody. Nothing takes a released output back: a recall stops its links and says so in public.

`governance/outputs` counts the votes; `airlock/leaving` takes the step to `released`.
"""

from __future__ import annotations

from commonweal.governance.roles import RoleName
from commonweal.governance.states.machine import from_each, machine, step
from commonweal.governance.states.parties import CHECKERS, RECALLERS, WRITERS

_FROZEN = ("submitted", "checking", "in_review", "consolidating", "approved")
"""Where a manifest waits that no byte may differ from."""
_UNFINISHED = (*("draft", "blocked", "returned", "failed"), *_FROZEN)
_COUNTING: tuple[RoleName, ...] = (*CHECKERS, "system")
"""A vote is counted when it is cast, so whoever casts the last one ends the turn; the guards are
what the votes say and nothing else."""

OUTPUT = machine(
    "output",
    "output",
    states=(
        ("draft", "applicant", "The author is putting the output together."),
        ("submitted", "system", "The output was submitted and waits for the automatic checks."),
        ("checking", "system", "The automatic checks are running."),
        ("blocked", "applicant", "Something in it can never leave; the author has to change it."),
        ("failed", "custodian", "The checks did not come to an end; nothing can leave before."),
        ("in_review", "custodian", "Two people look at the output, each by themselves."),
        ("consolidating", "custodian", "Both have looked; they now see what the other found."),
        ("returned", "applicant", "The output came back to the author with reasons."),
        ("approved", "system", "Two people approved the output; it is about to leave."),
        ("releasing", "system", "Every file is hashed again, and then the output leaves."),
        ("released", "custodian", "The output has left. It can be recalled, but not taken back."),
        ("recalled", "nobody", "The output has left and should not have; its links are stopped."),
        ("rejected", "nobody", "The output may not leave."),
        ("withdrawn", "nobody", "The author took the output back before it left."),
        ("expired", "nobody", "The time for the output, or its permit, has run out."),
    ),
    steps=(
        step("submit", "draft", "submitted", WRITERS,
             "Ask that the output may leave, with what it is about.", "output_may_be_sent"),
        step("begin_checks", "submitted", "checking", ["system"], "Begin the automatic checks."),
        step("block", "checking", "blocked", ["system"],
             "Something was found that nobody may let through.", "output_can_never_leave"),
        step("fail_checks", "checking", "failed", ["system"],
             "The checks broke off or took too long."),
        step("pass_on", "checking", "in_review", ["system"],
             "Give the output to the people who check it.", "output_checks_done"),
        step("check_again", "failed", "submitted", CHECKERS, "Let the checks run again."),
        step("give_up", "failed", "rejected", CHECKERS, "The output cannot be checked."),
        step("change", "blocked", "draft", WRITERS, "Change the output."),
        step("change", "returned", "draft", WRITERS, "Change the output for another turn."),
        step("review", "in_review", "in_review", CHECKERS,
             "Judge the output; others see it when both have.", "may_review_output"),
        step("review", "consolidating", "consolidating", CHECKERS,
             "Judge it again, or as a third person.", "may_review_output"),
        step("open_votes", "in_review", "consolidating", _COUNTING,
             "Both have judged; let each see what the other found.", "output_votes_in"),
        step("approve", "consolidating", "approved", _COUNTING,
             "The votes let it leave.", "output_votes_approve"),
        step("return", "consolidating", "returned", _COUNTING,
             "The votes send it back to the author.", "output_votes_return"),
        step("reject", "consolidating", "rejected", _COUNTING,
             "The votes do not let it leave.", "output_votes_reject"),
        step("begin_release", "approved", "releasing", ["system"],
             "Begin to let it leave.", "output_release_holds"),
        step("release", "releasing", "released", ["system"], "The output has left.",
             "ledger_says_so"),
        step("break_off", "releasing", "approved", ["system"],
             "The release was cut off; nothing has left."),
        from_each("find_stale", ("approved", "releasing"), "draft", ["system"],
                  "Another output left meanwhile, and together they tell too much.",
                  "output_stale"),
        from_each("find_changed", (*_FROZEN, "releasing"), "draft", ["system"],
                  "A file is not the one that was submitted.", "output_changed"),
        step("recall", "released", "recalled", RECALLERS,
             "Say in public that it should not have left, and stop its links.",
             "reasons_published"),
        from_each("withdraw", ("draft", "blocked", "returned", "failed", "in_review",
                               "consolidating", "approved"), "withdrawn", WRITERS,
                  "Take the output back."),
        from_each("run_out", _UNFINISHED, "expired", ["system"],
                  "The time for the output is over.", "output_time_over"),
        from_each("end", (*_UNFINISHED, "releasing"), "expired", ["system"],
                  "The permit does not allow the work any more.", "permit_not_live"),
    ),
)  # fmt: skip
