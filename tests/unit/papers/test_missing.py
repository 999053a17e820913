"""Which catalogues may say by which groups people are told, and which figures are none."""

from __future__ import annotations

from typing import Any

import pytest

from commonweal.foundation.errors import Fault
from commonweal.papers.base import PaperInvalid
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.missing import EqualityVariable, MissingExact, MissingPeople
from tests import factories


def with_equality(*asked: Any) -> Catalogue:
    plain = factories.catalogue_data()
    plain["datasets"][0]["equality"] = list(asked)
    return Catalogue.read(plain, "The catalogue", "CW-CATALOGUE-INVALID")


def groups(*values: str, title: str = "One") -> list[dict[str, Any]]:
    return [{"title": title, "values": list(values)}]


def test_without_a_word_the_usual_variables_are_taken() -> None:
    found = factories.catalogue().datasets[0].equality_variables
    assert [(one.variable, one.describes) for one in found] == [("sex", "sex"), ("born", "age")]
    assert with_equality().datasets[0].equality_variables == ()


def test_how_missing_people_are_told_needs_no_new_permit() -> None:
    changed = with_equality({"variable": "ethnicity", "describes": "ethnicity"})
    same = factories.catalogue().governed_digest(("hospital",))
    assert changed.governed_digest(("hospital",)) == same
    assert [one.variable for one in changed.datasets[0].equality_variables] == ["ethnicity"]


@pytest.mark.parametrize(
    "asked",
    [
        {"variable": "nobody", "describes": "sex"},
        {"variable": "diagnosis", "describes": "sex"},
        {"variable": "nhs_number", "describes": "sex"},
        {"variable": "name", "describes": "other", "groups": groups("a")},
        {"variable": "postcode", "describes": "area", "groups": groups("LS1")},
        {"variable": "genome", "describes": "other", "groups": groups("a")},
        {"variable": "undecided", "describes": "other", "groups": groups("a")},
        {"variable": "born", "describes": "sex"},
        {"variable": "born", "describes": "age", "groups": groups("1950")},
        {"variable": "sex", "describes": "age"},
        {"variable": "sex", "describes": "language"},
        {"variable": "sex", "describes": "other", "groups": groups()},
        {"variable": "sex", "describes": "other", "groups": groups("a", "A ")},
        {"variable": "sex", "describes": "other", "groups": groups("1", "01")},
        {"variable": "sex", "describes": "other", "groups": [*groups("a"), *groups("b")]},
        {"variable": "sex", "describes": "other", "groups": groups("a", title="Another answer")},
        {"variable": "sex", "describes": "other", "groups": groups("\u0430")},
        {"variable": "sex", "describes": "other", "groups": groups("--")},
        {"variable": "sex", "describes": "height"},
        {"variable": "sex"},
        {"variable": "sex", "describes": "sex", "more": 1},
    ],
)
def test_what_can_be_no_group(asked: dict[str, Any]) -> None:
    with pytest.raises(Fault) as refused:
        with_equality(asked)
    assert refused.value.code in ("CW-CATALOGUE-INVALID", "CW-CATALOGUE-UNKNOWN")


def test_a_variable_groups_people_once() -> None:
    one = {"variable": "sex", "describes": "sex"}
    with pytest.raises(PaperInvalid):
        with_equality(one, one)


@pytest.mark.parametrize(("kept", "lost"), [(9, 3), (10, 4), (11, 2)])
def test_exact_figures_add_up(kept: int, lost: int) -> None:
    said = [{"group": "A", "kept": 6, "lost": 1}, {"group": "B", "kept": 4, "lost": 2}]
    plain = {"kept": kept, "lost": lost, "variables": [
        {"variable": "sex", "describes": "sex", "groups": said}]}  # fmt: skip
    with pytest.raises(PaperInvalid):
        MissingExact.read(plain, "The figures")
    assert MissingExact.read(plain | {"kept": 10, "lost": 3}, "The figures").lost == 3


@pytest.mark.parametrize("count", [1, 9, 12, 0, -10, 10**13])
@pytest.mark.parametrize("what", ["kept", "lost"])
def test_only_tens_are_told(what: str, count: int) -> None:
    with pytest.raises(PaperInvalid):
        MissingPeople.read({what: count}, "The figures")
    with pytest.raises(PaperInvalid):
        MissingPeople.read(
            {"variables": [{"variable": "sex", "describes": "sex",
                            "groups": [{"group": "A", what: count}]}]}, "The figures",
        )  # fmt: skip


def test_a_group_of_ones_own_is_read() -> None:
    one = EqualityVariable.read(
        {"variable": "sex", "describes": "other", "groups": groups("F", "f-1")}, "It"
    )
    assert one.groups[0].values == ("F", "f-1")
