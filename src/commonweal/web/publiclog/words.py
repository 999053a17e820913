"""What each kind of entry of the public log means, in words that a child of eleven can read."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from types import MappingProxyType
from typing import Any

from commonweal.foundation.clock import parse_stamp
from commonweal.ledger.events import event_type
from commonweal.web.config.jinja import day, moment
from commonweal.web.publiclog.signed import Entry
from commonweal.web.register.presenters import REASONS

WORDS: Mapping[str, str] = MappingProxyType({
    "trust.policy_set": "The hospital set the rules about who may decide what.",
    "trust.policy_changed": "The rules about who may decide were changed.",
    "trust.policy_withdrawn": "New rules about who may decide were dropped before they counted.",
    "roster.changed": "The list of people who may decide was changed.",
    "roster.withdrawn": "A new list of people who may decide was dropped before it counted.",
    "permit.issued": "A project got a permit to use data.",
    "permit.reviewed": "The yearly check of a project was passed.",
    "permit.paused": "A project was paused. It may start no new work.",
    "permit.suspended": "All work of a project was stopped.",
    "permit.resumed": "A project may go on with its work.",
    "permit.superseded": "A newer permit took the place of this one.",
    "permit.revoked": "The permit of a project was taken back.",
    "permit.closed": "A project ended.",
    "release.completed": "Data were made ready for a project.",
    "release.data_key_destroyed": "Data of a project were made unreadable for good.",
    "project.key_destroyed": "The codes that stood for people in a project are gone for good.",
    "ledger.epoch_begun": "The log went on from an older copy of itself.",
    "ledger.key_added": "The log is now signed with one more key.",
    "ledger.key_retired": "The log is no longer signed with one of its keys.",
    "catalogue.described": "Figures about the data that the hospital holds were published.",
    "feasibility.frozen": "The counts of one month were fixed. People use them to plan projects.",
    "noise.budget_set": "A limit was set on how many blurred counts a project may get.",
    "noise.people_budget_set": "A limit was set on blurred counts about the same people.",
    "rules.published": "The rules of the committee were published.",
    "levels.published": "The hospital published how fast it promises to answer.",
    "application.decided": "A decision was made on a request for data.",
    "decision.set_aside": "A decision no longer counts. It will be made again.",
    "decision.final": "A decision that said no is now final.",
    "agenda.minuted": "The notes of a committee meeting were agreed.",
    "appeal.dismissed": "Somebody asked for another decision. The first one stands.",
    "assessment.published": "A study of how a project could help or harm people was published.",
    "assessment.redacted": "Words were taken out of a study of how a project could help or harm.",
    "panel.answered": "What the public panel said, and what changed, was published.",
    "officer.countersigned": "A senior person at the hospital agreed to a project.",
    "officer.stopped": "A senior person at the hospital stopped or refused a project.",
    "closing.certified": "A project gave its word in writing that it had destroyed its data.",
    "closing.without_certificate": "A project ended without a paper that says its data are gone.",
    "output.released": "Results left, after two people had looked at them.",
    "output.recalled": "Results left that should not have left.",
    "standing.approved": "Two people agreed to a table that is made each month.",
    "standing.ended": "A table that was made each month is not made any more.",
    "notice.published": "The hospital published a text, after a second person had read it.",
    "notice.taken_down": "The hospital took a text down.",
    "sealed.root": "The daily seal of the hospital's other log, which is not public. "
                   "It lets nobody change that log unseen.",
})  # fmt: skip
"""One sentence for each event type of the public log; a test holds the two together."""

LABELS: Mapping[str, str] = MappingProxyType({
    "permit": "Permit", "release": "Data set made for a project", "output": "Results",
    "application": "Request", "decision": "Decision", "dataset": "Data", "notice": "Text",
    "standing": "Monthly table", "project": "Project", "supersedes": "Takes the place of",
    "by": "Newer permit", "outcome": "Outcome", "reason": "Why", "active_from": "Starts at",
    "effective_from": "Counts from", "until": "Ends on",
    "review_by": "Next yearly check by", "people": "How many people", "overrides":
    "How often people decided against a check", "given_to": "How many people had been given it",
    "day": "Day", "months": "Months", "version": "Version", "kind": "Kind", "step": "Step",
    "how": "How", "look_again_on": "Looked at again on", "passages": "Passages taken out",
    "delivery": "Where the data are used", "refreshes": "Newer form of",
})  # fmt: skip
"""The fields that people read, in this order; hashes and the like are for experts."""

VALUES: Mapping[str, str] = MappingProxyType({
    "approve": "Yes", "approve_with_conditions": "Yes, with conditions", "reject": "No",
    "resubmit": "Not yet: it may be changed and sent again", "accepted": "It was accepted",
    "time_over": "The time to ask again is over", "appeal_taken_back": "The appeal was taken back",
    "appeal_upheld": "The appeal was right", "called_in": "The whole committee wanted to decide",
    "conflict_found": "Somebody who decided had an interest in it", "paused": "Paused",
    "refused": "Refused", "enclave": "On the hospital's own machines",
    "handover": "Handed over to the project", "superseded": "Newer data took their place",
    "closed": "The project ended", "revoked": "The permit was taken back",
    "retention": "They had been kept as long as they may be", "incident": "Something went wrong",
    "concern": "A concern, and what came of it", "benefit": "What came of a project",
    "case_study": "The story of a project", "change": "Something that changed",
})  # fmt: skip
_ROLES: Mapping[str, str] = MappingProxyType({
    "system": "the system itself", "signer": "the hospital's signing machine",
    "custodian": "the hospital", "committee": "the committee",
})  # fmt: skip


def said(entry: Entry) -> str:
    """The sentence for one entry."""
    kind = str(entry.says["type"])
    return WORDS.get(kind, event_type(kind).says)


def shown(entry: Entry) -> dict[str, Any]:
    """One entry as pages show it."""
    says = entry.says
    role = str(says["role"])
    return {
        "index": entry.index,
        "sentence": said(entry),
        "when": moment(parse_stamp(str(says["at"]))),
        "machine": says["at"],
        "role": _ROLES.get(role, role.replace("_", " ")),
        "permit": says.get("permit"),
        "facts": [
            {"label": label, "value": _value(name, says[name])}
            for name, label in LABELS.items()
            if name in says
        ],
    }


def _value(name: str, value: Any) -> str:
    text = str(value)
    if name in ("active_from", "effective_from"):
        return moment(parse_stamp(text))
    if name in ("until", "review_by", "day", "look_again_on"):
        return day(date.fromisoformat(text))
    if name == "reason" and text in REASONS and text != "incident":
        return REASONS[text]
    if name in ("outcome", "reason", "how", "step", "kind", "delivery"):
        return VALUES.get(text, text.replace("_", " "))
    return text
