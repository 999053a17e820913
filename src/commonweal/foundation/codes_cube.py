"""The error codes of feasibility counts: a part of the closed table in `codes.py`."""

from __future__ import annotations

CUBE = {
    "CW-CUBE-INVALID": "A cube of counts, or its declaration, does not have its form.",
    "CW-CUBE-PERMIT": "The permit does not carry the declaration of a cube.",
    "CW-CUBE-FROZEN": "The month already has its cube of counts.",
    "CW-CUBE-SPREAD": "A cube would be perturbed by less than those before it.",
    "CW-CUBE-MONTHLY": "The list of counts that are made each month cannot be read.",
    "CW-CUBE-QUESTION": "A question to a cube is not written as it must be.",
    "CW-CUBE-MISSING": "There is no cube of counts that is recent enough to answer from.",
}
