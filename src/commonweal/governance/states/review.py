"""The steps of an algorithmic impact assessment around the committee's decision (P6).

The form is the first step and belongs to the application; these are the six that follow it:
screening, workshop, synthesis, decision, publication, iteration. The committee gets the assessment
only with the workshop's record and the synthesis, or with the record of the published lighter
route. Refused ones are published as well.
"""

from __future__ import annotations

from commonweal.governance.states.machine import from_each, machine, step
from commonweal.governance.states.parties import RECORDERS, WRITERS

STOPS_RELEASES = frozenset({"overdue"})
"""States in which no new release is built (P6)."""

REVIEW = machine(
    "review",
    "impact assessment",
    states=(
        ("waiting", "custodian", "The assessment has arrived and waits to be screened."),
        ("returned", "applicant", "The assessment has been sent back to be completed."),
        ("screened", "custodian", ("The assessment is complete; a workshop or the lighter route "
         "comes next.")),
        ("workshop_scheduled", "custodian", "A workshop with patients and public has a date."),
        ("workshop_held", "custodian", "The workshop has been held; its record is being written."),
        ("record_written", "applicant", "The record is written; the applicant answers each point."),
        ("synthesised", "custodian", "Each point has an answer; the hospital is checking them."),
        ("lighter_route", "custodian", ("The published lighter route was taken, and that is "
         "recorded.")),
        ("with_committee", "committee", "The committee has the assessment."),
        ("to_publish", "custodian", "The committee has decided; the assessment will be published."),
        ("published", "system", "The assessment is published. It is looked at again in time."),
        ("due", "applicant", "The assessment is due to be looked at again."),
        ("overdue", "applicant", "The assessment is overdue: no new data are made."),
        ("revisited", "custodian", ("A newer text of the assessment was sent; the hospital is "
         "reading it.")),
        ("not_needed", "nobody", "No assessment is needed: the use is not about AI."),
        ("ended", "nobody", "The project has ended, or never began; the assessment stays public."),
        ("withdrawn", "nobody", "The application was taken back before a decision."),
    ),
    steps=(
        step("excuse", "waiting", "not_needed", ["ig_officer"],
             "Record that the use is not about AI.", "no_ai_purpose"),
        step("return", "waiting", "returned", ["ig_officer"], "Send the assessment back."),
        step("send", "returned", "waiting", WRITERS, "Send the completed assessment.",
             "may_be_sent"),
        step("pass_screening", "waiting", "screened", ["ig_officer"],
             "Say that the assessment is complete."),
        step("schedule", "screened", "workshop_scheduled", ["ig_officer", "facilitator"],
             "Set the date of the workshop."),
        step("take_lighter_route", "screened", "lighter_route", ["ig_officer"],
             "Record why the lighter route may be taken.", "lighter_route_met"),
        step("need_workshop", "lighter_route", "screened",
             ["committee_chair", "committee_member", "committee_lay", "ig_officer"],
             "Ask for a workshop after all."),
        step("schedule_again", "workshop_scheduled", "screened", ["ig_officer", "facilitator"],
             "Take the date back."),
        step("hold", "workshop_scheduled", "workshop_held", ["facilitator"],
             "Record that the workshop was held.", "papers_a_week_before"),
        step("write_record", "workshop_held", "record_written", ["rapporteur"],
             "Hand in the independent record.", "rapporteur_independent"),
        step("synthesise", "record_written", "synthesised", WRITERS,
             "Send an answer to each point and the changed assessment.", "every_point_answered"),
        step("return", "synthesised", "record_written", ["ig_officer", "rapporteur"],
             "Send the answers back."),
        step("put_to_committee", "synthesised", "with_committee", ["committee_secretary"],
             "Put the assessment to the committee.", "every_point_answered"),
        step("put_to_committee", "lighter_route", "with_committee", ["committee_secretary"],
             "Put the assessment to the committee.", "lighter_route_met"),
        step("ask_for_changes", "with_committee", "returned", RECORDERS,
             "Record that the committee asked for a changed application.", "decision_again"),
        step("ask_for_new_answers", "with_committee", "record_written", RECORDERS,
             "Record that the committee asked for other answers to the workshop's points.",
             "again_after_workshop"),
        step("record_approval", "with_committee", "to_publish", RECORDERS,
             "Record that the committee said yes.", "decision_yes"),
        step("record_rejection", "with_committee", "to_publish", RECORDERS,
             "Record that the committee said no.", "decision_no"),
        step("publish", "to_publish", "published", ["ig_officer", "committee_secretary"],
             "Publish the assessment.", "public_version_ready"),
        step("fall_due", "published", "due", ["system"], "It is time to look at it again.",
             "time_has_come"),
        step("revisit", "published", "revisited", WRITERS,
             "Send a newer text because something changed.", "may_be_sent"),
        step("run_over", "due", "overdue", ["system"], "The time to look at it again has passed.",
             "time_has_come"),
        from_each("send", ("due", "overdue"), "revisited", WRITERS,
                  "Send the assessment, looked at again.", "may_be_sent"),
        step("publish_again", "revisited", "published", ["ig_officer"],
             "Publish the newer text, with what changed.", "public_version_ready"),
        step("send_back", "revisited", "due", ["ig_officer"],
             "Send the newer text back: it is not enough, or needs a decision first."),
        from_each("end", ("published", "due", "overdue", "revisited"), "ended", ["system"],
                  "The project has ended, or was refused.", "ledger_says_so"),
        from_each(
            "withdraw",
            ("waiting", "returned", "screened", "workshop_scheduled", "workshop_held",
             "record_written", "synthesised", "lighter_route", "with_committee"),
            "withdrawn", ["applicant"], "Take the application back.",
        ),
    ),
)  # fmt: skip
