"""The committee's summary says whether a model may leave, and that none may where nobody asked."""

from __future__ import annotations

from typing import Any

import pytest

from tests import applications

pytestmark = pytest.mark.usefixtures("web_home")
ASK = "May a trained model leave?"
YES = {"leave": True, "which": "A formula for wards."}


def summary_of(models: dict[str, Any] | None) -> list[str]:
    from commonweal.web.committee.packs import summary

    data = applications.company_data(access__models=None)
    if models is not None:
        applications.put(data, "access.models", models)
    return dict(summary(applications.version(data, "aia")))[ASK]


@pytest.mark.parametrize("models", [None, {"leave": False}, {"which": "Perhaps one."}])
def test_none_may_leave(models: dict[str, Any] | None) -> None:
    said = summary_of(models)
    assert len(said) == 1
    assert said[0].startswith("No.")
    assert "no model may leave" in said[0].lower()


def test_one_that_nobody_asked_for_is_told_from_one_that_was_refused() -> None:
    assert summary_of(None) != summary_of({"leave": False})


def test_the_hospitals_limits() -> None:
    said = summary_of(YES)
    assert said[0].startswith("Yes, once the hospital has tested")
    assert said[1:] == ["A formula for wards.", "The hospital's own limits for models hold."]


def test_stricter_limits_are_named() -> None:
    said = summary_of(YES | {"auc": 0.55, "shadows": 32})
    assert "where stricter:" in said[2]
    assert said[3].endswith("55 per cent.")
    assert said[4].endswith(": 32.")
