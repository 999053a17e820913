"""S6: the airlock is no oracle: a file with a guess in it tells its author nothing about the guess.

The attacker is an author who writes names, codes and rows into files and reads every finding. The
naive airlock shows its findings to all, and so says which of the names are in the data.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from commonweal.airlock.files.looking import FileLook
from commonweal.airlock.rules.findings import for_author, for_reviewer, verdict_for_author
from tests.files_house import SACRO, csv_of, cut_of, hospital, looked, release, sieve

HELD = hospital()
COLUMNS = ["age_band", "ward", "sex", "nights"]


def told(seen: FileLook) -> tuple[str, str]:
    return json.dumps(for_author(seen.findings, SACRO)), verdict_for_author(seen.findings)


def guesses() -> list[tuple[str, bytes, bytes]]:
    """A guess that is in the data, and the same kind of guess that is not."""
    names = [[name] for name in ("Zzyzxov", "Quattlebaumski", "Vanderbiltov")]
    codes = [[bytes(range(n, n + 16)).hex()] for n in range(5)]
    rows = cut_of(range(40), COLUMNS)
    made_up = [["12 to 15", ward, "other", 99] for _, ward, _, _ in rows]
    return [
        ("surnames", csv_of(["x"], [[n] for n in HELD["surname"][10:13]]), csv_of(["x"], names)),
        ("one hospital number", csv_of(["x"], [[HELD["hospital"][3]]]), csv_of(["x"], [["RX1"]])),
        ("codes", csv_of(["x"], [[c.hex()] for c in HELD["code"][:5]]), csv_of(["x"], codes)),
        ("rows", csv_of(COLUMNS, rows), csv_of(COLUMNS, made_up)),
    ]


@pytest.mark.parametrize(("what", "right", "wrong"), guesses(), ids=[g[0] for g in guesses()])
def test_a_right_guess_reads_like_a_wrong_one(
    what: str, right: bytes, wrong: bytes, tmp_path: Path
) -> None:
    beside: dict[str, Any] = {
        "sieve": sieve(), "release": release(tmp_path), "work": tmp_path,
    }  # fmt: skip
    good, bad = (looked(tmp_path, "x.csv", content, **beside) for content in (right, wrong))
    # The naive twin: what a reviewer reads tells them apart, in findings and verdict.
    assert for_reviewer(good.findings) != for_reviewer(bad.findings)
    assert (good.verdict, bad.verdict) == ("fail", "review")
    assert told(good) == told(bad)


def test_whether_a_comparison_was_made_is_not_told(tmp_path: Path) -> None:
    content = csv_of(["x"], [["a"], ["b"]])
    opened = release(tmp_path)
    some = looked(tmp_path, "x.csv", content, sieve=sieve(), release=opened, work=tmp_path)
    none = looked(tmp_path, "x.csv", content)
    assert told(some) == told(none)
    assert for_reviewer(some.findings) != for_reviewer(none.findings)
