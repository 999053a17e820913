"""Tables in, figures out: examples whose figures are stated in the literature.

The inpatient tables are those of Machanavajjhala et al., "l-diversity: privacy beyond k-anonymity"
(ACM TKDD 1(1), 2007), figures 2 and 3: twelve patients by postal code and age.
"""

from __future__ import annotations

import pyarrow as pa
import pytest

from commonweal.vault.risk import measure


def inpatients(*groups: tuple[str, str, list[str]]) -> pa.Table:
    rows = [
        {"zip": zip_, "age": age, "condition": condition}
        for zip_, age, conditions in groups
        for condition in conditions
    ]
    return pa.Table.from_pylist(rows)


FOUR_ANONYMOUS = inpatients(
    ("130**", "<30", ["heart", "heart", "viral", "viral"]),
    ("1485*", ">=40", ["cancer", "heart", "viral", "viral"]),
    ("130**", "3*", ["cancer", "cancer", "cancer", "cancer"]),
)
THREE_DIVERSE = inpatients(
    ("1305*", "<=40", ["heart", "viral", "cancer", "cancer"]),
    ("1485*", ">40", ["cancer", "heart", "viral", "viral"]),
    ("1306*", "<=40", ["heart", "viral", "cancer", "cancer"]),
)


def test_four_anonymous_is_not_diverse() -> None:
    found = measure(FOUR_ANONYMOUS, ["zip", "age"], ["condition"])
    assert (found["rows"], found["classes"], found["k"]) == (12, 3, 4)
    # The third group tells the condition of everyone in it: the attack of the paper.
    assert found["l"]["condition"] == {
        "distinct": 1, "entropy": pytest.approx(1.0), "recursive": {}
    }  # fmt: skip
    assert found["prosecutor"] == {
        "max": 0.25, "mean": pytest.approx(0.25), "at_risk": pytest.approx(1.0)
    }  # fmt: skip


def test_three_diverse() -> None:
    found = measure(THREE_DIVERSE, ["zip", "age"], ["condition"])
    assert (found["k"], found["l"]["condition"]["distinct"]) == (4, 3)
    # Shares of 1/4, 1/4 and 1/2: entropy 1.5 bits.
    assert found["l"]["condition"]["entropy"] == pytest.approx(2**1.5)


def test_marketer_risk_is_classes_over_people() -> None:
    # Facts of the prosecutor and marketer models for one class a person: both are u/n.
    found = measure(THREE_DIVERSE, ["zip", "age"])
    assert found["marketer"] == pytest.approx(3 / 12)
    assert found["prosecutor"]["mean"] == found["marketer"]


def test_the_bare_table_has_twelve_uniques() -> None:
    rows = [{"zip": str(n), "age": n} for n in range(12)]
    found = measure(pa.Table.from_pylist(rows), ["zip", "age"])
    assert (found["k"], found["sample_uniques"]) == (1, 12)
    assert found["smallest_classes"] == [{"class": n, "size": 1} for n in range(1, 13)]
