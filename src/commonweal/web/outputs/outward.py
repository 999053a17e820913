"""What a refusal of the airlock may say on a page: never anything that was found (S4, S6).

Sentences about papers, people's signatures, permits and the author's own files are told as they
are. Of everything else only that the checks did not come to an end.
"""

from __future__ import annotations

from commonweal.foundation.errors import CommonwealError

CHECKS = (
    "CW-LEAVING-CHECKS",
    "The checks did not come to an end, and nothing has left. Ask again, or tell the data manager.",
)
BLOCKED = (
    "CW-LEAVING-BLOCKED",
    "Something that you asked for is of a kind that does not leave, or cannot be read as it is.",
)
"""Never which file: a job of many files would say a bit with each of them."""
_OWN_WORDS = frozenset(
    {
        "CW-ACT-NOT-RECORDED",
        "CW-ACT-ROLE",
        "CW-ACT-TIME",
        "CW-ACT-VOID",
        "CW-LEAVING-ACTS",
        "CW-LEAVING-AUTHOR",
        "CW-LEAVING-EXPIRED",
        "CW-LEAVING-JOB",
        "CW-LEAVING-KNOWN",
        "CW-LEAVING-LARGE",
        "CW-LEAVING-PERMIT",
        "CW-LEAVING-QUOTA",
        "CW-LEAVING-RECALLED",
        "CW-LEAVING-REVIEW",
        "CW-LEAVING-REVIEWER",
        "CW-LEAVING-STATE",
        "CW-LEAVING-UNKNOWN",
        "CW-LEAVING-WISH",
        "CW-PERMIT-ACTION",
        "CW-PERMIT-CLOSED",
        "CW-PERMIT-EXPIRED",
        "CW-PERMIT-NOT-LIVE",
        "CW-PERMIT-NOT-YET",
        "CW-PERMIT-PAUSED",
        "CW-PERMIT-REVIEW-OVERDUE",
        "CW-PERMIT-REVOKED",
        "CW-PERMIT-SUPERSEDED",
        "CW-PERMIT-SUSPENDED",
        "CW-RELEASE-SUPERSEDED",
        "CW-SANDBOX-GUARD",
        "CW-STANDING-ACTS",
        "CW-STANDING-CHANGED",
        "CW-STANDING-KNOWN",
        "CW-STANDING-MONTH",
        "CW-STANDING-PEOPLE",
        "CW-STANDING-STATE",
        "CW-STANDING-UNKNOWN",
    }
)


def outward(error: CommonwealError) -> tuple[str, str]:
    """(code, sentence) of a refusal as a page may show it."""
    if error.code == BLOCKED[0]:
        return BLOCKED
    if error.code in _OWN_WORDS:
        return error.code, error.sentence
    return CHECKS
