"""Drafts always save: what cannot be read is kept as it was typed, in its place."""

from __future__ import annotations

import copy
import json
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from commonweal.foundation.errors import Fault
from commonweal.governance.application.drafts import (
    MAX_BYTES,
    MAX_FIELDS,
    as_typed,
    read_draft,
    where,
)
from commonweal.governance.application.model import ApplicationContent
from commonweal.governance.application.parts import answered
from tests import applications


def without_nothing(value: Any) -> Any:
    """`value` without what is no answer: empty lists and mappings, blank text."""
    if isinstance(value, dict):
        return {k: v for k, each in value.items() if answered(v := without_nothing(each))}
    if isinstance(value, list):
        return [v for each in value if answered(v := without_nothing(each))]
    return None if isinstance(value, str) and not value.strip() else value


def kept(content: ApplicationContent) -> dict[str, Any]:
    return {where(each.path): each.value for each in content.kept}


def test_a_whole_application_is_read_and_given_back() -> None:
    for data in (
        applications.content_data(), applications.company_data(), applications.support_data()
    ):  # fmt: skip
        content = read_draft(data)
        assert content.kept == ()
        assert without_nothing(as_typed(content)) == without_nothing(data)


def test_an_empty_draft_is_a_draft() -> None:
    for nothing in (None, {}, "", "  ", {"people": [], "project": {"title": "  "}}):
        assert read_draft(nothing) == ApplicationContent()


@pytest.mark.parametrize(
    ("path", "typed", "place", "reason"),
    [
        ("project.title", "two\nlines", "project.title", "is wrong: control"),
        ("project.title", "x" * 501, "project.title", "is too long"),
        ("project.title", 7, "project.title", "must be text"),
        ("project.id", "no spaces please", "project.id", "does not have the right form"),
        ("project.zork", "?", "project.zork", "is not a known field"),
        ("zork", [1, {"a": 2}], "zork", "is not a known field"),
        ("project", "all of it", "project", "must be a set of named fields"),
        ("people", {"0": "amira"}, "people", "must be a list"),
        ("people", ["amira"], "people", "must be a set of named fields"),
        ("people.0.account", "a b", "people.0.account", "does not have the right form"),
        ("organisation.kind", "circus", "organisation.kind", "must be one of"),
        ("organisation.publishes_results", "yes", "organisation.publishes_results", "must be true"),
        ("period.starts", "1 April", "period.starts", "is wrong: a date is written YYYY-MM-DD"),
        ("period.starts", "2026-02-30", "period.starts", "is wrong: there is no such date"),
        ("period.review_dates", ["2026-05-01", "soon"], "period.review_dates", "is wrong"),
        ("safeguards.k", "five", "safeguards.k", "must be a whole number"),
        ("safeguards.k", 1, "safeguards.k", "is too small"),
        ("purpose.codes", ["research", 3], "purpose.codes", "must be text"),
        ("documents.0.sha256", "abc", "documents.0.sha256", "does not have the right form"),
        ("subjects.cohort", {"all": []}, "subjects.cohort", "is wrong"),
        ("subjects.cohort", {"where": {"table": "x"}}, "subjects.cohort", "is missing"),
        ("data.groups.0.reason", "a\u202eb", "data.groups.0.reason", "is wrong"),
        ("legal.cag", "none", "legal.cag", "must be a set of named fields"),
        ("kept", [{"path": [], "value": 1, "reason": "x"}], "kept", "is not a known field"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_kept(path: str, typed: Any, place: str, reason: str) -> None:
    data = applications.content_data()
    applications.put(data, path, typed)
    content = read_draft(data)
    assert kept(content) == {place: typed}
    assert content.kept[0].reason.startswith(reason)
    assert without_nothing(as_typed(content)) == without_nothing(data)
    assert read_draft(as_typed(content)) == content


def test_one_bad_answer_loses_no_other() -> None:
    data = applications.content_data(period__starts="soon", people__0__name="a\x07b")
    content = read_draft(data)
    assert content.period.starts is None
    assert content.period.ends is not None
    assert content.people[0].account == "amira"
    assert content.people[0].name is None
    assert set(kept(content)) == {"period.starts", "people.0.name"}


def test_what_lies_inside_another_kept_answer_comes_back_too() -> None:
    data = {"people": [{"account": "bad id"}] + [{"account": f"a{n}"} for n in range(500)]}
    content = read_draft(data)
    assert content.people == ()
    assert without_nothing(as_typed(content)) == data
    assert read_draft(as_typed(content)) == content


@pytest.mark.parametrize("whole", ["text", 7, True, ["a"], [{}]])
def test_what_is_no_application_at_all_is_kept_whole(whole: Any) -> None:
    content = read_draft(whole)
    assert as_typed(content) == whole
    assert read_draft(as_typed(content)) == content
    assert [each.path for each in content.kept] == [()]


def test_a_value_of_a_cohort_may_be_blank() -> None:
    condition = {"table": "admissions", "variable": "diagnosis", "op": "eq", "value": ""}
    content = read_draft({"subjects": {"cohort": {"where": condition}}})
    assert content.kept == ()
    assert as_typed(content)["subjects"]["cohort"]["where"] == condition


def test_what_no_keyboard_types_is_replaced() -> None:
    content = read_draft({"project": {"title": "a\x00b"}, "x\ud800": "\udfff"})
    assert content.project.title == "a\ufffdb"
    assert kept(content) == {"other": "\ufffd"}
    json.dumps(as_typed(content)).encode("utf-8")
    as_typed(content)["x\ufffd"].encode("utf-8")


def test_names_that_could_harm_are_not_shown() -> None:
    (each,) = read_draft({"<script>alert(1)</script>": 1}).kept
    assert where(each.path) == "other"


@pytest.mark.parametrize("bad", [{"a": float("nan")}, {"a": {1, 2}}, {"a": b"x"}, object()])
def test_what_json_cannot_hold_is_refused(bad: Any) -> None:
    with pytest.raises(Fault, match="CW-JSON-INVALID"):
        read_draft(bad)


def test_too_deep_and_too_large_are_refused() -> None:
    deep: Any = "x"
    for _ in range(80):
        deep = [deep]
    with pytest.raises(Fault, match="CW-JSON-INVALID"):
        read_draft({"project": deep})
    with pytest.raises(Fault, match="CW-FILE-TOO-LARGE"):
        read_draft({"project": {"title": "x" * MAX_BYTES}})
    with pytest.raises(Fault, match="more than 100,000 answers"):
        read_draft({"data": {f"k{n}": 1 for n in range(MAX_FIELDS)}})


def test_reading_changes_nothing_of_what_it_is_given() -> None:
    data = applications.content_data(period__starts="soon", zork={"a": [" "]})
    before = copy.deepcopy(data)
    typed = as_typed(read_draft(data))
    typed["zork"]["a"] = "changed"
    assert data == before


# --- properties -------------------------------------------------------------------------------

LEAVES = st.none() | st.booleans() | st.integers(-9, 9) | st.floats(-1, 1) | st.text(max_size=6)
NAMES = st.sampled_from(
    ["project", "title", "people", "account", "purpose", "codes", "data", "groups", "variables",
     "form", "subjects", "cohort", "all", "where", "kept", "path", "safeguards", "k", "period",
     "review_dates", "legal", "cag", "items", "declarations", "wording"]
) | st.text(max_size=3)  # fmt: skip
TYPED = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(NAMES, inner, max_size=4),
    max_leaves=25,
)


@given(TYPED)
@example({"people": [{"account": "?"}, 3]})
@example({"subjects": {"cohort": {"where": {"value": " "}}, "words": " "}})
def test_every_typed_thing_is_saved_and_given_back(typed: Any) -> None:
    content = read_draft(typed)
    again = as_typed(content)
    assert read_draft(again) == content
    # Nothing that was answered is lost: every leaf of what was typed is still there.
    assert leaves(typed) == leaves(again)


def leaves(value: Any, *, paper: bool = False) -> list[str]:
    if isinstance(value, dict):
        found = []
        for key, inner in value.items():
            found += leaves(inner, paper=paper or key == "cohort")
        return sorted(found)
    if isinstance(value, list):
        return sorted(leaf for inner in value for leaf in leaves(inner, paper=paper))
    if value is None or (isinstance(value, str) and not value.strip()):
        return []
    return [repr(value.replace("\x00", "\ufffd") if isinstance(value, str) else value)]


MUTATIONS = st.lists(
    st.tuples(
        st.sampled_from(
            ["project.title", "people.0.training.0.expires", "data.groups.1.variables.0.form",
             "legal.article_6", "places.0.assurance", "subjects.cohort", "period.ends", "flows"]
        ),
        TYPED,
    ),
    max_size=4,
)  # fmt: skip


@settings(max_examples=30)
@given(MUTATIONS)
def test_a_spoilt_application_is_saved_and_given_back(mutations: list[tuple[str, Any]]) -> None:
    data = applications.content_data()
    for path, value in mutations:
        applications.put(data, path, value)
    content = read_draft(data)
    assert read_draft(as_typed(content)) == content
    assert leaves(data) == leaves(as_typed(content))
    # Checking never raises, whatever was typed.
    assert all(problem.sentence for problem in applications.found(data))
