"""Accepted yearly reviews as the home keeps them: `yearly-reviews/<permit>.<day>.json`."""

from __future__ import annotations

from datetime import date
from pathlib import Path

from commonweal.foundation.canonical import canonical, parse_json
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.foundation.files import make_private_folder, read_bytes, write_atomic
from commonweal.papers.yearly_review import CALLED, CODE, YearlyReview
from commonweal.vault.custody.holding import Custody

FOLDER = "yearly-reviews"
MAX_REVIEW = 4 * 1024 * 1024


def read_review(content: bytes) -> YearlyReview:
    """The review in these bytes, in its one full form. Raises `Fault` CW-REVIEW-INVALID."""
    plain = parse_json(content, CALLED)
    review = YearlyReview.read(plain, CALLED, CODE)
    if review.canonical() != canonical(plain):
        raise Fault(CODE, f"{CALLED} is not in its full form.")
    return review


def keep(custody: Custody, review: YearlyReview) -> None:
    """Write a review down, inside the transaction that accepts it.

    One that no ledger knows is worth nothing: should the transaction fail, it is written over.
    """
    path = _path(custody, review.permit, review.due)
    make_private_folder(path.parent)
    write_atomic(path, review.canonical())


def kept_bytes(custody: Custody, permit: str, due: date) -> bytes | None:
    """The bytes of the review of a year, or None."""
    path = _path(custody, permit, due)
    return read_bytes(path, CALLED, limit=MAX_REVIEW) if path.is_file() else None


def kept_review(custody: Custody, permit: str, due: date) -> YearlyReview | None:
    """The review of a year, or None where there is none that can be read."""
    try:
        content = kept_bytes(custody, permit, due)
        return None if content is None else read_review(content)
    except CommonwealError:
        return None


def _path(custody: Custody, permit: str, due: date) -> Path:
    return custody.home.path / FOLDER / f"{permit}.{due.isoformat()}.json"
