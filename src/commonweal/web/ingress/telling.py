"""Whom the steps of a file on its way in are told to."""

from __future__ import annotations

from commonweal.web.ingress.models import Offering
from commonweal.web.letters.telling import holding, others, tell_all


def scanned(row: Offering) -> None:
    """Whoever brought it can sign."""
    tell_all([row.brought_by], "signature_asked", "ingress:offering", row.reference)


def offered(row: Offering) -> None:
    """Data managers other than who brought it can decide."""
    may = others(holding(("data_manager",)), row.brought_by)
    tell_all(may, "signature_asked", "ingress:offering", row.reference)


def decided(row: Offering) -> None:
    """Whoever brought it learns how it ended."""
    tell_all([row.brought_by], "file_decided", "ingress:offering", row.reference)
