"""What a refusal of the enclave may say on a page: its code, and a sentence without data.

Nothing that is told here was worked out from patients' data: a study is checked before it meets
any. Sentences about the author's own files, the permit and the day are told in their own words; of
all others only what their code means, as they can name places of the machine.
"""

from __future__ import annotations

from commonweal.foundation.codes import CODES
from commonweal.foundation.errors import CommonwealError
from commonweal.papers.refusal import PermitRefused

INTERNAL = ("CW-INTERNAL", "Something went wrong in the worker. No study came of it.")
_OWN_WORDS = frozenset(
    {
        "CW-FILE-ENCODING",
        "CW-JOB-QUOTA",
        "CW-JOB-STEP",
        "CW-JOB-UNKNOWN",
        "CW-RELEASE-MISSING",
        "CW-STUDY-BUNDLE",
        "CW-STUDY-FILE",
        "CW-STUDY-FILES",
        "CW-STUDY-INVALID",
        "CW-STUDY-ENGINE",
        "CW-STUDY-GPU",
        "CW-STUDY-LIMITS",
        "CW-STUDY-RUNTIME",
        "CW-STUDY-REFERENCE",
        "CW-YAML-INVALID",
    }
)


def outward(error: CommonwealError) -> tuple[str, str]:
    """(code, sentence) of a refusal as its order may show it."""
    if error.code in _OWN_WORDS or isinstance(error, PermitRefused):
        return error.code, error.sentence
    return error.code, CODES.get(error.code, INTERNAL[1])
