"""The error codes of studies and jobs: a part of the closed table in `codes.py`."""

from __future__ import annotations

JOBS = {
    "CW-STUDY-INVALID": "A study's declaration does not have the form that it must have.",
    "CW-STUDY-FILES": "A study holds something that cannot be taken in, or too much of it.",
    "CW-STUDY-CHANGED": "A study is not what its hash says.",
    "CW-STUDY-BUNDLE": "A zip file or git bundle cannot be read as one that holds a whole study.",
    "CW-STUDY-UNKNOWN": "There is no study with this hash here.",
    "CW-STUDY-RUNTIME": "The runtime that a study names was not built here, or was changed.",
    "CW-STUDY-REFERENCE": "A reference that a study names was not brought in, or was changed.",
    "CW-STUDY-FILE": "A file that was sent as a study is empty, too large or of another kind.",
    "CW-STUDY-CLOSED": "No study can be sent to a permit now, or none at all.",
    "CW-STUDY-CUT-OFF": "The worker that took a study in was stopped in the middle each time.",
    "CW-STUDY-LIMITS": "A study asks for more time, memory or space than is given here.",
    "CW-JOB-UNKNOWN": "There is no job with this name.",
    "CW-JOB-QUOTA": "A project has submitted as many jobs as it may on one day.",
    "CW-JOB-STEP": "A job cannot take this step from the state that it is in.",
    "CW-JOB-LEASE": "A job was taken over by another worker, so this one may not go on with it.",
    "CW-JOB-QUEUE": "The queue of jobs cannot be read or written.",
    "CW-JOB-ATTEMPTS": "A job was cut off as often as it may be, so it is not tried again.",
    "CW-JOB-UNSURE": "A job was stopped because nobody could say whether its permit still counts.",
    "CW-JOB-WAITS": "A job cannot begin now and stays in the queue.",
    "CW-JOB-SETTINGS": "The settings of the room for jobs do not have the form they must have.",
    "CW-INGRESS-KIND": "A file that is brought in is not what it is said to be.",
    "CW-INGRESS-LICENCE": "A file is brought in without a licence that is known.",
    "CW-INGRESS-NAME": "A file with this name was brought in before.",
    "CW-INGRESS-SCAN": "The scan of a file that is brought in found something wrong.",
    "CW-INGRESS-PEOPLE": "A file is approved by the person who brought it, or by nobody.",
}
