"""What a refusal of the vault may say outside: its code, and a sentence without data (S14).

A sentence of the vault is for whoever runs it: it may hold counts, columns and paths. Outside only
those are told in their own words that are about papers, dates or people's signatures. For all
others the meaning of the code is told, from the closed table that the documentation shows.
"""

from __future__ import annotations

from commonweal.foundation.codes import CODES
from commonweal.foundation.errors import CommonwealError

INTERNAL = ("CW-INTERNAL", "Something went wrong in the worker. Nothing was released.")
_OWN_WORDS = frozenset(
    {
        "CW-CHOICES-LIST-BEFORE-RESTORE",
        "CW-CHOICES-LIST-FUTURE",
        "CW-CHOICES-LIST-STALE",
        "CW-RELEASE-ASSESSMENT",
        "CW-RELEASE-DECIDED",
        "CW-RELEASE-ID-TAKEN",
        "CW-RELEASE-INPUTS",
        "CW-RELEASE-NOT-SIGNED-OFF",
        "CW-RELEASE-ORDER-CHANGED",
        "CW-RELEASE-PLAN-LIMIT",
        "CW-RELEASE-SUPERSEDED",
        "CW-STEP-ACTS",
    }
)
_PERMIT = frozenset(
    {
        "CW-PERMIT-ACTION",
        "CW-PERMIT-ANNOUNCED",
        "CW-PERMIT-CLOSED",
        "CW-PERMIT-EXPIRED",
        "CW-PERMIT-FORM-NOT-OFFERED",
        "CW-PERMIT-NOT-LIVE",
        "CW-PERMIT-NOT-YET",
        "CW-PERMIT-PAUSED",
        "CW-PERMIT-REVIEW-OVERDUE",
        "CW-PERMIT-REVOKED",
        "CW-PERMIT-ROLE-MISSING",
        "CW-PERMIT-SUPERSEDED",
        "CW-PERMIT-SUSPENDED",
        "CW-PERMIT-UNKNOWN-VARIABLE",
    }
)


def outward(error: CommonwealError) -> tuple[str, str]:
    """(code, sentence) of a refusal as a page may show it."""
    if error.code in _OWN_WORDS | _PERMIT:
        return error.code, error.sentence
    return error.code, CODES.get(error.code, INTERNAL[1])
