"""The error codes of engines that run jobs elsewhere: a part of the closed table in `codes.py`."""

from __future__ import annotations

ENGINES = {
    "CW-ENGINE-TASK": "A task for an engine is described in a way that is not allowed.",
    "CW-ENGINE-SITE": "A site that would run jobs is not what its signed statement says.",
    "CW-ENGINE-STATEMENT": "A statement about a site is wrong, about another, or ran out.",
    "CW-ENGINE-VOLUME": "A site's statement names no volume where a release may lie for a job.",
    "CW-ENGINE-ADDRESS": "The address of a site's engine cannot be used.",
    "CW-ENGINE-UNREACHABLE": "A site's engine did not answer, or not in time.",
    "CW-ENGINE-ANSWER": "A site's engine gave an answer that cannot be understood.",
    "CW-ENGINE-REFUSED": "A site's engine refused what it was asked.",
    "CW-ENGINE-UNSURE": "It is not known whether a site's engine took a task; it is asked again.",
    "CW-ENGINE-BACKWARDS": "A task that had ended is said not to have ended.",
    "CW-ENGINE-GONE": "A site's engine does not know a task that it took.",
    "CW-ENGINE-MANIFEST": "A manifest would weaken what keeps a job apart.",
}
