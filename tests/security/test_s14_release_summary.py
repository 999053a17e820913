"""S14: two releases that differ by one person who opted out, and the summaries that leave.

The naive twin lets the counts of the manifest leave: the difference is the person. Of two real
builds that differ by one opted-out person, our signed summaries say the same.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from commonweal.papers.release import ReleaseManifest, ReleaseSummary
from tests.release_house import House, make_house, objection, permitted

DATA = permitted(patients={"nhs_number": "pseudonym", "sex": "exact"})
MADE = {
    *("membership_root", "release", "sequence", "supersedes", "built_at", "membership"),
    *("permit_hash", "manifest"),
}


@pytest.fixture(scope="module")
def pair(
    tmp_path_factory: pytest.TempPathFactory,
) -> Iterator[tuple[House, list[dict[str, Any]], list[dict[str, Any]]]]:
    house = make_house(tmp_path_factory.mktemp("s14") / "house", count=118)
    permit = house.issue(data=DATA)
    manifests, summaries = [], []
    for people in (2, 3):
        # By way of the national list for some and an objection for one: reasons must not show.
        out = house.numbers[:people]
        house.choose(allowed=set(house.numbers) - set(out[:2]), objections=map(objection, out[2:]))
        report = house.build(permit)
        manifests.append(report.manifest)
        text = (report.folder / "summary.jws").read_bytes()
        summaries.append(ReleaseSummary.load(text, house.custody().trust).plain())
    yield house, manifests, summaries
    house.close()


def told(summary: dict[str, Any]) -> dict[str, Any]:
    """A summary without what names the release itself."""
    return {key: value for key, value in summary.items() if key not in MADE}


def test_the_twins_counts_say_that_one_more_person_is_out(
    pair: tuple[House, list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    first, second = pair[1]
    assert first["patients"]["released"] - second["patients"]["released"] == 1
    assert first["patients"]["removed"] != second["patients"]["removed"]


def test_our_summaries_are_the_same(
    pair: tuple[House, list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    first, second = pair[2]
    assert told(first) == told(second)
    assert told(first)


def test_no_exact_figure_of_the_manifest_stands_in_the_summary(
    pair: tuple[House, list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    _, manifests, summaries = pair
    for manifest, summary in zip(manifests, summaries, strict=True):
        said = json.dumps(told(summary))
        for exact in (manifest["patients"]["released"], manifest["patients"]["considered"]):
            assert f": {exact}," not in said
            assert f": {exact}}}" not in said
        assert 'removed": {' not in said
        for secret in (manifest["source"]["fingerprint"], manifest["audit_map"]):
            assert secret not in said
        for file in manifest["tables"]["patients"]["files"]:
            assert file["content_hash"] not in said


def test_the_manifest_itself_is_never_what_leaves(
    pair: tuple[House, list[dict[str, Any]], list[dict[str, Any]]],
) -> None:
    house, manifests, _ = pair
    folder = house.releases / manifests[1]["release"]
    manifest = ReleaseManifest.load((folder / "manifest.jws").read_bytes(), house.custody().trust)
    with pytest.raises(Exception, match="CW-"):
        ReleaseSummary.load((folder / "manifest.jws").read_bytes(), house.custody().trust)
    assert manifest.release == manifests[1]["release"]
