"""What a person can sign, as one table: kind of act, who may, which word, and the sentence (S11).

The sentence that a person sees is made from this table and from nothing else. It is a part of what
is signed, and a verifier makes it again: a page cannot show one thing and let people sign another
under it. Words for people: reading age about eleven, no name of a person.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

from commonweal.foundation.acts import ActKind
from commonweal.foundation.errors import Fault
from commonweal.papers.roster import VOTING_ROLES, RosterRole

ObjectType = Literal[
    "version",
    "decision",
    "agreement",
    "approval",
    "assessment",
    "permit",
    "release",
    "roster",
    "review",
    "question",
    "output",
    "recall",
    "ingress",
    "standing",
    "month",
]

ROLE_WORDS: Mapping[RosterRole, str] = MappingProxyType({
    "applicant": "the applicant",
    "co_applicant": "a co-applicant",
    "signatory_applicant": "signatory for the applicant",
    "ig_officer": "information governance officer",
    "data_manager": "data manager",
    "committee_chair": "chair of the committee",
    "committee_member": "a member of the committee",
    "committee_lay": "a lay member of the committee",
    "committee_secretary": "secretary of the committee",
    "rapporteur": "rapporteur",
    "panel_member": "a member of the public panel",
    "facilitator": "facilitator",
    "caldicott_guardian": "Caldicott Guardian",
    "siro": "Senior Information Risk Owner",
    "dpo": "Data Protection Officer",
    "information_asset_owner": "information asset owner",
    "clinical_safety_officer": "clinical safety officer",
    "output_checker": "output checker",
    "signatory_custodian": "signatory for the hospital",
    "clinician": "clinician",
})  # fmt: skip
"""How a person's role reads after "as"."""


@dataclass(frozen=True)
class ActRule:
    """One row: the roles that may act, the object, and each verdict with its words.

    `content`: what else is signed by its digest: `needed`, `allowed` or `none`.
    """

    roles: frozenset[str]
    object_type: ObjectType
    says: Mapping[str, str]
    content: Literal["needed", "allowed", "none"] = "none"


_CHAIR = frozenset({"committee_chair"})
# Stopping is open to more people than letting go on, and nobody who builds a release signs it off.
# `governance/states` has the same roles for the same steps; a test compares the two.
_OFFICERS = frozenset({"caldicott_guardian", "siro"})
_STOPPING = _OFFICERS | {"dpo", "information_asset_owner", "ig_officer"}
_RELEASING = frozenset({"ig_officer", "information_asset_owner"})
_ASKING = frozenset({"applicant", "co_applicant"})
_OUTCOMES = ("approve", "approve_with_conditions", "resubmit", "reject")


_TABLE: dict[ActKind, ActRule] = {
    "send": ActRule(
        frozenset({"applicant"}), "version", {"send": "I send this application for a decision"}
    ),
    "conflict": ActRule(
        VOTING_ROLES, "version",
        {
            "none": "I have no interest of my own in this application",
            "conflicted": "I have an interest of my own in this application, so I do not vote",
        },
        content="needed",
    ),
    "vote": ActRule(
        VOTING_ROLES, "version",
        {
            "approve": "I vote to approve this application",
            "approve_with_conditions": "I vote to approve this application with conditions",
            "resubmit": "I vote to ask for this application to be changed and sent again",
            "reject": "I vote to reject this application",
        },
        content="needed",
    ),
    "panel_vote": ActRule(
        frozenset({"panel_member"}), "question",
        {
            "yes": "I say yes to this question",
            "yes_if": "I say yes to this question, but only if something is done",
            "no": "I say no to this question",
            "not_sure": "I cannot say yes or no to this question",
        },
        content="needed",
    ),
    "decide": ActRule(
        _CHAIR, "decision",
        {
            "approve": "the committee approves this application",
            "approve_with_conditions": "the committee approves this application with conditions",
            "resubmit": "the committee asks for this application to be changed and sent again",
            "reject": "the committee rejects this application",
        },
    ),
    "agree": ActRule(
        frozenset({"signatory_applicant", "signatory_custodian"}), "agreement",
        {"accept": "I accept this agreement for my organisation"},
    ),
    "countersign": ActRule(
        frozenset({"caldicott_guardian", "siro"}), "approval",
        {
            "agree": "I agree that data are used as this decision, agreement and permit say",
            "refuse": "I refuse that data are used as this decision, agreement and permit say",
        },
        content="allowed",
    ),
    "advise": ActRule(
        frozenset({"dpo"}), "assessment",
        {
            "content": "I advise that the data protection assessment is sound",
            "content_with_conditions": (
                "I advise that the data protection assessment is sound with conditions"
            ),
            "not_content": "I advise that the data protection assessment is not sound",
        },
        content="allowed",
    ),
    "agree_change": ActRule(
        frozenset({"ig_officer"}), "decision",
        {"agree": "I agree this change to a project, which the published rules call small"},
    ),
    "pause": ActRule(
        _STOPPING | {"data_manager"}, "permit",
        {"pause": "no new work may start under this permit"},
        content="allowed",
    ),
    "suspend": ActRule(
        _STOPPING, "permit", {"suspend": "all work under this permit stops"}, content="allowed"
    ),
    "resume": ActRule(
        _OFFICERS, "permit", {"resume": "work under this permit may go on"}
    ),
    "revoke": ActRule(
        _OFFICERS, "permit", {"revoke": "this permit is taken back for good"},
        content="allowed",
    ),
    "close": ActRule(
        _OFFICERS | {"ig_officer"}, "permit",
        {"close": "the project under this permit has ended"},
        content="allowed",
    ),
    "send_review": ActRule(
        frozenset({"applicant", "co_applicant"}), "review",
        {"send": "I send this yearly review, and what it says is true"},
    ),
    "accept_review": ActRule(
        frozenset({"ig_officer"}), "review",
        {"accept": "I accept this yearly review, so work under the permit may go on for a year"},
    ),
    "order_release": ActRule(
        frozenset({"data_manager"}), "permit",
        {"build": "this release is built from people's records, within its permit"},
    ),
    "sign_off_release": ActRule(
        _RELEASING, "release", {"sign_off": "this release may be used"}
    ),
    "send_back_release": ActRule(
        _RELEASING, "release", {"send_back": "this release may not be used as it is"},
        content="allowed",
    ),
    "propose_route": ActRule(
        frozenset({"committee_secretary", "committee_chair"}), "version",
        {
            "proportionate": "I propose that a few members decide this application",
            "chair": "I propose that the chair decides this with lay members, and not a meeting",
        },
        content="needed",
    ),
    "call_in": ActRule(
        VOTING_ROLES, "version",
        {"call_in": "I ask that the whole committee decides this application"},
    ),
    "submit_output": ActRule(
        frozenset({"applicant", "co_applicant"}), "output",
        {"submit": "I ask that this output may leave, and what I wrote about it is true"},
    ),
    "withdraw_output": ActRule(
        frozenset({"applicant", "co_applicant"}), "output",
        {"withdraw": "I take this output back before it leaves"},
    ),
    "review_output": ActRule(
        frozenset({"output_checker"}), "output",
        {
            "approve": "I looked at this output, and it may leave",
            "return": "I looked at this output, and its author has to change it",
            "reject": "I looked at this output, and it may not leave",
            "conflicted": "I have an interest of my own in this output, so I do not judge it",
        },
        content="needed",
    ),
    "recall_output": ActRule(
        _OFFICERS | _RELEASING | {"output_checker"}, "recall",
        {"recall": "this output should not have left, and it is given to nobody any more"},
    ),
    "bring_in": ActRule(
        frozenset({"applicant", "co_applicant", "data_manager"}), "ingress",
        {"bring": "I bring this file in for studies to use, and what I wrote about it is true"},
    ),
    "approve_ingress": ActRule(
        frozenset({"data_manager"}), "ingress",
        {
            "approve": "I looked at this file that somebody else brings, and studies may use it",
            "refuse": "I looked at this file that somebody else brings, and it may not come in",
        },
        content="allowed",
    ),
    "propose_standing": ActRule(
        _ASKING, "standing",
        {"propose": "I ask that this table is made again each month, and what I wrote is true"},
    ),
    "approve_standing": ActRule(
        frozenset({"output_checker"}), "standing",
        {
            "approve": "I looked at this table and its groups, and it may be made each month",
            "refuse": "I looked at this table and its groups, and it may not be made each month",
        },
    ),
    "end_standing": ActRule(
        _STOPPING | _ASKING | {"output_checker", "data_manager"}, "standing",
        {"end": "this table is not to be made for another month"},
    ),
    "give_up_month": ActRule(
        _ASKING | {"output_checker", "data_manager"}, "month",
        {"give_up": "this month is left out, and the months after it are made"},
    ),
    "roster_change": ActRule(
        frozenset({"caldicott_guardian", "siro"}), "roster",
        {"change": "this is to be the new list of people who may decide"},
    ),
}  # fmt: skip

ACTS: Mapping[ActKind, ActRule] = MappingProxyType(_TABLE)
"""Kind of act: its row."""
FORMER_ROLES: Mapping[ActKind, frozenset[str]] = MappingProxyType({
    "resume": frozenset({"information_asset_owner"}),
    "revoke": frozenset({"information_asset_owner"}),
    "close": frozenset({"information_asset_owner", "data_manager"}),
    "sign_off_release": frozenset({"data_manager"}),
    "send_back_release": frozenset({"data_manager"}),
})  # fmt: skip
"""Roles that an earlier version of the table had. Who takes a role out of a row adds it here.

The ledger hears of no new act in one of these. What it heard of while the table allowed it is still
that person's signature: it verifies, though it takes no step any more.
"""
OUTCOMES: tuple[str, ...] = _OUTCOMES
"""What a committee can decide; the first two say yes."""
SAYS_YES: frozenset[str] = frozenset(_OUTCOMES[:2])


def sentence(
    kind: ActKind, verdict: str, role: RosterRole, subject: str, digest: str, content: str | None
) -> str:
    """What the person sees before signing, with the fingerprint of what it is about.

    Raises `Fault` CW-ACT-RULE for a word that the table does not have.
    """
    words = ACTS[kind].says.get(verdict)
    if words is None:
        raise Fault("CW-ACT-RULE", f"An act of the kind {kind} does not have this verdict.")
    added = "" if content is None else f", with what I wrote (fingerprint {fingerprint(content)})"
    return (
        f"As {ROLE_WORDS[role]}: {words}. It is about {subject} "
        f"(fingerprint {fingerprint(digest)}){added}."
    )


def fingerprint(digest: str) -> str:
    """The beginning of a digest in groups of four, for people to compare: 64 bits."""
    found = digest.removeprefix("sha256:")[:16]
    return " ".join(found[at : at + 4] for at in range(0, 16, 4))
