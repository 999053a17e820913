"""One application on the agenda: conflicts, discussion, the vote and its count.

Conflicts are declared before anybody discusses or votes. A member's question stops the vote until
it is answered or taken back. A vote that comes to no decision is discussed again as often as the
rules say; what happens then is in the rules, and it is never a yes. A chair's action that a member
calls in, or that is not agreed, ends here: what the whole committee had decided stays as it was.
"""

from __future__ import annotations

from commonweal.governance.states.machine import from_each, machine, step
from commonweal.governance.states.parties import MEMBERS, RECORDERS

_OPEN = (
    *("listed", "declaring", "discussing", "voting", "stopped", "closed"),
    *("deadlocked", "waiting", "postponed"),
)

ITEM = machine(
    "item",
    "item on the agenda",
    states=(
        ("listed", "committee", "The application is on the agenda."),
        ("declaring", "committee", "Each member says whether they have a conflict."),
        ("discussing", "committee", "The members discuss the application."),
        ("voting", "committee", "The members are voting; nobody sees the others' votes yet."),
        ("stopped", "custodian", "The vote has stopped: a member has asked a question."),
        ("closed", "committee", "The vote is over and is being counted."),
        ("deadlocked", "committee", "The votes do not come to a decision."),
        ("waiting", "committee",
         "It was decided without the whole committee. Any member can still call it in."),
        ("postponed", "custodian", "The application waits for another meeting."),
        ("decided", "nobody", "The committee has decided."),
        ("left", "nobody", "What the whole committee had decided stays as it was."),
        ("withdrawn", "nobody", "The application was taken back."),
    ),
    steps=(
        step("begin", "listed", "declaring", RECORDERS, "Begin with this application."),
        step("end_declarations", "declaring", "discussing", RECORDERS,
             "Go on to the discussion.", "everyone_declared"),
        step("open_vote", "discussing", "voting", ["committee_chair"], "Open the vote.", "quorate"),
        step("ask", "voting", "stopped", MEMBERS, "Ask a question, which stops the vote."),
        step("answer", "stopped", "voting",
             ["applicant", "ig_officer", "data_manager", "dpo", "committee_chair",
              "committee_secretary"],
             "Answer the question.", "something_answered"),
        step("take_back", "stopped", "voting", MEMBERS, "Take the question back.",
             "own_question"),
        step("close_vote", "voting", "closed", [*RECORDERS, "system"], "Close the vote.",
             "every_vote_in"),
        step("record_decision", "closed", "decided", RECORDERS, "Record the decision.", "agreed"),
        step("record_short", "closed", "waiting", ["committee_chair"],
             "Record what was decided without the whole committee.", "agreed"),
        step("take_effect", "waiting", "decided", ["system"],
             "The time to call it in is over.", "call_in_over"),
        from_each("call_in",
                  ("listed", "declaring", "discussing", "voting", "stopped", "closed",
                   "deadlocked", "waiting"),
                  "postponed", MEMBERS, "Call it in to the whole committee.",
                  "may_be_called_in"),
        step("record_deadlock", "closed", "deadlocked", RECORDERS,
             "Record that the votes come to no decision.", "not_agreed"),
        step("record_too_few", "closed", "postponed", RECORDERS,
             "Record that too few votes were cast.", "not_enough_votes"),
        step("discuss_again", "deadlocked", "postponed", RECORDERS,
             "Put the application on a later agenda.", "rounds_left"),
        step("apply_deadlock_rule", "deadlocked", "decided", RECORDERS,
             "Record what the rules say for a deadlock.", "no_rounds_left"),
        from_each("leave", _OPEN, "left", [*MEMBERS, "committee_secretary"],
                  "Leave it as the whole committee decided.", "builds_on_decision"),
        step("list_again", "postponed", "listed", ["committee_secretary"],
             "Put the application on the agenda again."),
        from_each("postpone", ("listed", "declaring", "discussing"), "postponed", RECORDERS,
                  "Put the application off to another meeting."),
        from_each("withdraw", _OPEN, "withdrawn", ["applicant"], "Take the application back."),
    ),
)  # fmt: skip
