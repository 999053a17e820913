"""The error codes of counts with noise: a part of the closed table in `codes.py`."""

from __future__ import annotations

NOISE = {
    "CW-NOISE-INVALID": "A request for noisy counts, or a budget, does not have its form.",
    "CW-NOISE-BUDGET": "The project's budget for noisy counts does not reach, or there is none.",
    "CW-NOISE-MISSING": "The package that draws noise is not installed.",
    "CW-NOISE-SCALE": "No noise can be drawn that keeps to the epsilon that was asked for.",
    "CW-NOISE-BROKEN": "A noisy answer is not the one that the ledger holds.",
}
