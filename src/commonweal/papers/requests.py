"""Reading a request of any kind: the field `kind` says which paper it is."""

from __future__ import annotations

from typing import Any

from commonweal.papers.analysis_request import (
    CorrelationRequest,
    RegressionRequest,
    SurvivalRequest,
)
from commonweal.papers.base import PaperInvalid
from commonweal.papers.output_request import OutputRequest

Analysis = RegressionRequest | SurvivalRequest | CorrelationRequest
Request = OutputRequest | Analysis

KINDS: dict[str, type[RegressionRequest] | type[SurvivalRequest] | type[CorrelationRequest]] = {
    "regression": RegressionRequest,
    "survival": SurvivalRequest,
    "correlation": CorrelationRequest,
}


def read_request(document: Any, name: str) -> Request:
    """The request that `document` (plain JSON values) describes; `name` is how a refusal calls it.

    Without `kind`, or with `table`, it is an `OutputRequest`. Raises `PaperInvalid`.
    """
    if not isinstance(document, dict) or "kind" not in document:
        return OutputRequest.read(document, name)
    kind = document["kind"]
    if kind == "table":
        # Not a field of the paper: a table has one spelling, and so one hash.
        return OutputRequest.read({k: v for k, v in document.items() if k != "kind"}, name)
    paper = KINDS.get(kind) if isinstance(kind, str) else None
    if paper is None:
        known = ", ".join(("table", *KINDS))
        raise PaperInvalid("CW-PAPER-INVALID", f"{name}: field kind must be one of {known}.")
    return paper.read(document, name)
