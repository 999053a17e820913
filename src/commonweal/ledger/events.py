"""The closed list of what can be written on a ledger, as one table of data.

Two logs share the code (decision S9). On the `public` log anyone can read: it holds decisions,
permits and releases, says only the role that acted, and the hour. The `sealed` log holds the rest,
with the actor's id and the millisecond. Which log an event goes to is a column of this table, so
nobody chooses it at the moment of writing.

There is no field for free text: every field has a kind with a strict form. A hash of something
that is not itself public is only written as a salted commitment (S10, `details.py`). The
reference page `docs/reference/ledger-events.md` is generated from `TYPES`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Literal

from commonweal.foundation.acts import ACT_KINDS
from commonweal.foundation.errors import Fault
from commonweal.foundation.roles import PERSON_ROLES
from commonweal.ledger.fields import KINDS, Field

Log = Literal["public", "sealed"]
LOGS: tuple[Log, ...] = ("public", "sealed")

PermitState = Literal[
    "announced", "active", "paused", "suspended", "superseded", "revoked", "closed", "expired"
]
TERMINAL: frozenset[str] = frozenset({"superseded", "revoked", "closed"})

ROLES = (
    *PERSON_ROLES,
    "committee",
    "custodian",
    "researcher",
    "reviewer",
    "signer",
    "system",
)
"""Who can act. On the public log this is all that is said about the actor."""


PURPOSES = (
    "permit_signing",
    "status_signing",
    "manifest_signing",
    "ledger_checkpoint",
    "person_signing",
    "project",
    "audit",
    "sieve",
    "release_data",
    "details",
    "output_data",
    "backup",
    "membership",
)
"""What keys are for."""

ACCOUNT_ROLES = PERSON_ROLES
"""The roles that an account of the service can hold."""

_STOP_REASONS = (
    "request_of_controller",
    "guardian_decision",
    "incident",
    "support_lapsed",
    "security_assurance_lapsed",
    "choices_stale",
    "agreement_ended",
    "condition_broken",
    "legal_order",
    "restored_from_backup",
)


@dataclass(frozen=True)
class EventType:
    """One row of the table.

    `state`: what the event makes of its permit. `live`: the states its permit must be in when the
    event is written; the store checks that by itself. `also_paused`: a field and its word with
    which a paused permit counts too, beside those of `live`. `own`: written by the ledger only.
    """

    name: str
    log: Log
    says: str
    fields: Mapping[str, Field]
    state: PermitState | None = None
    live: tuple[PermitState, ...] = ()
    own: bool = False
    also_paused: tuple[str, str] | None = None

    def live_for(self, fields: Mapping[str, Any]) -> tuple[PermitState, ...]:
        """The states in which its permit must be when an event with these fields is written."""
        if self.also_paused is not None and fields.get(self.also_paused[0]) == self.also_paused[1]:
            return (*self.live, "paused")
        return self.live


def _word(*words: str, required: bool = True) -> Field:
    return Field("one_of", required, words)


_PERMIT = Field("permit")
_RELEASE = Field("release")
_OUTPUT = Field("output")
_KEY = Field("key")
_AUTHORISATION = Field("authorisation")
_HASHED = Field("hash")
_APPLICATION = Field("application")
_DECISION = Field("decision")
_COMMITTED = Field("commitment")
_ROUTE = _word("committee", "proportionate", "chair", "small_change")
_CONSIDERED = _word("application", "amendment", "renewal")
_WHY = _word(*_STOP_REASONS, required=False)


def _optional(kind: str) -> Field:
    return Field(kind, required=False)


_TABLE: tuple[EventType, ...] = (
    EventType("trust.policy_set", "public", "The rules of who may decide what were set.",
              {"policy_hash": _HASHED, "home": _word("demo", "standard"),
               "version": _optional("number")}),
    EventType("trust.policy_changed", "public", "New rules of who may decide were adopted.",
              {"policy_hash": _HASHED, "previous_hash": _HASHED, "version": Field("number"),
               "home": _word("demo", "standard"), "effective_from": _optional("moment"),
               "restored": _word("yes", required=False)}),
    EventType("trust.policy_withdrawn", "public", "New rules that waited will never count.",
              {"policy_hash": _HASHED, "version": Field("number"),
               "restored": _word("yes", required=False)}),
    EventType("roster.changed", "public", "A new list of people who may decide was adopted.",
              {"version": Field("number"), "effective_from": _optional("moment"),
               "restored": _word("yes", required=False)}),
    EventType("roster.withdrawn", "public", "A list of people that waited will never count.",
              {"version": Field("number"), "restored": _word("yes", required=False)}),
    EventType("act.recorded", "sealed", "A person signed an act; its details hold its digest.",
              {"act": Field("act"), "subject": Field("subject"), "kind": _word(*ACT_KINDS)}),
    EventType("act.used", "sealed", "A signed act was counted, and never counts again.",
              {"act": Field("act"), "subject": Field("subject"),
               "permit": _optional("permit"), "release": _optional("release")}),
    EventType("act.void", "sealed", "Nothing followed from a signed act: the step could not be "
              "taken any more.",
              {"act": Field("act"), "subject": Field("subject"), "code": Field("code")}),
    EventType("service.brought_back", "sealed", "The service's database came back from an older "
              "copy; its events go on under another name.",
              {"courier": Field("actor"), "before": Field("actor"), "lost": Field("number"),
               "waiting": Field("number")}),
    EventType("permit.issued", "public", "A permit was signed and announced.",
              {"permit": _PERMIT, "permit_hash": _HASHED, "authority": _word("committee", "direct"),
               "active_from": Field("moment"), "until": Field("day"),
               "version": _optional("number"), "supersedes": _optional("permit"),
               "review_by": _optional("day")},
              state="announced"),
    EventType("permit.reviewed", "public", "The yearly review was accepted; the next has a day.",
              {"permit": _PERMIT, "review_hash": _HASHED, "review_by": Field("day")}),
    EventType("permit.paused", "public", "No new work may start under the permit.",
              {"permit": _PERMIT, "reason": _WHY}, state="paused"),
    EventType("permit.suspended", "public", "All work under the permit was stopped.",
              {"permit": _PERMIT, "reason": _WHY}, state="suspended"),
    EventType("permit.resumed", "public", "Work under the permit may go on.",
              {"permit": _PERMIT}, state="active"),
    EventType("permit.superseded", "public", "The permit was replaced by a newer one.",
              {"permit": _PERMIT, "by": _optional("permit")}, state="superseded"),
    EventType("permit.revoked", "public", "The permit was taken back.",
              {"permit": _PERMIT, "reason": _WHY}, state="revoked"),
    EventType("permit.closed", "public", "The project has ended.",
              {"permit": _PERMIT, "reason": _WHY}, state="closed"),
    EventType("release.authorised", "sealed", "A release was allowed to be built.",
              {"permit": _PERMIT, "release": _RELEASE, "recipe": _optional("commitment"),
               "snapshot": _optional("commitment"), "choices_checked_at": _optional("moment"),
               "refreshes": _optional("release")},
              live=("active",)),
    EventType("release.completed", "public", "Data were made ready for a project.",
              {"permit": _PERMIT, "release": _RELEASE, "permit_hash": _HASHED,
               "membership_root": _HASHED, "manifest": Field("commitment"),
               "summary": _optional("commitment"), "summary_hash": _optional("hash"),
               "risk": _optional("commitment"), "people": _optional("band"),
               "refreshes": _optional("release"),
               "delivery": _word("enclave", "handover", required=False)},
              live=("active",)),
    EventType("release.planned", "sealed", "What a release would be like was worked out.",
              {"permit": _PERMIT, "today": Field("number")},
              live=("active",)),
    EventType("release.refused", "sealed", "A release was refused, or could not be made.",
              {"permit": _PERMIT, "release": _optional("release"), "code": Field("code")}),
    EventType("release.abandoned", "sealed", "The making of a release was cut off.",
              {"permit": _PERMIT, "release": _RELEASE}),
    EventType("release.refresh_asked", "sealed", "A job needs a release with newer choices.",
              {"permit": _PERMIT, "release": _RELEASE, "job": Field("job")}, live=("active",)),
    EventType("release.refreshed", "sealed", "A release was made again by the same recipe; what "
              "people decided on the earlier one stands.",
              {"permit": _PERMIT, "release": _RELEASE, "precedent": _RELEASE}, live=("active",)),
    EventType("release.person_asked", "sealed", "It was asked whether somebody is in a release.",
              {"release": _RELEASE, "purpose": _word("prove", "absence", "check")}),
    EventType("release.opened", "sealed", "The data of a release were unsealed.",
              {"permit": _PERMIT, "release": _RELEASE,
               "use": _word("command", "job", "recomputation", "attack", "risk", required=False)},
              live=("active",), also_paused=("use", "recomputation")),
    EventType("job.submitted", "sealed", "A study was handed in to be run.",
              {"permit": _PERMIT, "job": Field("job")}, live=("active",)),
    EventType("job.started", "sealed", "A study began to run on the data of a release.",
              {"permit": _PERMIT, "release": _RELEASE, "job": Field("job"),
               "attempt": Field("number")},
              live=("active",)),
    EventType("job.ended", "sealed", "A job ended, or an attempt of it was cut off.",
              {"permit": _PERMIT, "job": Field("job"), "attempt": Field("number"),
               "how": _word("finished", "failed", "over_limit", "refused", "cancelled",
                            "cut_off"),
               "code": _optional("code")}),
    EventType("outputs.collected", "sealed", "What a job had declared was taken for the airlock.",
              {"permit": _PERMIT, "release": _RELEASE, "job": Field("job"),
               "attempt": Field("number")},
              live=("active", "paused")),
    EventType("outputs.check_begun", "sealed", "Checks of what a job left were asked for.",
              {"permit": _PERMIT, "project": Field("project"), "job": Field("job"),
               "output": _OUTPUT, "check": Field("check")}),
    EventType("reference.brought", "sealed", "A reference table, weights or a package came in.",
              {"reference": Field("reference"),
               "kind": _word("reference", "weights", "package"),
               "approved_by": Field("actor")}),
    EventType("release.data_key_destroyed", "public", "The data of a release were made unreadable.",
              {"permit": _PERMIT, "release": _RELEASE,
               "reason": _word("superseded", "closed", "revoked", "retention", required=False)}),
    EventType("risk.hint_given", "sealed", "The data manager was told what change would pass.",
              {"permit": _PERMIT, "release": _optional("release"),
               "today": _optional("number")}),
    EventType("attack.authorised", "sealed", "A controller allowed a test attack on data.",
              {"authorisation": _AUTHORISATION, "until": Field("day"), "runs": Field("number"),
               "release": _optional("release")}),
    EventType("attack.withdrawn", "sealed", "A test attack is not allowed any more.",
              {"authorisation": _AUTHORISATION}),
    EventType("attack.begun", "sealed", "A test attack on data began.",
              {"authorisation": _AUTHORISATION, "run": Field("number"), "today": Field("number"),
               "release": _optional("release")}),
    EventType("attack.ended", "sealed", "A test attack on data ended; its details hold totals.",
              {"authorisation": _AUTHORISATION, "run": Field("number"),
               "outcome": _word("done", "refused", "failed"), "code": _optional("code")}),
    EventType("key.created", "sealed", "A key was made.",
              {"key": _KEY, "purpose": _word(*PURPOSES), "version": _optional("number"),
               "permit": _optional("permit")}),
    EventType("key.rotated", "sealed", "A key got a new version.",
              {"key": _KEY, "purpose": _word(*PURPOSES), "version": _optional("number")}),
    EventType("key.retired", "sealed", "A version of a key signs no more.",
              {"key": _KEY, "purpose": _word(*PURPOSES), "version": _optional("number")}),
    EventType("key.destroyed", "sealed", "A key was destroyed.",
              {"key": _KEY, "purpose": _word(*PURPOSES), "version": _optional("number"),
               "first_approver": _optional("actor"), "second_approver": _optional("actor")}),
    EventType("project.key_destroyed", "public", "The codes of a project can no longer be made.",
              {"key": _KEY, "permit": _optional("permit")}),
    EventType("signers.named", "sealed", "Keys were named with which the service signs permits.",
              {"keys": Field("number")}),
    EventType("separation.accepted", "sealed", "It was accepted that rooms are not kept apart.",
              {"separation": _word("none")}),
    EventType("choices.applied", "sealed", "People's choices were applied to a release.",
              {"permit": _PERMIT, "release": _RELEASE, "choices": Field("commitment"),
               "checked_at": _optional("moment"),
               "source": _word("service", "asserted", required=False)}),
    EventType("account.signed_in", "sealed", "A person signed in to the service.",
              {"person": Field("actor"), "means": _word("password", "persona", "cis2")}),
    EventType("account.role_given", "sealed", "A person was given a role in the service.",
              {"person": Field("actor"), "held_role": _word(*ACCOUNT_ROLES),
               "organisation": Field("organisation"), "project": _optional("project")}),
    EventType("account.role_ended", "sealed", "A person's role in the service ended.",
              {"person": Field("actor"), "held_role": _word(*ACCOUNT_ROLES),
               "organisation": Field("organisation"), "project": _optional("project")}),
    EventType("account.identity_linked", "sealed", "An account was connected with a provider.",
              {"person": Field("actor"), "provider": _word("cis2")}),
    EventType("account.identity_ended", "sealed", "An account and a provider were parted.",
              {"person": Field("actor"), "provider": _word("cis2")}),
    EventType("account.closed", "sealed", "An account was closed: nobody signs in with it.",
              {"person": Field("actor")}),
    EventType("account.reopened", "sealed", "A closed account was opened again, without roles.",
              {"person": Field("actor")}),
    EventType("account.signed_out", "sealed", "Every session of a person was ended.",
              {"person": Field("actor")}),
    EventType("account.accredited", "sealed", "A person's accreditation got another last day.",
              {"person": Field("actor"), "until": _optional("day")}),
    EventType("account.organisation_set", "sealed", "What is known of an organisation was set.",
              {"organisation": Field("organisation"), "assured_until": _optional("day")}),
    EventType("account.token_made", "sealed", "A key for programs was made.",
              {"person": Field("actor"), "token": Field("actor")}),
    EventType("account.token_ended", "sealed", "A key for programs was taken back.",
              {"person": Field("actor"), "token": Field("actor")}),
    EventType("backup.made", "sealed", "A backup was made.",
              {"archive": _HASHED, "key": _optional("key")}),
    EventType("backup.restored", "sealed", "A backup was brought back.",
              {"archive": _HASHED, "rewound": _word("yes", "no")}),
    EventType("ledger.epoch_begun", "public", "The ledger goes on from an older copy.",
              {"epoch": Field("number"), "public_size": Field("number"),
               "public_root": _HASHED, "sealed_root": _HASHED}, own=True),
    EventType("ledger.key_added", "public", "The log's checkpoints are signed with one key more.",
              {"key": _KEY, "public_key": Field("public_key")}, own=True),
    EventType("ledger.key_retired", "public", "The log's checkpoints lack a key from here on.",
              {"key": _KEY, "public_key": Field("public_key")}, own=True),
    EventType("catalogue.described", "public", "Figures of what is held were published.",
              {"release": _RELEASE, "dataset": Field("dataset"), "figures_hash": _HASHED,
               "inner": _COMMITTED}),
    EventType("feasibility.frozen", "public", "A month's counts for feasibility were frozen.",
              {"permit": _PERMIT, "release": _RELEASE, "dataset": Field("dataset"),
               "cube": _COMMITTED, "inner": _COMMITTED},
              live=("active",)),
    EventType("noise.budget_set", "public", "A budget for counts with noise was set.",
              {"permit": _PERMIT, "project": Field("project"), "millionths": Field("number")},
              live=("active",)),
    EventType("noise.people_budget_set", "public",
              "A budget over all projects for counts with noise of the same people was set.",
              {"dataset": Field("dataset"), "millionths": Field("number")}),
    EventType("noise.spent", "sealed", "A part of a budget for counts with noise was spent.",
              {"permit": _PERMIT, "project": Field("project"), "release": _RELEASE,
               "dataset": _optional("dataset"),
               "millionths": Field("number"), "request": _COMMITTED},
              live=("active",)),
    EventType("noise.drawn", "sealed", "Noise was drawn for counts that were paid for.",
              {"permit": _PERMIT, "project": Field("project"), "spend": Field("number"),
               "answer": _COMMITTED}),
    EventType("rules.published", "public", "Rules of a committee were published.",
              {"rules_hash": _HASHED, "version": Field("number"),
               "previous_hash": _optional("hash")}),
    EventType("levels.published", "public", "Service levels were published.",
              {"levels_hash": _HASHED, "version": Field("number")}),
    EventType("application.sent", "sealed", "A version of an application was sent and frozen.",
              {"application": _APPLICATION, "number": Field("number"), "version": _COMMITTED,
               "about": _CONSIDERED}),
    EventType("application.withdrawn", "sealed", "An application was taken back.",
              {"application": _APPLICATION}),
    EventType("application.lapsed", "sealed", "An application ended because no answer came.",
              {"application": _APPLICATION}),
    EventType("application.screened", "sealed", "An application was found complete.",
              {"application": _APPLICATION, "number": Field("number")}),
    EventType("application.queried", "sealed", "The applicant was asked something.",
              {"application": _APPLICATION, "query": _COMMITTED,
               "by": _word("screening", "committee")}),
    EventType("application.answered", "sealed", "The applicant answered.",
              {"application": _APPLICATION, "answer": _COMMITTED}),
    EventType("application.decided", "public", "A decision on an application was made.",
              {"application": _APPLICATION, "decision": _DECISION, "decision_hash": _HASHED,
               "outcome": _word("approve", "approve_with_conditions", "resubmit", "reject"),
               "route": _ROUTE, "about": _CONSIDERED, "version": _COMMITTED,
               "rules_hash": _HASHED, "by_deadlock": _word("yes", "no"),
               "replaces": _optional("decision")}),
    EventType("decision.set_aside", "public", "A decision no longer counts; it is made again.",
              {"application": _APPLICATION, "decision": _DECISION,
               "reason": _word("appeal_upheld", "called_in", "conflict_found")}),
    EventType("decision.appealed", "sealed", "The applicant appealed.",
              {"application": _APPLICATION, "decision": _DECISION, "grounds": _COMMITTED}),
    EventType("decision.final", "public", "A no is final: it was accepted, or the time is over.",
              {"application": _APPLICATION, "decision": _DECISION,
               "how": _word("accepted", "time_over", "appeal_taken_back")}),
    EventType("agenda.minuted", "public", "The minutes of a meeting of the committee were agreed.",
              {"minutes_hash": _HASHED}),
    EventType("appeal.dismissed", "public", "An appeal was dismissed; the decision stands.",
              {"application": _APPLICATION, "decision": _DECISION, "reasons_hash": _HASHED}),
    EventType("application.handled", "sealed", "The hospital took a step with an application.",
              {"application": _APPLICATION, "step": _word("take_up", "screen_again")}),
    EventType("evidence.handed_in", "sealed", "A document of an application was handed in.",
              {"application": _APPLICATION, "document": _COMMITTED}),
    EventType("evidence.checked", "sealed", "A person checked a document of an application.",
              {"application": _APPLICATION, "document": _COMMITTED,
               "result": _word("accepted", "refused", "not_wanted")}),
    EventType("advice.given", "sealed", "The Data Protection Officer's advice was recorded.",
              {"application": _APPLICATION, "advice": _COMMITTED}),
    EventType("conflict.declared", "sealed", "A member said whether they have a conflict.",
              {"application": _APPLICATION, "conflict": _word("yes", "no"),
               "declaration": _COMMITTED}),
    EventType("vote.opened", "sealed", "A vote was opened.",
              {"application": _APPLICATION, "round": Field("number"), "eligible": Field("number")}),
    EventType("vote.cast", "sealed", "A member voted; how is in the sealed details.",
              {"application": _APPLICATION, "round": Field("number"), "vote": _COMMITTED}),
    EventType("vote.closed", "sealed", "A vote was closed.",
              {"application": _APPLICATION, "round": Field("number"), "cast": Field("number"),
               "result": _word("decided", "deadlock", "too_few")}),
    EventType("question.asked", "sealed", "A member asked a question, which stops the vote.",
              {"application": _APPLICATION, "question": Field("question"), "words": _COMMITTED}),
    EventType("question.ended", "sealed", "A member's question was answered or taken back.",
              {"application": _APPLICATION, "question": Field("question"),
               "how": _word("answered", "settled", "taken_back")}),
    EventType("agenda.moved", "sealed", "An application on the committee's agenda took a step.",
              {"application": _APPLICATION,
               "to": _word("listed", "declaring", "discussing", "voting", "stopped", "closed",
                           "waiting", "deadlocked", "postponed", "decided", "left", "withdrawn")}),
    EventType("route.proposed", "sealed", "It was proposed to decide without the whole committee.",
              {"application": _APPLICATION, "route": _ROUTE, "proposal": _COMMITTED}),
    EventType("route.called_in", "sealed", "A member called a case in to the whole committee.",
              {"application": _APPLICATION, "route": _ROUTE}),
    EventType("workshop.held", "sealed", "A workshop on an impact assessment was held.",
              {"application": _APPLICATION, "people": Field("number")}),
    EventType("workshop.recorded", "sealed", "The independent record of a workshop was handed in.",
              {"application": _APPLICATION, "record": _COMMITTED}),
    EventType("assessment.route_taken", "sealed", "An impact assessment took its route.",
              {"application": _APPLICATION,
               "route": _word("workshop", "lighter", "not_needed"), "rules_hash": _HASHED}),
    EventType("assessment.handled", "sealed", "A step was taken with an impact assessment.",
              {"application": _APPLICATION,
               "step": _word("pass_screening", "return", "send", "schedule_again",
                             "need_workshop", "synthesise", "check_answers", "put_to_committee",
                             "ask_for_changes", "ask_for_new_answers", "record_approval",
                             "record_rejection", "revisit", "fall_due", "run_over", "end",
                             "send_back", "withdraw")}),
    EventType("assessment.published", "public", "An impact assessment was published.",
              {"application": _APPLICATION, "assessment_hash": _HASHED,
               "whole": _optional("commitment"), "look_again_on": _optional("day")}),
    EventType("assessment.redacted", "public", "Words were removed from an impact assessment.",
              {"application": _APPLICATION, "assessment_hash": _optional("hash"),
               "whole": _COMMITTED, "passages": Field("number")}),
    EventType("panel.voted", "sealed", "A member of the public panel voted.",
              {"question": Field("question"), "vote": _COMMITTED}),
    EventType("panel.step_taken", "sealed", "A question to the public panel took a step.",
              {"question": Field("question"),
               "step": _word("propose", "send_papers", "ask_for_more", "open_vote", "close_vote",
                             "write_record", "drop")}),
    EventType("panel.meeting_called", "sealed", "The public panel was invited to a meeting.",
              {"meeting": Field("meeting"), "invited": Field("number")}),
    EventType("panel.meeting_noted", "sealed", "The independent notes of a meeting were handed in.",
              {"meeting": Field("meeting"), "people": Field("number"), "notes": _COMMITTED}),
    EventType("panel.answered", "public", "What the panel said and what changed was published.",
              {"heard_hash": _HASHED, "answer_hash": _HASHED}),
    EventType("agreement.offered", "sealed", "An agreement was offered.",
              {"application": _APPLICATION, "decision": _DECISION, "agreement": _COMMITTED}),
    EventType("agreement.accepted", "sealed", "A signatory accepted an agreement.",
              {"application": _APPLICATION, "side": _word("applicant", "custodian"),
               "agreement": _COMMITTED}),
    EventType("agreement.change_asked", "sealed", "Other wording of an agreement was asked for.",
              {"application": _APPLICATION, "agreement": _COMMITTED}),
    EventType("agreement.resumed", "sealed", "An officer let the countersigning begin anew.",
              {"application": _APPLICATION, "agreement": _COMMITTED}),
    EventType("agreement.in_force", "sealed", "An agreement came into force with its permit.",
              {"application": _APPLICATION, "agreement": _COMMITTED, "permit": _PERMIT}),
    EventType("framework.offered", "sealed", "A framework contract was offered.",
              {"organisation": Field("organisation"), "framework": _COMMITTED}),
    EventType("framework.accepted", "sealed", "A signatory accepted a framework contract.",
              {"organisation": Field("organisation"), "framework": _COMMITTED,
               "side": _word("applicant", "custodian")}),
    EventType("framework.ended", "sealed", "A framework contract was taken back, or replaced.",
              {"organisation": Field("organisation"), "framework": _COMMITTED,
               "reason": _word("withdrawn", "replaced")}),
    EventType("agreement.ended", "sealed", "An agreement was taken back, replaced, or ran out.",
              {"application": _APPLICATION, "agreement": _COMMITTED,
               "reason": _word("withdrawn", "lapsed", "replaced", "ended")}),
    EventType("officer.countersigned", "public", "An accountable officer countersigned.",
              {"application": _APPLICATION, "decision": _DECISION, "agreement": _COMMITTED}),
    EventType("officer.stopped", "public", "An accountable officer stopped or refused.",
              {"application": _APPLICATION, "decision": _DECISION,
               "step": _word("paused", "refused"), "reasons_hash": _HASHED}),
    EventType("review.sent", "sealed", "The yearly review of a project was sent.",
              {"permit": _PERMIT, "review": _COMMITTED}),
    EventType("review.moved", "sealed", "A yearly review took a step.",
              {"permit": _PERMIT,
               "step": _word("begin", "fall_due", "run_over", "ask_applicant", "answer",
                             "put_to_committee", "return", "end")}),
    EventType("review.accepted", "sealed", "A yearly review was accepted.",
              {"permit": _PERMIT, "review": _COMMITTED, "next_on": Field("day")}),
    EventType("release.signed_off", "sealed", "A second person signed a release off.",
              {"permit": _PERMIT, "release": _RELEASE, "seen": _COMMITTED}, live=("active",)),
    EventType("release.sent_back", "sealed", "A second person sent a release back.",
              {"permit": _PERMIT, "release": _RELEASE, "reason": _COMMITTED}),
    EventType("output.submitted", "sealed", "An output was frozen and asked to leave.",
              {"permit": _PERMIT, "release": _RELEASE, "output": _OUTPUT, "turn": Field("number"),
               "manifest": _COMMITTED, "job": _optional("job")},
              live=("active", "paused")),
    EventType("output.moved", "sealed", "An output took a step.",
              {"permit": _PERMIT, "output": _OUTPUT,
               "step": _word("block", "fail_checks", "return", "reject", "find_stale",
                             "find_changed", "withdraw", "run_out", "end")}),
    EventType("output.approved", "sealed", "Two people found that an output may leave.",
              {"permit": _PERMIT, "output": _OUTPUT, "manifest": _COMMITTED},
              live=("active",)),
    EventType("output.refused", "sealed", "An output was not let out.",
              {"permit": _PERMIT, "output": _OUTPUT, "code": Field("code")}),
    EventType("output.released", "public", "An output left, after two people had looked at it.",
              {"permit": _PERMIT, "release": _RELEASE, "output": _OUTPUT, "output_hash": _HASHED,
               "manifest": _COMMITTED, "overrides": Field("number")},
              live=("active",)),
    EventType("output.downloaded", "sealed", "Files of an output were given out in a name.",
              {"permit": _PERMIT, "output": _OUTPUT, "named": _optional("actor"),
               "way": _word("service", "command", required=False)},
              live=("active",)),
    EventType("output.recalled", "public", "An output that left should not have left.",
              {"permit": _PERMIT, "output": _OUTPUT, "reasons_hash": _HASHED,
               "given_to": _optional("number")}),
    EventType("publication.imported", "sealed",
              "Figures that were published elsewhere were brought into the history.",
              {"output": _OUTPUT, "manifest": _COMMITTED}),
    EventType("standing.proposed", "sealed", "A table was asked for that is made each month.",
              {"permit": _PERMIT, "standing": Field("standing"), "layout": _COMMITTED},
              live=("active",)),
    EventType("standing.approved", "public", "Two people approved a table that is made each month.",
              {"permit": _PERMIT, "standing": Field("standing"), "layout": _COMMITTED,
               "months": Field("number")},
              live=("active",)),
    EventType("standing.ended", "public", "A table is not made for another month.",
              {"permit": _PERMIT, "standing": Field("standing")}),
    EventType("standing.given_up", "sealed", "A month of a table was left out.",
              {"permit": _PERMIT, "standing": Field("standing"), "output": _OUTPUT}),
    EventType("closing.owed", "sealed", "A project ended; its data must be destroyed by a day.",
              {"permit": _PERMIT, "due_on": Field("day")}),
    EventType("closing.certificate_sent", "sealed", "A certificate of destruction was sent.",
              {"permit": _PERMIT, "certificate": _COMMITTED}),
    EventType("closing.moved", "sealed", "A certificate was sent back, or is overdue.",
              {"permit": _PERMIT, "how": _word("sent_back", "overdue", "put_to_officers")}),
    EventType("closing.certified", "public", "The destruction of a project's data was certified.",
              {"permit": _PERMIT, "certificate": _COMMITTED}),
    EventType("closing.without_certificate", "public", "A project ended without a certificate.",
              {"permit": _PERMIT, "reasons_hash": _HASHED}),
    EventType("sealed.root", "public", "The daily seal of the log that is not public.",
              {"day": Field("day"), "root": _HASHED}, own=True),
)  # fmt: skip

TYPES: Mapping[str, EventType] = MappingProxyType({row.name: row for row in _TABLE})
"""Every event type by its name."""

RESERVED = frozenset({"v", "type", "at", "actor", "role", "details", "details_key"})
"""Keys of an entry that are not fields of its event."""


def invalid(sentence: str) -> Fault:
    """The error for an event that does not fit the table."""
    return Fault("CW-LEDGER-EVENT-INVALID", sentence)


def event_type(name: object) -> EventType:
    """The row called `name`. Raises `Fault` CW-LEDGER-EVENT-INVALID."""
    found = TYPES.get(name) if isinstance(name, str) else None
    if found is None:
        raise invalid("The event is not in the closed list of event types.")
    return found


def check_fields(definition: EventType, fields: Mapping[str, Any]) -> None:
    """Refuse fields that are missing, unknown or of the wrong form; values are not repeated.

    Raises `Fault` CW-LEDGER-EVENT-INVALID.
    """
    for name, field in definition.fields.items():
        if name not in fields:
            if field.required:
                raise invalid(f"The event {definition.name} needs the field {name}.")
            continue
        value = fields[name]
        accepts, wanted = KINDS[field.kind]
        if not accepts(value) or (field.words and value not in field.words):
            wanted = f"one of {', '.join(field.words)}" if field.words else wanted
            raise invalid(f"The field {name} of the event {definition.name} must be {wanted}.")
    if not fields.keys() <= definition.fields.keys():
        raise invalid(f"The event {definition.name} has a field that is not in its list.")
