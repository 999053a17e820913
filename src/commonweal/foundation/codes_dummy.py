"""The error codes of made-up data: a part of the closed table in `codes.py`."""

from __future__ import annotations

DUMMY = {
    "CW-DUMMY-COHORT": "Nobody can be made up who meets the cohort of a permit.",
    "CW-DUMMY-SIZE": "Made-up people are asked for in a number that cannot be made.",
    "CW-DUMMY-LARGE": "Made-up data would be larger than a page gives to download.",
    "CW-DUMMY-ORDER": "Made-up data cannot be asked for now.",
    "CW-DUMMY-GONE": "Made-up data were fetched before, or a day has passed.",
    "CW-DUMMY-CUT-OFF": "The worker was stopped each time it made data up.",
    "CW-DUMMY-PERMIT": "A file is neither a signed permit nor a draft of one.",
}
