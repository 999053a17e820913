"""The error codes of standing outputs: a part of the closed table in `codes.py`."""

from __future__ import annotations

STANDING = {
    "CW-STANDING-INVALID": "A standing output does not have the form it must have.",
    "CW-STANDING-DUE": "No month of a standing output is due.",
}
