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
    "pause",
    "suspend",
    "resume",
    "revoke",
    "close",
    "order_release",
    "sign_off_release",
    "send_back_release",
    "roster_change",
]
ACT_KINDS: tuple[ActKind, ...] = get_args(ActKind)
