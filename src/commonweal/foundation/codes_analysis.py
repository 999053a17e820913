"""The error codes of analyses in the airlock: a part of the closed table in `codes.py`."""

from __future__ import annotations

ANALYSIS = {
    "CW-OUTPUT-HELD": "Finding: too few people have another value in a column than all others.",
    "CW-OUTPUT-TWINS": "Finding: too few people tell two columns of a model apart.",
    "CW-OUTPUT-ISOLATED": "Finding: a combination of terms is about too few people alone.",
    "CW-OUTPUT-LEVERAGE": "Finding: one person makes up too much of their own fitted value.",
    "CW-OUTPUT-PATTERN": "Finding: too few people make up their own fitted value.",
    "CW-OUTPUT-SEPARATED": "Finding: terms of a model tell somebody's outcome.",
    "CW-OUTPUT-SINGULAR": "Finding: terms of a model say the same, so it has no estimates.",
    "CW-OUTPUT-UNFIT": "Finding: the rows are such that an analysis cannot be made of them.",
    "CW-OUTPUT-UNSETTLED": "Finding: the estimates of a model did not settle.",
    "CW-OUTPUT-EVENTS": "Finding: too few people of a model or category have one outcome.",
    "CW-OUTPUT-PERFECT": "Finding: in a correlation one value follows from the other.",
    "CW-OUTPUT-STEPS": "Finding: no step of a survival curve has enough people.",
    "CW-OUTPUT-MODEL": "To the author: an analysis rests on too few people, or too much alike.",
}
