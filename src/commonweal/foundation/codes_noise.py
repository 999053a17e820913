"""The error codes of counts with noise: a part of the closed table in `codes.py`."""

from __future__ import annotations

NOISE = {
    "CW-NOISE-INVALID": "A request for noisy counts, or a budget, does not have its form.",
    "CW-NOISE-BUDGET": "The project's budget for noisy counts does not reach, or there is none.",
    "CW-NOISE-PEOPLE": "What all projects may spend on these people does not reach, or is nothing.",
    "CW-NOISE-OLD": "A newer budget than this one is in force.",
    "CW-NOISE-UNANSWERED": "A question was not answered with noise yet, so nothing can leave.",
    "CW-NOISE-BESIDE": "Exact figures about the same people have left beside counts with noise.",
    "CW-NOISE-MISSING": "The package that draws noise is not installed.",
    "CW-NOISE-SCALE": "No noise can be drawn that keeps to the epsilon that was asked for.",
    "CW-NOISE-BROKEN": "A noisy answer is not the one that the ledger holds.",
}
