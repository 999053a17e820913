"""What a person checks of an application before the committee gets it: a typed list.

What a machine can tell is not in it: that is `governance.application.complete`. `section`: the part
of the application that an item is about.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Item:
    """One thing to look at. `ask`: a question that is answered with yes when all is well."""

    id: str
    section: str
    title: str
    ask: str


CHECKLIST: tuple[Item, ...] = (
    Item("organisation", "organisation", "The organisation",
         "Is it who it says it is, and is everything there that its kind must show?"),
    Item("security", "places", "Security of each place",
         "Was the assessment (such as the DSPT) of each place looked up, and does it hold?"),
    Item("people", "people", "People and training",
         "Is each person trained, bound by a contract, and employed where it says?"),
    Item("purpose", "purpose", "Purpose and summary",
         "Is the purpose one that may be asked for, and would a neighbour understand the summary?"),
    Item("legal", "legal", "Legal basis",
         "Does the legal basis fit the purpose, and does any support (section 251) cover it?"),
    Item("ethics", "legal", "Ethics",
         "Is the ethics committee's opinion there, or a good reason why none is needed?"),
    Item("opt_out", "opt_out", "National data opt-out",
         "Is the opt-out applied, or is there a named person's reason and evidence why not?"),
    Item("necessity", "data", "Each variable is needed",
         "Does each variable have a reason, and is it the least that answers the question?"),
    Item("flows", "flows", "Where data go, and how they end",
         "Are all movements of data named, and is it said how and when the data are destroyed?"),
)  # fmt: skip

RESULT_WORDS = {"yes": "Yes", "no": "No", "not_needed": "Not needed here"}
KNOWN = {one.id: one for one in CHECKLIST}
