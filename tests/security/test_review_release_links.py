"""Which table a key is of is said by the signed manifest, and not guessed from how the codes lie.

The naive design looked at the codes of a release: a table whose keys stand there once, nearly, owns
them. Where a source repeats more keys than that, the tables were taken for unrelated, and the risk
of what an intruder can lay together looked smaller than it is.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.release import ReleaseManifest
from commonweal.vault.release import released
from commonweal.vault.release.remeasuring import measure_release
from tests import factories
from tests.integration.test_release_measured import RISK, made_house
from tests.release_house import House, permitted

DATA = permitted(
    admissions={"nhs_number": "pseudonym", "admission_id": "record_code", "days": "exact"},
    tests={"admission_id": "record_code", "code": "exact"},
)
NEARLY = 0.95
Built = tuple[Path, dict[str, Any], dict[str, pa.Table]]


@pytest.fixture(scope="module")
def house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A source that holds each tenth admission twice, as corrected records often are."""
    made = made_house(tmp_path_factory.mktemp("links"))
    admissions = made.tables["admissions"]
    admissions += [dict(row) for row in admissions[::10]]
    made.write()
    yield made
    made.close()


def naive_owns(column: pa.ChunkedArray) -> bool:
    """The twin: the table owns the key if nearly all of its codes stand there once."""
    counts = pc.value_counts(column).field("counts").to_numpy()
    return bool((counts == 1).sum() >= NEARLY * len(counts))


@pytest.fixture(scope="module")
def built(house: House) -> Built:
    """The release's folder, its tables in risk.json, and its rows."""
    report = house.build(house.issue(data=DATA, risk=RISK))
    made = json.loads((report.folder / "risk.json").read_text())["tables"]
    return report.folder, made, house.contents(report)


def test_keys_that_a_source_repeats_hide_no_link(house: House, built: Built) -> None:
    folder, made, tables = built
    assert not naive_owns(tables["admissions"]["admission_id"])
    # It takes the tests for the owner: nobody would see that a test tells of an admission.
    assert naive_owns(tables["tests"]["admission_id"])
    found = measure_release(house.custody(), folder)["tables"]["tests"]
    assert made["tests"]["after"]["classes"] > 4  # the kinds of tests alone are fewer
    for key in ("k", "classes", "quasi_identifiers"):
        assert found[key] == {**made["tests"], **made["tests"]["after"]}[key]


def test_an_older_manifest_is_read_so_that_nothing_looks_safer(
    house: House, built: Built, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = built[0]
    exact = measure_release(house.custody(), folder)["tables"]

    def older(one: ReleaseManifest) -> ReleaseManifest:
        return one.model_copy(update={"links": None})

    as_is = released._links
    monkeypatch.setattr(released, "_links", lambda r, t, m: as_is(r, t, older(m)))
    cautious = measure_release(house.custody(), folder)["tables"]
    assert cautious.keys() == exact.keys()
    for name, figures in exact.items():
        assert cautious[name]["k"] <= figures["k"]
        assert cautious[name]["classes"] >= figures["classes"]
        assert cautious[name]["prosecutor"]["max"] >= figures["prosecutor"]["max"]
    assert cautious["tests"]["classes"] == exact["tests"]["classes"] > 4


LINK = {
    "table": "admissions", "column": "visit", "to_table": "patients", "to_column": "visit",
}  # fmt: skip


@pytest.mark.parametrize(
    "links",
    [
        [{**LINK, "to_table": "wards"}],
        [{**LINK, "column": "ward"}],
        [{**LINK, "to_table": "admissions"}],
        [LINK, LINK],
        [{**LINK, "note": "x"}],
    ],
)
def test_links_that_are_none(links: list[dict[str, str]]) -> None:
    data = factories.manifest_data()
    for table in ("admissions", "patients"):
        columns = data["tables"][table]["columns"]
        columns.append(
            {"name": "visit", "type": "code", "form": "record_code", "role": "record_key"}
        )
    assert ReleaseManifest.read({**data, "links": [LINK]}, "x").links
    with pytest.raises(CommonwealError, match="CW-PAPER-INVALID"):
        ReleaseManifest.read({**data, "links": links}, "x")
