"""Attackers as data: the shipped ones, added ones, and what each knows of which variable."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.catalogue import Variable
from commonweal.vault.risk.intruder.attackers import Knows, shipped, with_added
from commonweal.vault.risk.intruder.knowledge import believed, ranks
from tests import factories
from tests.release_house import refused

OWN = """
attackers: 1
views:
  - id: landlord
    title: a landlord
    knows:
      - {identifies: [postcode], wrong: 0.01}
"""


def variable(name: str) -> Variable:
    """A variable of the example hospital."""
    tables = factories.catalogue().datasets[0].tables
    return next(one for table in tables for one in table.variables if one.name == name)


def test_the_three_attackers_are_there() -> None:
    assert [view.id for view in shipped().views] == ["neighbour", "employer", "newspaper"]
    assert shipped().version.startswith("sha256:")


@pytest.mark.parametrize(
    ("name", "knows"),
    [
        ("sex", True),
        ("born", True),
        ("postcode", True),
        ("admitted", True),
        ("discharged", True),  # a date that says nothing of itself is still an event
        ("ethnicity", True),  # undescribed: a neighbour may know it
        ("loaded", False),  # administrative
        ("diagnosis", False),
        ("nhs_number", False),
    ],
)
def test_what_a_neighbour_knows(name: str, knows: bool) -> None:
    assert (shipped().views[0].of(variable(name)) is not None) == knows


def test_a_view_can_be_added_and_changes_the_version(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text(OWN)
    found = with_added([tmp_path / "own.yaml"])
    assert [view.id for view in found.views][-1] == "landlord"
    assert found.views[:-1] == shipped().views
    assert found.version != shipped().version


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (OWN.replace("landlord\n", "neighbour\n", 1), "view neighbour is there already"),
        (OWN.replace("postcode", "shoe_size"), "views.1.knows.1"),
        (OWN.replace("0.01", "1.5"), "is too large"),
        (OWN.replace("wrong", "sometimes"), "sometimes is not a known field"),
        (OWN.replace("attackers: 1", "attackers: 2"), "field attackers must be one of 1"),
        ("attackers: 1\nviews: []\n", "has too few entries"),
        ("- what\n", "is not a set of named fields"),
        (OWN + OWN.split("views:\n")[1], "is named twice"),
    ],
)
def test_a_wrong_file_is_refused(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "own.yaml").write_text(text)
    error = refused(lambda: with_added([tmp_path / "own.yaml"]))
    assert (error.code, error.exit_code) == ("CW-INTRUDER-VIEW", 3)
    assert said in error.sentence


def test_a_file_that_is_no_yaml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "own.yaml").write_text("a: [")
    with pytest.raises(CommonwealError, match="CW-YAML-INVALID"):
        with_added([tmp_path / "own.yaml"])


# --- what is believed ------------------------------------------------------------------------
def chance() -> np.random.Generator:
    return np.random.default_rng(1)


DAYS = pa.array(np.arange(2_000, dtype=np.int32)).cast(pa.date32())


def test_who_is_never_wrong_believes_what_is_true() -> None:
    knows = Knows(identifies=("date_of_birth",))
    values, there = believed(chance(), DAYS, knows)
    assert values.equals(DAYS)
    assert there.all()


def test_a_rough_date_is_off_by_so_much_at_most() -> None:
    values, _ = believed(chance(), DAYS, Knows(identifies=("date_of_birth",), within_days=10))
    off = values.cast(pa.int32()).to_numpy() - np.arange(2_000)
    assert set(off.tolist()) == set(range(-10, 11))
    times = DAYS.cast(pa.timestamp("us"))
    values, _ = believed(chance(), times, Knows(identifies=("event_date",), within_days=10))
    assert (values.cast(pa.date32()).cast(pa.int32()).to_numpy() - np.arange(2_000) == off).all()
    ages = pa.array(np.full(2_000, 50))
    values, _ = believed(chance(), ages, Knows(identifies=("age",), within_days=800))
    assert set(values.to_pylist()) == {48, 49, 50, 51, 52}


def test_shares_of_the_unknown_and_the_mistaken_are_as_said() -> None:
    knows = Knows(identifies=("postcode",), unknown=0.25, wrong=0.1)
    names = pa.array([f"LS{number}" for number in range(2_000)])
    values, there = believed(chance(), names, knows)
    assert 0.70 < there.mean() < 0.80
    mistaken = np.array(values.to_pylist()) != np.array(names.to_pylist())
    assert 0.07 < mistaken.mean() < 0.13
    assert set(values.to_pylist()) <= set(names.to_pylist())  # true of somebody else


def test_what_the_source_does_not_have_nobody_knows() -> None:
    _, there = believed(chance(), pa.array(["a", None, "b"]), Knows(identifies=("sex",)))
    assert there.tolist() == [True, False, True]
    empty, there = believed(chance(), pa.array([], pa.string()), Knows(identifies=("sex",)))
    assert len(empty) == len(there) == 0


def test_ranks_order_each_owners_rows_by_chance() -> None:
    owners = np.repeat(np.arange(300), 3)
    found = ranks(chance(), owners).reshape(300, 3)
    assert (np.sort(found, axis=1) == [0, 1, 2]).all()
    assert len({tuple(row) for row in found.tolist()}) == 6
    assert (ranks(chance(), owners).reshape(300, 3) == found).all()  # the same seed, the same
