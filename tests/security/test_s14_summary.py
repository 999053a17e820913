"""S14: one figure says that one person opted out.

The naive twin publishes the manifest's counts. An attacker who knows everybody in the cohort but
one compares two twins and learns that person's choice. From our summaries nothing is learnt,
unless the one person happens to cross a rounding boundary, which the last tests measure.
"""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from commonweal.papers.release import ReleaseManifest, rounded, summarise
from tests import factories

REASONS = (
    "not_allowed_nationally",
    "local_objection",
    "project_objection",
    "withdrawal",
    "no_project_consent",
    "type1",
    "no_valid_identifier",
    "by_kind",
)


def manifest_with(removed: dict[str, int], released: int, **people: int) -> ReleaseManifest:
    """A release with these removals, everything else as always."""
    total = sum(removed.values()) + released + sum(people.values())
    data = factories.manifest_data()
    data["patients"] = {
        "considered": total + 1000,
        "in_cohort": total,
        "removed": removed,
        "released": released,
        **people,
    }
    del data["holdout"]
    data["membership"]["leaves"] = 1 << 24
    patients = data["tables"]["patients"]
    patients["rows"] = patients["files"][0]["rows"] = released
    return ReleaseManifest.read(data, "The release manifest")


def naive_summary(manifest: ReleaseManifest) -> dict[str, Any]:
    """The twin: the counts as they are."""
    return manifest.patients.plain()


counts = st.integers(0, 3000)
removals = st.fixed_dictionaries(dict.fromkeys(REASONS, counts))


@given(removed=removals, reason=st.sampled_from(REASONS), released=st.integers(0, 100_000))
def test_one_more_removal_of_a_kind_changes_nothing_but_the_twin(
    removed: dict[str, int], reason: str, released: int
) -> None:
    before = manifest_with(removed, released)
    more = {**removed, reason: removed[reason] + 1}
    after = manifest_with(more, released)
    assume(rounded(before.patients.left_out) == rounded(after.patients.left_out))
    assert naive_summary(before) != naive_summary(after)
    assert summarise(before).canonical() == summarise(after).canonical()


@given(removed=removals, a=st.sampled_from(REASONS), b=st.sampled_from(REASONS), n=counts)
def test_which_reason_it_was_is_never_told(removed: dict[str, int], a: str, b: str, n: int) -> None:
    assume(a != b)
    moved = min(n, removed[a])
    assume(moved > 0)
    other = {**removed, a: removed[a] - moved, b: removed[b] + moved}
    one, two = manifest_with(removed, 500), manifest_with(other, 500)
    assert naive_summary(one) != naive_summary(two)
    assert summarise(one).canonical() == summarise(two).canonical()


@given(removed=removals, suppressed=counts, released=st.integers(0, 100_000))
def test_one_person_who_opts_out_is_seen_only_at_a_boundary(
    removed: dict[str, int], suppressed: int, released: int
) -> None:
    stays = manifest_with(removed, released + 1, suppressed=suppressed)
    gone = {**removed, "not_allowed_nationally": removed["not_allowed_nationally"] + 1}
    goes = manifest_with(gone, released, suppressed=suppressed)
    boundary = (
        rounded(stays.patients.released) != rounded(goes.patients.released)
        or rounded(stays.patients.left_out) != rounded(goes.patients.left_out)
    )  # fmt: skip
    assert naive_summary(stays) != naive_summary(goes)
    assert (summarise(stays) == summarise(goes)) is not boundary


def test_at_most_two_of_ten_people_cross_a_boundary() -> None:
    crossed = 0
    for released in range(1000, 1010):
        one = manifest_with({"local_objection": 100}, released + 1)
        two = manifest_with({"local_objection": 101}, released)
        crossed += summarise(one) != summarise(two)
    assert crossed <= 2


@pytest.mark.parametrize(
    ("count", "shown"),
    [(0, None), (1, None), (9, None), (10, 10), (14, 10), (15, 20), (24, 20), (25, 30), (104, 100)],
)
def test_rounding(count: int, shown: int | None) -> None:
    assert rounded(count) == shown


@given(removed=removals, released=st.integers(0, 100_000), rows=st.integers(0, 10**9))
def test_every_number_that_leaves_is_rounded(
    removed: dict[str, int], released: int, rows: int
) -> None:
    data = manifest_with(removed, released).plain()
    data["tables"]["admissions"]["rows"] = rows
    data["tables"]["admissions"]["files"][0]["rows"] = rows
    summary = summarise(ReleaseManifest.read(data, "The release manifest")).plain()
    fixed = {"summary": 1, "sequence": 1}
    assert all(fixed.get(key) == number or number % 10 == 0 for key, number in numbers(summary, ""))


def numbers(value: Any, key: str) -> list[tuple[str, float]]:
    """Every number inside `value` with the key that it has."""
    if isinstance(value, dict):
        return [found for name, inner in value.items() for found in numbers(inner, name)]
    if isinstance(value, list):
        return [found for inner in value for found in numbers(inner, key)]
    return [(key, value)] if isinstance(value, int | float) else []


def test_nothing_else_of_the_manifest_leaves() -> None:
    data = factories.put(factories.manifest_data(), "patients.considered", 987_654_321)
    text = json.dumps(summarise(ReleaseManifest.read(data, "m")).plain())
    for word in (
        *("987654321", "2127", "2040", "A. Keeper", "part-00000", "audit_map", "sieve"),
        *("by_kind", "suppressed", "held", "trimmed", "restricted_rows", "fingerprint", "key_ids"),
        factories.hash_of("list"),
        factories.hash_of("objections"),
        factories.hash_of("source"),
        factories.hash_of("data/patients/part-00000.parquet"),
    ):
        assert word not in text, word


@given(k=st.integers(1, 200), mean=st.floats(0, 1), marketer=st.floats(0, 1), l=st.integers(0, 50))
def test_risk_leaves_in_bands(k: int, mean: float, marketer: float, l: int) -> None:  # noqa: E741
    data = factories.manifest_data()
    data["risk"]["after"] |= {"k": k, "marketer": marketer, "l": {"diagnosis": {"distinct": l}}}
    data["risk"]["after"]["prosecutor"] = {"max": 1.0, "mean": mean}
    risk = summarise(ReleaseManifest.read(data, "m")).risk.plain()
    assert all(isinstance(band, str) for band in risk.values())
    sizes = {
        "fewer than 5": (0, 5),
        "5 to 9": (5, 10),
        "10 to 19": (10, 20),
        "20 or more": (20, 999),
    }
    low, high = sizes[risk["smallest_group"]]
    assert low <= k < high
    shares = {
        "under 1 in 100": (0, 0.01),
        "1 in 100 to 1 in 20": (0.01, 0.05),
        "1 in 20 to 1 in 10": (0.05, 0.1),
        "1 in 10 to 1 in 5": (0.1, 0.2),
        "1 in 5 or more": (0.2, 1.1),
    }
    for share, band in ((mean, risk["prosecutor_mean"]), (marketer, risk["marketer"])):
        assert shares[band][0] <= share < shares[band][1]
