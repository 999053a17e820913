"""Who may do what in which state: written by hand, by role, as a person would ask for it.

One block a machine. A line is `roles | state | action>state, action>state`; a role that has no line
for a state may do nothing there. Nothing here is made from the machines: the test compares every
state, action and role of a machine with it, so a row that is too many is found like one too few.
"""

from __future__ import annotations

EXPECTED: dict[str, str] = {
    "application": """
        applicant | draft | send>sent, withdraw>withdrawn
        applicant | sent | withdraw>withdrawn
        applicant | screening | withdraw>withdrawn
        applicant | queried | answer>screening, withdraw>withdrawn
        applicant | ready | withdraw>withdrawn
        applicant | with_committee | withdraw>withdrawn
        applicant | queried_by_committee | answer>with_committee, withdraw>withdrawn
        applicant | to_be_revised | send>sent, withdraw>withdrawn
        applicant | rejected | appeal>under_appeal, accept_decision>refused
        applicant | under_appeal | take_appeal_back>refused
        co_applicant | queried | answer>screening
        co_applicant | queried_by_committee | answer>with_committee
        ig_officer | sent | take_up>screening
        ig_officer | screening | ask_applicant>queried, pass_screening>ready
        ig_officer | ready | screen_again>screening
        data_manager | sent | take_up>screening
        data_manager | screening | ask_applicant>queried
        committee_secretary | ready | put_to_committee>with_committee
        committee_secretary committee_chair | with_committee | ask_applicant>queried_by_committee,
            record_approval>approved, record_request>to_be_revised, record_rejection>rejected
        committee_chair committee_member committee_lay | queried_by_committee |
            ask_nothing>with_committee
        caldicott_guardian siro | under_appeal | uphold_appeal>ready, dismiss_appeal>refused
        system | queried | lapse>lapsed
        system | queried_by_committee | lapse>lapsed
        system | to_be_revised | lapse>lapsed
        system | rejected | end_appeal_time>refused
    """,
    "evidence": """
        applicant co_applicant | wanted | hand_in>scanning
        applicant co_applicant | unsafe | hand_in>scanning
        applicant co_applicant | not_accepted | hand_in>scanning
        applicant co_applicant | run_out | hand_in>scanning
        applicant co_applicant | to_check | replace>scanning
        applicant co_applicant | checked | replace>scanning
        system | scanning | find_safe>to_check, find_unsafe>unsafe
        system | checked | run_out>run_out
        ig_officer | wanted | excuse>not_wanted
        ig_officer | unsafe | excuse>not_wanted
        ig_officer | to_check | accept>checked, refuse>not_accepted, excuse>not_wanted
        ig_officer | not_accepted | excuse>not_wanted
        ig_officer | checked | check_again>to_check, excuse>not_wanted
        ig_officer | run_out | excuse>not_wanted
    """,
    "review": """
        applicant | waiting | withdraw>withdrawn
        applicant | returned | send>waiting, withdraw>withdrawn
        applicant | screened | withdraw>withdrawn
        applicant | workshop_scheduled | withdraw>withdrawn
        applicant | workshop_held | withdraw>withdrawn
        applicant | record_written | synthesise>synthesised, withdraw>withdrawn
        applicant | synthesised | withdraw>withdrawn
        applicant | lighter_route | withdraw>withdrawn
        applicant | with_committee | withdraw>withdrawn
        applicant co_applicant | published | revisit>revisited
        applicant co_applicant | due | send>revisited
        applicant co_applicant | overdue | send>revisited
        ig_officer | revisited | publish_again>published, send_back>due
        co_applicant | returned | send>waiting
        co_applicant | record_written | synthesise>synthesised
        ig_officer | waiting | excuse>not_needed, return>returned, pass_screening>screened
        ig_officer | screened | schedule>workshop_scheduled, take_lighter_route>lighter_route
        ig_officer | lighter_route | need_workshop>screened
        ig_officer | workshop_scheduled | schedule_again>screened
        ig_officer | synthesised | return>record_written
        ig_officer | to_publish | publish>published
        facilitator | screened | schedule>workshop_scheduled
        facilitator | workshop_scheduled | schedule_again>screened, hold>workshop_held
        rapporteur | workshop_held | write_record>record_written
        rapporteur | synthesised | return>record_written
        committee_chair committee_member committee_lay | lighter_route | need_workshop>screened
        committee_secretary | synthesised | put_to_committee>with_committee
        committee_secretary | lighter_route | put_to_committee>with_committee
        committee_secretary | to_publish | publish>published
        committee_secretary committee_chair | with_committee | ask_for_changes>returned,
            ask_for_new_answers>record_written, record_approval>to_publish,
            record_rejection>to_publish
        system | published | fall_due>due, end>ended
        system | due | run_over>overdue, end>ended
        system | overdue | end>ended
        system | revisited | end>ended
    """,
    "panel_question": """
        facilitator committee_secretary | proposed | send_papers>papers_sent, drop>dropped
        facilitator committee_secretary | papers_sent | open_vote>voting, drop>dropped
        facilitator committee_secretary | voting | close_vote>counted
        system | voting | close_vote>counted
        panel_member | papers_sent | ask_for_more>proposed
        rapporteur | counted | write_record>heard
        ig_officer information_asset_owner caldicott_guardian | heard | answer>answered
    """,
    "notice": """
        ig_officer data_manager committee_secretary | draft | offer>offered, drop>dropped
        information_asset_owner caldicott_guardian dpo siro | draft | offer>offered, drop>dropped
        ig_officer data_manager committee_secretary | offered | send_back>draft,
            publish>published, drop>dropped
        information_asset_owner caldicott_guardian dpo siro | offered | send_back>draft,
            publish>published, drop>dropped
        ig_officer data_manager committee_secretary | published | take_down>taken_down
        information_asset_owner caldicott_guardian dpo siro | published | take_down>taken_down
    """,
    "concern": """
        ig_officer dpo caldicott_guardian | received | take_up>looked_into
        ig_officer dpo caldicott_guardian | looked_into | answer>answered
        public | received | withdraw>withdrawn
        public | looked_into | withdraw>withdrawn
    """,
    "meeting": """
        committee_secretary | planned | send_papers>papers_sent, cancel>cancelled
        committee_secretary | papers_sent | change_papers>planned, cancel>cancelled
        committee_secretary | open | end>ended
        committee_secretary | ended | send_minutes>minutes_sent
        committee_chair | planned | cancel>cancelled
        committee_chair | papers_sent | open>open, cancel>cancelled
        committee_chair | open | end>ended
        committee_chair | minutes_sent | correct>ended, agree_minutes>minuted
        committee_member committee_lay | minutes_sent | correct>ended
    """,
    "item": """
        committee_chair | listed | begin>declaring, postpone>postponed, call_in>postponed
        committee_secretary | listed | begin>declaring, postpone>postponed
        committee_chair | declaring | end_declarations>discussing, postpone>postponed,
            call_in>postponed
        committee_secretary | declaring | end_declarations>discussing, postpone>postponed
        committee_chair | discussing | open_vote>voting, postpone>postponed, call_in>postponed
        committee_secretary | discussing | postpone>postponed
        committee_chair | voting | ask>stopped, close_vote>closed, call_in>postponed
        committee_secretary | voting | close_vote>closed
        system | voting | close_vote>closed
        committee_member committee_lay | voting | ask>stopped, call_in>postponed
        committee_chair | stopped | answer>voting, take_back>voting, call_in>postponed
        committee_secretary | stopped | answer>voting
        committee_member committee_lay | stopped | take_back>voting, call_in>postponed
        ig_officer data_manager dpo | stopped | answer>voting
        committee_chair | closed | record_decision>decided, record_short>waiting,
            record_deadlock>deadlocked, record_too_few>postponed, call_in>postponed
        committee_secretary | closed | record_decision>decided, record_deadlock>deadlocked,
            record_too_few>postponed
        committee_chair | deadlocked | discuss_again>postponed, apply_deadlock_rule>decided,
            call_in>postponed
        committee_secretary | deadlocked | discuss_again>postponed, apply_deadlock_rule>decided
        committee_secretary | postponed | list_again>listed
        committee_member committee_lay | listed | call_in>postponed
        committee_member committee_lay | declaring | call_in>postponed
        committee_member committee_lay | discussing | call_in>postponed
        committee_member committee_lay | closed | call_in>postponed
        committee_member committee_lay | deadlocked | call_in>postponed
        committee_chair committee_member committee_lay | waiting | call_in>postponed
        system | waiting | take_effect>decided
        committee_chair committee_member committee_lay committee_secretary | listed | leave>left
        committee_chair committee_member committee_lay committee_secretary | declaring | leave>left
        committee_chair committee_member committee_lay committee_secretary | discussing | leave>left
        committee_chair committee_member committee_lay committee_secretary | voting | leave>left
        committee_chair committee_member committee_lay committee_secretary | stopped | leave>left
        committee_chair committee_member committee_lay committee_secretary | closed | leave>left
        committee_chair committee_member committee_lay committee_secretary | deadlocked | leave>left
        committee_chair committee_member committee_lay committee_secretary | waiting | leave>left
        committee_chair committee_member committee_lay committee_secretary | postponed | leave>left
        applicant | listed | withdraw>withdrawn
        applicant | declaring | withdraw>withdrawn
        applicant | discussing | withdraw>withdrawn
        applicant | voting | withdraw>withdrawn
        applicant | stopped | answer>voting, withdraw>withdrawn
        applicant | closed | withdraw>withdrawn
        applicant | deadlocked | withdraw>withdrawn
        applicant | waiting | withdraw>withdrawn
        applicant | postponed | withdraw>withdrawn
    """,
    "question": """
        ig_officer | asked | pass_on>with_applicant, answer>answered
        committee_secretary | asked | pass_on>with_applicant, answer>answered
        data_manager dpo | asked | answer>answered
        committee_chair | asked | answer>answered, take_back>taken_back
        committee_member committee_lay | asked | take_back>taken_back
        applicant co_applicant | with_applicant | answer>answered
        committee_chair committee_member committee_lay | with_applicant | take_back>taken_back
        committee_chair committee_member committee_lay | answered | settle>settled,
            ask_again>asked, take_back>taken_back
    """,
    "decision": """
        committee_chair | awaited | take_short_route>short_route, take_chairs_action>chair_acts,
            decide>made, record_deadlock>deadlocked
        committee_secretary | awaited | take_short_route>short_route, decide>made,
            record_deadlock>deadlocked
        committee_chair | short_route | need_committee>awaited, decide>made,
            record_deadlock>awaited
        committee_chair | chair_acts | need_committee>awaited, decide>made, record_deadlock>awaited
        committee_secretary | short_route | decide>made, record_deadlock>awaited
        committee_secretary | chair_acts | decide>made, record_deadlock>awaited
        committee_member committee_lay | short_route | need_committee>awaited
        committee_member committee_lay | chair_acts | need_committee>awaited
        committee_chair committee_secretary | deadlocked | discuss_again>awaited,
            apply_deadlock_rule>made
        committee_secretary ig_officer | made | publish>published
        committee_chair committee_member committee_lay | published | call_in>set_aside
        committee_chair committee_member committee_lay | stands | call_in>set_aside
        applicant | awaited | withdraw>not_made
        applicant | short_route | withdraw>not_made
        applicant | chair_acts | withdraw>not_made
        applicant | deadlocked | withdraw>not_made
        applicant | published | appeal>under_appeal, accept>stands
        applicant | under_appeal | withdraw>stands
        caldicott_guardian siro | under_appeal | uphold_appeal>set_aside, dismiss_appeal>stands
        system | published | end_appeal_time>stands
        system | stands | carry_out>carried_out, put_away>put_away
    """,
    "framework": """
        ig_officer | drafted | offer>offered, withdraw>withdrawn
        ig_officer | offered | withdraw>withdrawn
        ig_officer | accepted_by_applicant | withdraw>withdrawn
        signatory_applicant | drafted | withdraw>withdrawn
        signatory_applicant | offered | accept>accepted_by_applicant, withdraw>withdrawn
        signatory_applicant | accepted_by_applicant | withdraw>withdrawn
        signatory_custodian | drafted | withdraw>withdrawn
        signatory_custodian | offered | withdraw>withdrawn
        signatory_custodian | accepted_by_applicant | accept>in_force, withdraw>withdrawn
        system | in_force | replace>replaced
    """,
    "agreement": """
        ig_officer | drafted | offer>offered
        applicant | drafted | withdraw>withdrawn
        applicant | offered | ask_for_change>drafted, withdraw>withdrawn
        applicant | accepted_by_applicant | withdraw>withdrawn
        applicant | with_officers | withdraw>withdrawn
        applicant | guardian_signed | withdraw>withdrawn
        applicant | siro_signed | withdraw>withdrawn
        applicant | paused | withdraw>withdrawn
        signatory_applicant | drafted | withdraw>withdrawn
        signatory_applicant | offered | ask_for_change>drafted, accept>accepted_by_applicant,
            withdraw>withdrawn
        signatory_applicant | accepted_by_applicant | withdraw>withdrawn
        signatory_applicant | with_officers | withdraw>withdrawn
        signatory_applicant | guardian_signed | withdraw>withdrawn
        signatory_applicant | siro_signed | withdraw>withdrawn
        signatory_applicant | paused | withdraw>withdrawn
        signatory_custodian | drafted | withdraw>withdrawn
        signatory_custodian | offered | accept_internal_terms>with_officers, withdraw>withdrawn
        signatory_custodian | accepted_by_applicant | accept>with_officers, withdraw>withdrawn
        signatory_custodian | with_officers | withdraw>withdrawn
        signatory_custodian | guardian_signed | withdraw>withdrawn
        signatory_custodian | siro_signed | withdraw>withdrawn
        signatory_custodian | paused | withdraw>withdrawn
        caldicott_guardian | with_officers | countersign_as_guardian>guardian_signed, pause>paused,
            refuse>refused_by_officer
        caldicott_guardian | guardian_signed | pause>paused, refuse>refused_by_officer
        caldicott_guardian | siro_signed | countersign_as_guardian>countersigned, pause>paused,
            refuse>refused_by_officer
        siro | with_officers | countersign_as_siro>siro_signed, pause>paused,
            refuse>refused_by_officer
        siro | guardian_signed | countersign_as_siro>countersigned, pause>paused,
            refuse>refused_by_officer
        siro | siro_signed | pause>paused, refuse>refused_by_officer
        caldicott_guardian siro | paused | go_on>with_officers, refuse>refused_by_officer
        caldicott_guardian siro | countersigned | stop>paused
        system | drafted | end>ended
        system | offered | lapse>lapsed, end>ended
        system | accepted_by_applicant | end>ended
        system | with_officers | end>ended
        system | guardian_signed | end>ended
        system | siro_signed | end>ended
        system | paused | end>ended
        system | countersigned | make_permit>in_force, end>ended
        system | in_force | replace>replaced, end>ended
    """,
    "permit": """
        system | drafted | issue>announced
        system | announced | begin>active, suspend>suspended, supersede>superseded,
            run_out>expired
        system | active | pause>paused, suspend>suspended, supersede>superseded, run_out>expired
        system | paused | suspend>suspended, supersede>superseded, run_out>expired
        system | suspended | supersede>superseded, run_out>expired
        caldicott_guardian siro | announced | suspend>suspended, revoke>revoked, close>closed
        caldicott_guardian siro | active | pause>paused, suspend>suspended, revoke>revoked,
            close>closed
        caldicott_guardian siro | paused | resume>active, suspend>suspended, revoke>revoked,
            close>closed
        caldicott_guardian siro | suspended | resume>active, revoke>revoked, close>closed
        caldicott_guardian siro | expired | revoke>revoked, close>closed
        ig_officer | announced | suspend>suspended, close>closed
        ig_officer | active | pause>paused, suspend>suspended, close>closed
        ig_officer | paused | suspend>suspended, close>closed
        ig_officer | suspended | close>closed
        ig_officer | expired | close>closed
        dpo information_asset_owner | announced | suspend>suspended
        dpo information_asset_owner | active | pause>paused, suspend>suspended
        dpo information_asset_owner | paused | suspend>suspended
        data_manager | active | pause>paused
    """,
    "release": """
        data_manager | planned | build>building, give_up>abandoned
        data_manager | measured | give_up>abandoned
        data_manager | sent_back | plan_again>planned, give_up>abandoned
        ig_officer information_asset_owner | measured | sign_off>signed_off, send_back>sent_back
        system | planned | end>abandoned
        system | building | finish_building>built, break_off>planned, end>abandoned
        system | built | measure>measured, miss_limits>sent_back, end>abandoned
        system | measured | stand>released, end>abandoned
        system | sent_back | end>abandoned
        system | signed_off | release>released, end>abandoned
    """,
    "output": """
        applicant co_applicant | draft | submit>submitted, withdraw>withdrawn
        applicant co_applicant | blocked | change>draft, withdraw>withdrawn
        applicant co_applicant | returned | change>draft, withdraw>withdrawn
        applicant co_applicant | failed | withdraw>withdrawn
        applicant co_applicant | in_review | withdraw>withdrawn
        applicant co_applicant | consolidating | withdraw>withdrawn
        applicant co_applicant | approved | withdraw>withdrawn
        output_checker | in_review | review>in_review, open_votes>consolidating
        output_checker | consolidating | review>consolidating, approve>approved,
            return>returned, reject>rejected
        output_checker | failed | check_again>submitted, give_up>rejected
        output_checker caldicott_guardian siro ig_officer information_asset_owner | released |
            recall>recalled
        system | draft | run_out>expired, end>expired
        system | submitted | begin_checks>checking, find_changed>draft, run_out>expired,
            end>expired
        system | checking | block>blocked, fail_checks>failed, pass_on>in_review,
            find_changed>draft, run_out>expired, end>expired
        system | blocked | run_out>expired, end>expired
        system | failed | run_out>expired, end>expired
        system | in_review | open_votes>consolidating, find_changed>draft, run_out>expired,
            end>expired
        system | consolidating | approve>approved, return>returned, reject>rejected,
            find_changed>draft, run_out>expired, end>expired
        system | returned | run_out>expired, end>expired
        system | approved | begin_release>releasing, find_stale>draft, find_changed>draft,
            run_out>expired, end>expired
        system | releasing | release>released, break_off>approved, find_stale>draft,
            find_changed>draft, end>expired
    """,
    "amendment": """
        applicant | draft | send>sent, withdraw>withdrawn
        applicant | sent | withdraw>withdrawn
        applicant | screening | withdraw>withdrawn
        applicant | queried | answer>screening, withdraw>withdrawn
        applicant | ready | withdraw>withdrawn
        applicant | with_committee | withdraw>withdrawn
        applicant | queried_by_committee | answer>with_committee, withdraw>withdrawn
        applicant | to_be_revised | send>sent, withdraw>withdrawn
        applicant | rejected | appeal>under_appeal, accept_decision>refused
        applicant | under_appeal | take_appeal_back>refused
        co_applicant | queried | answer>screening
        co_applicant | queried_by_committee | answer>with_committee
        ig_officer | sent | take_up>screening
        ig_officer | screening | ask_applicant>queried, pass_screening>ready,
            agree_small_change>approved
        ig_officer | ready | screen_again>screening, agree_small_change>approved
        data_manager | sent | take_up>screening
        data_manager | screening | ask_applicant>queried
        committee_secretary | ready | put_to_committee>with_committee
        committee_secretary committee_chair | with_committee | ask_applicant>queried_by_committee,
            record_approval>approved, record_request>to_be_revised, record_rejection>rejected
        committee_chair committee_member committee_lay | queried_by_committee |
            ask_nothing>with_committee
        caldicott_guardian siro | under_appeal | uphold_appeal>ready, dismiss_appeal>refused
        system | draft | end>withdrawn
        system | sent | end>withdrawn
        system | screening | end>withdrawn
        system | queried | lapse>lapsed, end>withdrawn
        system | ready | end>withdrawn
        system | with_committee | end>withdrawn
        system | queried_by_committee | lapse>lapsed, end>withdrawn
        system | to_be_revised | lapse>lapsed, end>withdrawn
        system | rejected | end_appeal_time>refused, end>withdrawn
        system | under_appeal | end>withdrawn
    """,
    "renewal": """
        applicant | draft | send>sent, withdraw>withdrawn
        applicant | sent | withdraw>withdrawn
        applicant | screening | withdraw>withdrawn
        applicant | queried | answer>screening, withdraw>withdrawn
        applicant | ready | withdraw>withdrawn
        applicant | with_committee | withdraw>withdrawn
        applicant | queried_by_committee | answer>with_committee, withdraw>withdrawn
        applicant | to_be_revised | send>sent, withdraw>withdrawn
        applicant | rejected | appeal>under_appeal, accept_decision>refused
        applicant | under_appeal | take_appeal_back>refused
        co_applicant | queried | answer>screening
        co_applicant | queried_by_committee | answer>with_committee
        ig_officer | sent | take_up>screening
        ig_officer | screening | ask_applicant>queried, pass_screening>ready
        ig_officer | ready | screen_again>screening
        data_manager | sent | take_up>screening
        data_manager | screening | ask_applicant>queried
        committee_secretary | ready | put_to_committee>with_committee
        committee_secretary committee_chair | with_committee | ask_applicant>queried_by_committee,
            record_approval>approved, record_request>to_be_revised, record_rejection>rejected
        committee_chair committee_member committee_lay | queried_by_committee |
            ask_nothing>with_committee
        caldicott_guardian siro | under_appeal | uphold_appeal>ready, dismiss_appeal>refused
        system | draft | end>withdrawn
        system | sent | end>withdrawn
        system | screening | end>withdrawn
        system | queried | lapse>lapsed, end>withdrawn
        system | ready | end>withdrawn
        system | with_committee | end>withdrawn
        system | queried_by_committee | lapse>lapsed, end>withdrawn
        system | to_be_revised | lapse>lapsed, end>withdrawn
        system | rejected | end_appeal_time>refused, end>withdrawn
        system | under_appeal | end>withdrawn
    """,
    "annual_review": """
        applicant co_applicant | not_yet_due | send>sent
        applicant co_applicant | due | send>sent
        applicant co_applicant | overdue | send>sent
        applicant co_applicant | queried | answer>sent
        ig_officer | sent | ask_applicant>queried, put_to_committee>with_committee,
            accept>accepted
        committee_secretary | sent | put_to_committee>with_committee
        committee_chair committee_secretary | with_committee | return>sent
        system | not_yet_due | fall_due>due, end>ended
        system | due | run_over>overdue, end>ended
        system | overdue | end>ended
        system | sent | end>ended
        system | queried | end>ended
        system | with_committee | end>ended
    """,
    "closing": """
        applicant signatory_applicant data_manager | owed | send_certificate>sent
        applicant signatory_applicant data_manager | overdue | send_certificate>sent
        applicant signatory_applicant data_manager | with_officers | send_certificate>sent
        ig_officer | sent | return>owed, accept>certified
        ig_officer | overdue | tell_officers>with_officers
        information_asset_owner | sent | accept>certified
        siro | with_officers | end_without>without_certificate
        system | owed | run_over>overdue
        system | overdue | tell_officers>with_officers
    """,
}

GUARDED: dict[str, set[str]] = {
    "application": {"send", "answer", "ask_nothing", "pass_screening", "put_to_committee",
                    "record_approval",
                    "record_request", "record_rejection", "appeal", "end_appeal_time",
                    "uphold_appeal", "dismiss_appeal", "lapse"},
    "evidence": {"find_safe", "find_unsafe", "accept", "run_out"},
    "review": {"excuse", "send", "take_lighter_route", "hold", "write_record", "synthesise",
               "put_to_committee", "ask_for_changes", "ask_for_new_answers",
               "record_approval", "record_rejection",
               "publish", "fall_due", "revisit", "run_over", "end", "publish_again"},
    "panel_question": {"send_papers", "open_vote", "close_vote", "write_record", "answer", "drop"},
    "notice": {"offer", "publish", "take_down"},
    "concern": {"answer"},
    "meeting": {"send_papers"},
    "item": {"end_declarations", "open_vote", "answer", "take_back", "close_vote",
             "record_decision", "record_deadlock", "record_too_few", "discuss_again",
             "apply_deadlock_rule", "record_short", "take_effect", "call_in", "leave"},
    "question": {"answer", "settle", "ask_again", "take_back"},
    "decision": {"take_short_route", "take_chairs_action", "decide", "record_deadlock",
                 "discuss_again", "apply_deadlock_rule", "publish", "call_in", "appeal",
                 "end_appeal_time", "uphold_appeal", "dismiss_appeal", "carry_out", "put_away"},
    "framework": {"accept", "replace"},
    "agreement": {"offer", "accept", "accept_internal_terms",
                  "countersign_as_guardian", "countersign_as_siro", "pause",
                  "go_on", "refuse", "make_permit", "stop", "replace", "end", "lapse"},
    "permit": {"issue", "begin", "pause", "suspend", "resume", "supersede", "revoke", "run_out"},
    "release": {"build", "finish_building", "measure", "sign_off", "stand", "send_back", "release",
                "end"},
    "output": {"submit", "block", "pass_on", "review", "open_votes", "approve", "return", "reject",
               "begin_release", "release", "find_stale", "find_changed", "recall", "run_out",
               "end"},
    "amendment": {"send", "answer", "ask_nothing", "pass_screening", "put_to_committee",
                  "record_approval",
                  "record_request", "record_rejection", "appeal", "end_appeal_time",
                  "uphold_appeal", "dismiss_appeal", "lapse",
                  "agree_small_change", "end"},
    "renewal": {"send", "answer", "ask_nothing", "pass_screening", "put_to_committee",
                "record_approval",
                "record_request", "record_rejection", "appeal", "end_appeal_time",
                "uphold_appeal", "dismiss_appeal", "lapse", "end"},
    "annual_review": {"fall_due", "run_over", "send", "answer", "end"},
    "closing": {"send_certificate", "accept", "run_over", "end_without"},
}  # fmt: skip
"""Steps for which something must be true first."""


def read(block: str) -> dict[tuple[str, str, str], str]:
    """(state, action, role): the state it leads to."""
    found: dict[tuple[str, str, str], str] = {}
    rows: list[str] = []
    for raw in block.strip().splitlines():
        line = raw.strip()
        if "|" in line:
            rows.append(line)
        else:
            rows[-1] += " " + line
    for row in rows:
        roles, state, steps = (part.strip() for part in row.split("|"))
        for role in roles.split():
            for one in steps.split(","):
                action, target = one.strip().split(">")
                assert (state, action, role) not in found, f"{row} is written twice"
                found[state, action, role] = target
    return found
