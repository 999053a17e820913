"""Whether models may leave: asked in the application, decided on, and in the permit unchanged."""

from __future__ import annotations

from typing import Any

import pytest

from commonweal.governance.application.diff import changes, sentences
from commonweal.governance.application.document import draft_markdown
from commonweal.governance.application.drafts import read_draft
from commonweal.governance.application.terms import Models
from commonweal.papers.model_outputs import ModelOutputs
from commonweal.papers.permit import PermitDraft
from commonweal.papers.sentences import permit_sentences
from tests import applications
from tests.applications import compiled

STRICT = {
    "auc": 0.55, "true_positives": 0.05, "advantage": 0.1, "attribute_gain": 0.08,
    "people_behind_leaf": 25, "shadows": 32, "differentially_private": True,
}  # fmt: skip
YES = {"leave": True, "which": "A formula for wards."}


def permitted(models: dict[str, Any] | None) -> PermitDraft:
    """The permit's draft of a project that trains models, with this answer."""
    data = applications.company_data(access__models=None)
    if models is not None:
        applications.put(data, "access.models", models)
    return compiled(applications.version(data, "aia"))


@pytest.mark.parametrize("models", [None, {"leave": False}, {"which": "One that was thought of."}])
def test_without_a_yes_no_model_may_leave(models: dict[str, Any] | None) -> None:
    draft = permitted(models)
    assert draft.plain()["outputs"]["models"] == {
        "may_leave": False, "differentially_private": False,
    }  # fmt: skip
    assert "No model leaves the secure place." in str(permit_sentences(draft))


def test_a_project_that_trains_nothing_lets_no_model_out() -> None:
    models = compiled(applications.version()).outputs.models
    assert models is not None
    assert models.none_leaves


def test_a_yes_leaves_the_hospitals_limits() -> None:
    assert permitted(YES).outputs.models is None


@pytest.mark.parametrize("names", [*((name,) for name in STRICT), tuple(STRICT)])
def test_each_limit_goes_into_the_permit_as_it_was_asked(names: tuple[str, ...]) -> None:
    asked = {name: STRICT[name] for name in names}
    models = permitted(YES | asked).outputs.models
    assert models is not None
    assert {name: getattr(models, name) for name in names} == asked
    assert not models.none_leaves
    others = set(STRICT) - set(names) - {"differentially_private"}
    assert all(getattr(models, name) is None for name in others)


def test_the_application_asks_for_what_a_permit_can_say_and_within_the_same_ends() -> None:
    ours, theirs = Models.model_fields, ModelOutputs.model_fields
    assert set(ours) - {"leave", "which"} == set(theirs) - {"may_leave"}
    asked, said = Models.model_json_schema(), ModelOutputs.model_json_schema()
    for name in set(STRICT) - {"differentially_private"}:
        ends = [each for each in asked["properties"][name]["anyOf"] if "minimum" in each]
        assert ends
        assert ends == [e for e in said["properties"][name]["anyOf"] if "minimum" in e], name


def test_a_version_that_was_never_asked_keeps_its_digest() -> None:
    """What was sent before there was the question holds no word of it."""
    assert "models" not in applications.version().content.plain()["access"]


def told(models: Any, after: Any) -> tuple[str, ...]:
    older, newer = (applications.content_data(access__models=one) for one in (models, after))
    return sentences(changes(read_draft(older), read_draft(newer)))


def test_versions_are_compared() -> None:
    start = "What would be done with the data: Models that would leave: "
    assert told(None, {"leave": True}) == (
        f'{start}Whether a trained model may leave is now "yes".',
    )
    (limit,) = told(YES | {"auc": 0.6}, YES | {"auc": 0.55})
    assert limit.startswith(f"{start}How often an attack may pick")
    assert limit.endswith('was "60 per cent" and is now "55 per cent".')
    assert told(YES, YES) == ()


def test_it_stands_in_the_document() -> None:
    text = draft_markdown(read_draft(applications.content_data(access__models=YES | STRICT)))
    for part in ("Models that would leave", "Whether a trained model may leave", "yes",
                 "A formula for wards", "55 per cent"):  # fmt: skip
        assert part in text
