"""The error codes of standing outputs: a part of the closed table in `codes.py`."""

from __future__ import annotations

STANDING = {
    "CW-STANDING-INVALID": "A standing output does not have the form it must have.",
    "CW-STANDING-DUE": "No month of a standing output is due.",
    "CW-STANDING-KNOWN": "A standing output of this name is there already.",
    "CW-STANDING-UNKNOWN": "There is no such standing output.",
    "CW-STANDING-ACTS": "What people signed about a standing output is not whole.",
    "CW-STANDING-PEOPLE": "Who signed about a standing output is not who may.",
    "CW-STANDING-CHANGED": "A layout is not the one that people signed.",
    "CW-STANDING-STATE": "A standing output is not approved, or was ended.",
    "CW-STANDING-MONTH": "A month of a standing output cannot be made or left out now.",
    "CW-STANDING-RELEASE": "The permit's newest release is from before a month was complete.",
    "CW-STANDING-GROUP": "A month has a group that nobody has approved.",
}
