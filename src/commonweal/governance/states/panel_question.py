"""A question of policy that the hospital puts to its public panel, and what comes of it.

The record of what was heard is written by an independent rapporteur. The hospital must answer in
public what it changed, or why it changed nothing, before the question can end.
"""

from __future__ import annotations

from commonweal.governance.states.machine import from_each, machine, step

PANEL_QUESTION = machine(
    "panel_question",
    "question to the public panel",
    states=(
        ("proposed", "custodian", "The question is being prepared."),
        ("papers_sent", "committee", "The panel has the papers and an invitation."),
        ("voting", "committee", "The members of the panel are voting."),
        ("counted", "custodian", "The votes are counted; an independent record is being written."),
        ("heard", "custodian", "The record of what was heard is written; the hospital answers."),
        ("answered", "nobody", "What was heard and what changed is published."),
        ("dropped", "nobody", "The question was dropped before a vote, with published reasons."),
    ),
    steps=(
        step("send_papers", "proposed", "papers_sent", ["facilitator", "committee_secretary"],
             "Send papers and invitations to the panel.", "papers_ready"),
        step("ask_for_more", "papers_sent", "proposed", ["panel_member"],
             "Ask for better papers."),
        step("open_vote", "papers_sent", "voting", ["facilitator", "committee_secretary"],
             "Open the vote.", "papers_a_week_before"),
        step("close_vote", "voting", "counted",
             ["facilitator", "committee_secretary", "system"], "Close the vote.",
             "every_vote_in"),
        step("write_record", "counted", "heard", ["rapporteur"],
             "Hand in the independent record.", "rapporteur_independent"),
        step("answer", "heard", "answered",
             ["ig_officer", "information_asset_owner", "caldicott_guardian"],
             "Publish what was heard and what changed.", "public_version_ready"),
        from_each("drop", ("proposed", "papers_sent"), "dropped",
                  ["facilitator", "committee_secretary"], "Drop the question.",
                  "reasons_published"),
    ),
)  # fmt: skip
