"""A meeting of the committee."""

from __future__ import annotations

from commonweal.governance.states.machine import from_each, machine, step

MEETING = machine(
    "meeting",
    "meeting",
    states=(
        ("planned", "custodian", "The meeting has a date; its papers are being put together."),
        ("papers_sent", "committee", "The members have the papers."),
        ("open", "committee", "The meeting is being held."),
        ("ended", "custodian", "The meeting has ended; its minutes are being written."),
        ("minutes_sent", "committee", "The members are reading the minutes."),
        ("minuted", "nobody", "The minutes are agreed and published."),
        ("cancelled", "nobody", "The meeting was cancelled."),
    ),
    steps=(
        step("send_papers", "planned", "papers_sent", ["committee_secretary"],
             "Send the papers to the members.", "papers_ready"),
        step("change_papers", "papers_sent", "planned", ["committee_secretary"],
             "Take the papers back to change them."),
        step("open", "papers_sent", "open", ["committee_chair"], "Open the meeting."),
        step("end", "open", "ended", ["committee_chair", "committee_secretary"],
             "End the meeting."),
        step("send_minutes", "ended", "minutes_sent", ["committee_secretary"],
             "Send the minutes to the members."),
        step("correct", "minutes_sent", "ended",
             ["committee_chair", "committee_member", "committee_lay"],
             "Ask for the minutes to be corrected."),
        step("agree_minutes", "minutes_sent", "minuted", ["committee_chair"],
             "Agree the minutes, so that they are published."),
        from_each("cancel", ("planned", "papers_sent"), "cancelled",
                  ["committee_chair", "committee_secretary"], "Cancel the meeting."),
    ),
)  # fmt: skip
