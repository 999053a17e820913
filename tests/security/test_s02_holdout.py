"""S2: a model hides members, and a job would name its own test rows.

The attacker trains on everything that is mounted and says which people to test the model on. In the
naive twin the job draws the hold-out itself, from the mounted data: its members are among the test
rows, and nobody can tell. In ours the custodian's keyed hold-out never lies in what is mounted, the
job cannot work out who is in it, and a refresh does not move people across.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import pytest

from commonweal.vault.release.build import BuildReport
from tests.release_house import House, make_house, objection, permitted

DATA = permitted(
    patients={"nhs_number": "pseudonym", "sex": "exact"},
    admissions={"nhs_number": "pseudonym", "days": "exact"},
)


@pytest.fixture(scope="module")
def builds(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, list[BuildReport]]]:
    house = make_house(tmp_path_factory.mktemp("s02") / "house", count=120)
    permit = house.issue(
        data=DATA, processing=["table", "train"], link_across_refreshes=True, holdout_share=0.3
    )
    reports = [house.build(permit)]
    house.choose(objections=[objection(number) for number in house.numbers[:5]])
    reports.append(house.build(permit))
    reports.append(house.build(house.issue(data=DATA, risk={"k": 2})))
    yield house, reports
    house.close()


def sets(house: House, report: BuildReport) -> tuple[set[bytes], set[bytes]]:
    """(codes mounted, codes held out), over all tables."""
    mounted, held = (
        {row["nhs_number"] for table in tables.values() for row in table.to_pylist()}
        for tables in (house.contents(report), house.holdout(report))
    )
    return mounted, held


def naive_holdout(mounted: set[bytes]) -> set[bytes]:
    """The twin: the job says on whom its model is to be tested, from what it was given."""
    return {code for code in mounted if hashlib.sha256(code).digest()[0] < 77}


def test_the_naive_hold_out_was_mounted_and_ours_never_is(
    builds: tuple[House, list[BuildReport]],
) -> None:
    house, reports = builds
    mounted, held = sets(house, reports[1])
    assert naive_holdout(mounted) <= mounted
    assert held
    assert held & mounted == set()
    assert len(held) + len(mounted) == 115
    assert 0.15 < len(held) / 115 < 0.45


def test_no_rule_over_codes_finds_the_hold_out(builds: tuple[House, list[BuildReport]]) -> None:
    # Whoever knew the rule could keep members away from the test: it hangs on a key instead.
    house, reports = builds
    _, held = sets(house, reports[1])
    for bit in range(8):
        high = [code for code in held if code[0] >> bit & 1]
        assert 0.15 < len(high) / len(held) < 0.85
    assert not any(path.name == "holdout" for path in reports[1].folder.rglob("*"))


def test_the_hold_out_is_the_custodians_and_sealed(
    builds: tuple[House, list[BuildReport]],
) -> None:
    house, reports = builds
    manifest = reports[1].manifest
    aside = house.releases / f"{manifest['release']}.airlock"
    files = [aside / one["path"] for one in manifest["holdout"]["files"]]
    assert all(path.read_bytes().startswith(b"CWSEAL1\n") for path in files)
    assert manifest["patients"]["held_out"] == manifest["holdout"]["people"]


def test_a_refresh_moves_nobody_across(builds: tuple[House, list[BuildReport]]) -> None:
    _, reports = builds
    # The first release's key is gone with the refresh, so its people are read from the audit map.
    first = reports[0].manifest["patients"]
    second = reports[1].manifest["patients"]
    assert 0 <= first["held_out"] - second["held_out"] <= 5
    assert 0 <= first["released"] - second["released"] <= 5
    lost = first["held_out"] + first["released"] - second["held_out"] - second["released"]
    assert lost == 5


def test_without_train_nobody_is_held_out(builds: tuple[House, list[BuildReport]]) -> None:
    _, reports = builds
    assert reports[2].manifest.get("holdout") is None
    assert reports[2].manifest["patients"]["held_out"] == 0


def test_the_twin_of_a_refresh_moves_people(builds: tuple[House, list[BuildReport]]) -> None:
    # Drawn by place in the file instead of by key, one objection moves everybody behind it.
    house, _ = builds
    before = [n for place, n in enumerate(house.numbers) if place % 5 == 0]
    after = [n for place, n in enumerate(house.numbers[5 - 4 :]) if place % 5 == 0]
    assert set(before) - set(after) > set(house.numbers[:5]) & set(before)
