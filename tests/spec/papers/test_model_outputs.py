"""What a permit may say of models: limits of its own, that only make the custodian's stricter."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.airlock.models.limits import ModelLimits
from commonweal.papers.base import PaperInvalid
from commonweal.papers.model_outputs import ModelOutputs
from commonweal.papers.permit import Outputs
from commonweal.papers.replacing import allows_no_more
from tests import factories
from tests.release_house import refused

OURS = ModelLimits.load()
LESS = ("auc", "true_positives", "advantage", "attribute_gain")
"""Of these a smaller number is the stricter one."""
MORE = ("people_behind_leaf", "shadows")
BOUNDS: dict[str, tuple[float, float]] = {
    "auc": (0.5, 0.8), "true_positives": (0.001, 0.5), "advantage": (0.001, 0.6),
    "attribute_gain": (0.001, 0.5), "people_behind_leaf": (3, 1000), "shadows": (4, 512),
}  # fmt: skip


def draft(models: Any, *processing: str) -> Any:
    given_ = {"processing": list(processing or ("table", "train"))}
    return factories.draft(**given_, outputs={"models": models})


@pytest.mark.parametrize("name", BOUNDS)
def test_each_limit_has_ends(name: str) -> None:
    low, high = BOUNDS[name]
    for value in (low, high):
        assert getattr(draft({name: value}).outputs.models, name) == value
    step = 1 if name in MORE else 0.0005
    for value in (low - step, high + step, "much", None if name == "none" else [], True):
        if value is True and name not in MORE:
            continue
        error = refused(lambda value=value: draft({name: value}))
        assert error.code == "CW-PERMIT-INVALID", (name, value)


@pytest.mark.parametrize(
    "models",
    [{"unknown": 1}, {"tail": 0.1}, {"agreement": 1}, {"least_holdout": 1}, [], "strict",
     {"differentially_private": "yes"}],
)  # fmt: skip
def test_what_a_permit_cannot_say_of_models(models: Any) -> None:
    with pytest.raises(PaperInvalid):
        draft(models)


def test_limits_for_models_are_for_a_permit_that_allows_train() -> None:
    assert refused(lambda: draft({"auc": 0.55}, "table", "python")).code == "CW-PERMIT-INVALID"
    assert draft(None, "table").outputs.models is None


def test_that_none_may_leave_stands_alone_and_needs_no_train() -> None:
    for processing in ((), ("table", "python")):
        models = draft({"may_leave": False}, *processing).outputs.models
        assert models is not None
        assert models.none_leaves
    assert not ModelOutputs().none_leaves
    assert not draft({"auc": 0.55}).outputs.models.none_leaves
    for more in ({"auc": 0.55}, {"shadows": 32}, {"differentially_private": True}):
        assert refused(lambda more=more: draft({"may_leave": False} | more)).code == (
            "CW-PERMIT-INVALID"
        )
    for other in (True, 1, "no"):
        with pytest.raises(PaperInvalid):
            draft({"may_leave": other})


def test_only_that_none_leaves_is_no_more_than_any_limit_was() -> None:
    none = draft({"may_leave": False})
    for before in ({"auc": 0.55}, None, {"may_leave": False}):
        assert allows_no_more(none, draft(before))
    assert not allows_no_more(draft(None), none)
    assert not allows_no_more(draft({"auc": 0.5}), none)
    looser = factories.draft(
        processing=["table", "train"],
        outputs={"models": {"may_leave": False}, "minimum_people": 5},
    )
    assert not allows_no_more(looser, draft(None))


def test_a_permit_without_them_is_the_paper_that_it_was() -> None:
    plain = factories.draft().plain()
    assert plain["outputs"] == {"profile": "sacro-default", "minimum_people": 10}
    assert OURS.under(Outputs()) == OURS


def test_another_limit_for_models_is_no_permit_that_allows_no_more() -> None:
    older = draft({"auc": 0.55})
    assert allows_no_more(draft({"auc": 0.55}), older)
    assert not allows_no_more(draft({"auc": 0.6}), older)
    assert not allows_no_more(draft(None), older)


@given(st.data())
def test_no_permit_makes_any_limit_softer(data: st.DataObject) -> None:
    """The twin takes the permit's number for the limit."""
    said = {
        name: data.draw(
            st.integers(int(low), int(high)) if name in MORE else st.floats(low, high), name
        )
        for name, (low, high) in BOUNDS.items()
        if data.draw(st.booleans())
    }
    least = data.draw(st.integers(2, 1000))
    outputs = Outputs.model_validate({"minimum_people": least, "models": said})
    found = OURS.under(outputs)
    for name in LESS:
        assert getattr(found, name) == min(getattr(OURS, name), said.get(name, 1.0))
    for name in MORE:
        assert getattr(found, name) >= max(getattr(OURS, name), said.get(name, 0))
    assert found.people_behind_leaf == max(
        OURS.people_behind_leaf, least, said.get("people_behind_leaf", 0)
    )
    assert found.rare_value == max(OURS.rare_value, least)
    touched = {*LESS, *MORE, "rare_value"}
    rest = set(type(OURS).model_fields) - touched
    assert all(getattr(found, name) == getattr(OURS, name) for name in rest)
