"""What must be true before some steps may be taken: the closed list of guards.

The sentence is what the person reads while the guard does not hold. Whoever takes the step checks
the guard with the rule named in the comment above each group, and says that it holds.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

GUARDS: Mapping[str, str] = MappingProxyType(
    {
        # governance.application and governance.forms
        "may_be_sent": "Some answers must be given or put right before this can be sent.",
        "nothing_asked": "The applicant still has a question to answer.",
        "something_answered": "Each question must be answered before this can be sent back.",
        "screening_passed": "Evidence still has to be checked, or the Data Protection Officer's "
        "advice recorded.",
        # P6, governance.states.review
        "assessment_settled": "The impact assessment, or the record of the published lighter "
        "route, is not finished.",
        "no_ai_purpose": "An impact assessment is needed for every use that is about AI.",
        "lighter_route_met": "The published conditions of the lighter route are not all met.",
        "papers_a_week_before": "The panel needs the papers for as long before the workshop as "
        "the rules say.",
        "rapporteur_independent": "The record must be written by somebody who neither asks for "
        "the data nor decides about them.",
        "every_point_answered": "Each point of the workshop needs an answer.",
        "again_after_workshop": "The committee has not asked for this to be sent again, or no "
        "workshop was held.",
        "public_version_ready": "The version for the public is not ready.",
        # governance.committee
        "everyone_declared": "Each member must first say whether they have a conflict.",
        "quorate": "Too few members who may vote are here, or too few of them are lay members.",
        "every_vote_in": "Votes are missing, and the time for voting is not over.",
        "own_question": "Only the member who asked can take the question back.",
        "agreed": "The votes do not come to a decision under the published rules.",
        "not_agreed": "The votes do come to a decision under the published rules.",
        "not_enough_votes": "Enough members voted.",
        "decision_yes": "The committee has not decided to approve this.",
        "decision_again": "The committee has not asked for this to be sent again.",
        "decision_no": "The committee has not decided against this.",
        "proportionate_met": "The published conditions of the short route are not all met.",
        "chair_may_act": "The rules do not let the chair act alone here.",
        "builds_on_decision": "Only a chair's action on a decision of the committee can be left.",
        "may_be_called_in": "Only a decision made out of committee can be called in, and only "
        "before its permit is made.",
        "call_in_over": "Members can still call it in to the whole committee.",
        "within_appeal_time": "The time to appeal is over.",
        "appeal_time_over": "There is still time to appeal.",
        "heard_by_others": "An appeal is heard by people who did not vote on the decision.",
        "rounds_left": "The rules do not let this be discussed again.",
        "no_rounds_left": "The rules let this be discussed again first.",
        "papers_ready": "The papers for the meeting are not complete.",
        # governance.agreement
        "made_from_decision": "The agreement is not made from the decision that stands.",
        "named_signatory": "Only the signatory who is named in the agreement can accept it.",
        "internal_terms": "Only a project of the hospital's own stands on internal terms, and only "
        "the signatory who is named in them can accept them.",
        "somebody_else": "A second person must do this.",
        "reasons_published": "Reasons, fit to be published, must be given.",
        "offer_time_over": "There is still time to accept.",
        # the signer and the ledger
        "signer_agreed": "The signer has not checked the papers and signed.",
        "cause_removed": "What the work was stopped for has not been put right.",
        "ledger_says_so": "The ledger does not say so.",
        "time_has_come": "The time for this has not come.",
        "minor_change": "The change is not one of those that the rules call small.",
        "certificate_complete": "The certificate does not name every copy that was held.",
        "answer_overdue": "There is still time to answer.",
        # release
        "plan_within_permit": "The plan asks for more than the permit allows.",
        "within_limits": "A measured risk is over its limit.",
        "permit_not_live": "The permit still allows the work.",
        # outputs: governance.outputs, airlock.leaving
        "output_may_be_sent": "The permit must be live, and the files, what they are about and "
        "what protects people must be there.",
        "output_checks_done": "Not every file has a verdict yet.",
        "output_can_never_leave": "Nothing was found that nobody may let through.",
        "may_review_output": "An output is judged by somebody who did not make it, is not of the "
        "project and has no interest of their own in it.",
        "output_votes_in": "Two people must have judged the output first.",
        "output_votes_approve": "The votes do not let the output leave.",
        "output_votes_return": "The votes do not send the output back.",
        "output_votes_reject": "The votes do not reject the output.",
        "output_release_holds": "The files, the votes, the permit or the audit are not as they "
        "must be when an output leaves.",
        "output_stale": "Nothing has left since the audit.",
        "output_changed": "Every file is the one that was submitted.",
        "output_time_over": "There is still time for the output.",
        # texts for the public and concerns: governance.publishing
        "nothing_stops_text": "Something in the text must be taken out first, or a figure must say "
        "which released output it comes from.",
        "second_person_looked": "A text is published by somebody who did not write it, and who "
        "says why what was found in it is fine.",
        "outcome_written": "Say what was found and what is done about it.",
        # evidence
        "document_safe": "The document has not been found safe to open.",
        "document_unsafe": "The document was found safe to open.",
        "out_of_date": "The document is still in date.",
    }
)
