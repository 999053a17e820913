"""The error codes of outputs that are judged and leave: a part of the table in `codes.py`."""

from __future__ import annotations

LEAVING = {
    "CW-LEAVING-MANIFEST": "The manifest of an output does not have the form it must have.",
    "CW-LEAVING-FINDINGS": "What was found of an output is not what was frozen with it.",
    "CW-LEAVING-FILE": "A file of an output is not the one that was frozen.",
    "CW-LEAVING-JOB": "What asks to leave is not what the ledger says that a job left.",
    "CW-LEAVING-BLOCKED": "An output holds something that can never leave.",
    "CW-LEAVING-KNOWN": "An output of this name, or this turn of it, is there already.",
    "CW-LEAVING-QUOTA": "A project has asked for as many checks of outputs as it may on one day.",
    "CW-LEAVING-CHECKS": "The checks of an output did not come to an end.",
    "CW-LEAVING-CUT-OFF": "The airlock's worker was stopped in the middle each time.",
    "CW-LEAVING-LARGE": "The files of an output are too large for a page.",
    "CW-LEAVING-WISH": "What an author asks of the airlock does not have the form it must have.",
    "CW-LEAVING-UNKNOWN": "There is no such output.",
    "CW-LEAVING-STATE": "An output is not in the state in which this can be done.",
    "CW-LEAVING-EXPIRED": "The time for an output is over.",
    "CW-LEAVING-AUTHOR": "The author of an output did not sign it, or is not of its project.",
    "CW-LEAVING-REVIEWER": "Who made an output, is of its project or conflicted does not judge it.",
    "CW-LEAVING-REVIEW": "A review does not fit the output that it is about.",
    "CW-LEAVING-ACTS": "A signed act does not fit the output that it is brought for.",
    "CW-LEAVING-ACT-MISSING": "The ledger heard of an act about an output that was left out.",
    "CW-LEAVING-UNSEEN": "An author is told nothing of what was found before people have judged.",
    "CW-LEAVING-VOTES": "The signed votes do not let an output leave.",
    "CW-LEAVING-PERMIT": "The permit is not the one under which an output was frozen.",
    "CW-LEAVING-RECALLED": "An output was recalled, and is given to nobody any more.",
    "CW-LEAVING-MEMORY": "There is no memory in which the key of reviewers' papers could lie.",
    "CW-LEAVING-CODE": "The code that reviewers would be shown is not the study that was run.",
    "CW-LEAVING-PAPERS": "What reviewers read of an output is not here yet.",
    "CW-LEAVING-STORE": "The store of released outputs is not what the ledger says.",
}
