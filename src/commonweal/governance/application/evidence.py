"""Which documents of an application the law asks for, and what a person checks of a document.

A document that the law asks for is never excused, and the committee gets no application before a
person has checked it and while it counts (domain reference 2.2, 3.3, 3.4). Others are shown to the
committee as they are.
"""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from commonweal.governance.application.model import ApplicationContent
from commonweal.governance.application.terms import Evidence

LAW_KINDS = frozenset(
    {"cag_letter", "ethics_letter", "regulation_3_confirmation", "public_interest_test",
     "legal_order"}
)  # fmt: skip
"""Kinds of documents without which the use has no basis in law or no ethics committee's opinion."""

CHECKED_WORDS: Mapping[str, str] = MappingProxyType(
    {
        "from": "It comes from whom it says it comes from",
        "about": "It is about this very project",
        "covers": "It covers the data, people and purposes that are asked for",
        "date": "Its version and date are those of the application, and it still counts",
    }
)
"""What a person can say that they checked of a document."""


def asked_by_law(content: ApplicationContent) -> tuple[Evidence, ...]:
    """The documents of an application that the law asks for, in order.

    Those of a kind that the law knows, and whatever the answers name as the letter behind section
    251 support, an ethics committee's opinion or an exemption from the national opt-out.
    """
    legal = content.legal
    named = {
        legal.cag.letter if legal.cag is not None else None,
        legal.ethics.letter if legal.ethics is not None else None,
        content.opt_out.document,
    } - {None}
    return tuple(each for each in content.documents if each.kind in LAW_KINDS or each.id in named)
