"""The decision about one version: by which route it is made, publication, appeal, and its end.

Deciding out of committee (the short route, the chair's action) is only for what the published
rules allow, and any member can call such a decision in to the whole committee before the permit is
made. An appeal that is upheld makes the committee decide again; it never makes a yes by itself.
"""

from __future__ import annotations

from commonweal.governance.states.machine import from_each, machine, step
from commonweal.governance.states.parties import MEMBERS, RECORDERS

DECISION = machine(
    "decision",
    "decision",
    states=(
        ("awaited", "committee", "The whole committee has to decide."),
        ("short_route", "committee", "A few members decide by the short route."),
        ("chair_acts", "committee", "The chair decides with a lay member."),
        ("deadlocked", "committee", "The votes do not come to a decision."),
        ("made", "custodian", "The decision is made and will be published."),
        ("published", "applicant", "The decision is published; there is time to appeal."),
        ("under_appeal", "officers", "The applicant has appealed."),
        ("stands", "system", "The decision stands."),
        ("carried_out", "nobody", "The permit that follows from the decision has been made."),
        ("put_away", "nobody", "Nothing more follows from the decision; it stays published."),
        ("set_aside", "nobody", "The decision no longer counts; the committee decides again."),
        ("not_made", "nobody", "The application was taken back before a decision."),
    ),
    steps=(
        step("take_short_route", "awaited", "short_route", RECORDERS,
             "Let a few members decide.", "proportionate_met"),
        step("take_chairs_action", "awaited", "chair_acts", ["committee_chair"],
             "Decide with a lay member before the next meeting.", "chair_may_act"),
        from_each("need_committee", ("short_route", "chair_acts"), "awaited", MEMBERS,
                  "Ask for the whole committee."),
        from_each("decide", ("awaited", "short_route", "chair_acts"), "made", RECORDERS,
                  "Record the decision.", "agreed"),
        step("record_deadlock", "awaited", "deadlocked", RECORDERS,
             "Record that the votes come to no decision.", "not_agreed"),
        from_each("record_deadlock", ("short_route", "chair_acts"), "awaited", RECORDERS,
                  "Pass the application to the whole committee.", "not_agreed"),
        step("discuss_again", "deadlocked", "awaited", RECORDERS, "Let the committee vote again.",
             "rounds_left"),
        step("apply_deadlock_rule", "deadlocked", "made", RECORDERS,
             "Record what the rules say for a deadlock.", "no_rounds_left"),
        step("publish", "made", "published", ["committee_secretary", "ig_officer"],
             "Publish the decision, its reasons and conditions.", "public_version_ready"),
        from_each("call_in", ("published", "stands"), "set_aside", MEMBERS,
                  "Call the decision in to the whole committee.", "may_be_called_in"),
        step("carry_out", "stands", "carried_out", ["system"], "The permit has been made.",
             "ledger_says_so"),
        step("put_away", "stands", "put_away", ["system"], "Nothing more follows from it.",
             "time_has_come"),
        step("appeal", "published", "under_appeal", ["applicant"], "Appeal.",
             "within_appeal_time"),
        step("accept", "published", "stands", ["applicant"], "Accept the decision."),
        step("end_appeal_time", "published", "stands", ["system"],
             "The time to appeal has passed.", "appeal_time_over"),
        step("uphold_appeal", "under_appeal", "set_aside", ["caldicott_guardian", "siro"],
             "Uphold the appeal: the committee decides again.", "heard_by_others"),
        step("dismiss_appeal", "under_appeal", "stands", ["caldicott_guardian", "siro"],
             "Dismiss the appeal.", "heard_by_others"),
        step("withdraw", "under_appeal", "stands", ["applicant"], "Take the appeal back."),
        from_each("withdraw", ("awaited", "short_route", "chair_acts", "deadlocked"), "not_made",
                  ["applicant"], "Take the application back."),
    ),
)  # fmt: skip
