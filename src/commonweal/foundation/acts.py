"""The closed list of what a person can sign: one list for the ledger and the papers (S11).

The ledger writes the kind of an act; `papers.act_table` says who may sign what, and in which words.
"""

from __future__ import annotations

from typing import Literal, get_args

ActKind = Literal[
    "send",
    "conflict",
    "vote",
    "panel_vote",
    "decide",
    "agree",
    "countersign",
    "advise",
    "agree_change",
    "pause",
    "suspend",
    "resume",
    "revoke",
    "close",
    "send_review",
    "accept_review",
    "order_release",
    "sign_off_release",
    "send_back_release",
    "roster_change",
    "propose_route",
    "call_in",
    "submit_output",
    "withdraw_output",
    "review_output",
    "recall_output",
    "bring_in",
    "approve_ingress",
    "propose_standing",
    "approve_standing",
    "end_standing",
    "give_up_month",
]
ACT_KINDS: tuple[ActKind, ...] = get_args(ActKind)
