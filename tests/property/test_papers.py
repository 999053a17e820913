"""Every reader of papers raises only errors of ours, whatever it is given; and a signed permit with
one changed byte is never a permit."""

from __future__ import annotations

import json
import string
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.documents import parse_yaml
from commonweal.foundation.errors import CommonwealError
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.cohort import Cohort
from commonweal.papers.forms import FORMS, Form
from commonweal.papers.permit import Permit, PermitDraft
from commonweal.papers.permit_rules import check_draft
from commonweal.papers.permit_status import PermitStatus
from commonweal.papers.release import ReleaseManifest, ReleaseSummary, StatementOfAbsence
from commonweal.papers.sentences import permit_sentences
from commonweal.papers.trust import TrustPolicy
from tests import factories

PAPERS: dict[type, Callable[[], dict[str, Any]]] = {
    PermitDraft: factories.draft_data,
    Catalogue: factories.catalogue_data,
    TrustPolicy: factories.trust_data,
    ReleaseManifest: factories.manifest_data,
}
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(max_size=20)
    | st.sampled_from(["exact", "shift", "2026-02-30", "9999-12-31", "\u202e", "__proto__", ""])
)
documents = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12), inner, max_size=4)
    ),
    max_leaves=12,
)


def only_ours(call: Callable[[], Any]) -> Any:
    """What `call` gives, or None where it refuses in our own words."""
    try:
        return call()
    except CommonwealError as error:
        # Any other kind of error goes on and fails the test.
        return None if error.sentence.endswith(".") else pytest.fail(error.sentence)


@pytest.mark.parametrize("paper", PAPERS)
@given(data=documents)
def test_anything_is_read_or_refused(paper: Any, data: Any) -> None:
    assert only_ours(lambda: paper.read(data, "The paper")) is None


def places(data: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The path of every value inside `data`."""
    inside = (
        data.items()
        if isinstance(data, dict)
        else enumerate(data)
        if isinstance(data, list)
        else ()
    )
    return [path] * bool(path) + [p for key, inner in inside for p in places(inner, (*path, key))]


@pytest.mark.parametrize("paper", PAPERS)
@given(drawn=st.data())
def test_one_value_replaced_is_read_or_refused(paper: Any, drawn: st.DataObject) -> None:
    data = PAPERS[paper]()
    *way, last = drawn.draw(st.sampled_from(places(data)))
    here = data
    for step in way:
        here = here[step]
    here[last] = drawn.draw(documents)
    read = only_ours(lambda: paper.read(data, "The paper"))
    if read is not None:
        assert paper.read(read.plain(), "The paper") == read
    if isinstance(read, PermitDraft):
        only_ours(lambda: check_draft(read, factories.catalogue()))
        assert all(sentence for _, sentences in permit_sentences(read) for sentence in sentences)


@given(text=st.text(alphabet=string.printable, max_size=200) | st.binary(max_size=200))
@example(text="a: &a [*a, *a]")
@example(text="!!python/object/apply:os.getcwd []")
@example(text="a: 1\na: 2")
@example(text="? [1]\n: 2")
@example(text="[" * 3000)
@example(text="{" * 3000)
@example(text="permit: 0x" + "f" * 300)
@example(text="x: 1:2:3:4\ny: .inf\nz: .nan")
@example(text="a: 2026-02-30")
@example(text=b"\x00\x00\x00")
def test_yaml_and_json_texts_are_read_or_refused(text: str | bytes) -> None:
    for parse in (parse_yaml, parse_json):
        data = only_ours(lambda parse=parse: parse(text, "The text"))
        for paper in PAPERS:
            only_ours(lambda paper=paper, data=data: paper.read(data, "The paper"))


@given(text=st.text(max_size=300) | st.binary(max_size=300))
@example(text='{"payload":"\ud800","signatures":[{"protected":"e30","signature":""}]}\n')
@example(text='{"payload":"e30","signatures":[{"protected":"\u00e9","signature":""}]}\n')
@example(text='{"payload":"","signatures":[{"protected":"","signature":""}]}\n')
@example(text='{"payload":"e30","signatures":[{"protected":"W10","signature":""}]}\n')
def test_signed_texts_are_read_or_refused(text: str | bytes) -> None:
    trust = factories.trust()
    for paper in (Permit, PermitStatus, ReleaseManifest, ReleaseSummary, StatementOfAbsence):
        assert only_ours(lambda paper=paper: paper.load(text, trust)) is None


@given(text=st.text(max_size=60) | st.from_regex(r"[a-z_]{1,12}\([0-9., ]{0,42}\)", fullmatch=True))
@example(text="round(1.2345678901234567890123456789012345)")
@example(text="round(0.0000001)")
@example(text="age_band(5,90)(5,90)")
@example(text="age_band(\u0665,\u0669\u0660)")
@example(text="rollup(1)")
@example(text="exact()")
def test_forms_have_one_spelling(text: str) -> None:
    form = only_ours(lambda: Form.parse(text))
    if form is not None:
        assert Form.parse(form.text) == form
        assert Form.parse(form.text).text == form.text
        assert form.kind in FORMS
        assert "{" not in form.sentence


conditions = st.builds(
    lambda variable, op, value: {
        "table": "admissions",
        "variable": variable,
        "op": op,
        **({} if value is None else {"value": value}),
    },
    st.sampled_from(["diagnosis", "days", "admitted", "note", "nowhere"]),
    st.sampled_from(["eq", "ne", "lt", "in", "starts_with", "is_missing", "is_present"]),
    scalars | st.lists(scalars, max_size=3),
)
cohorts = st.recursive(
    st.just({"everyone": True})
    | conditions.map(lambda c: {"where": c})
    | st.builds(lambda c, n: {"at_least": {"n": n, "of": c}}, conditions, st.integers(-1, 5)),
    lambda inner: (
        st.lists(inner, max_size=3).map(lambda many: {"all": many})
        | st.lists(inner, max_size=3).map(lambda many: {"any": many})
        | inner.map(lambda one: {"not": one})
    ),
    max_leaves=8,
)


@given(data=cohorts)
def test_cohorts_are_read_or_refused(data: Any) -> None:
    cohort = only_ours(lambda: Cohort.read(data, "The cohort"))
    if cohort is None:
        return
    assert 1 <= cohort.depth() <= 8
    assert Cohort.read(cohort.plain(), "The cohort") == cohort
    draft = factories.draft().model_copy(update={"cohort": cohort})
    only_ours(lambda: check_draft(draft, factories.catalogue()))
    assert permit_sentences(draft)


# --- one changed byte -------------------------------------------------------------------------

SIGNED = factories.permit_text("a", "b").encode()
TRUST = factories.trust("a", "b")


def test_each_byte_of_a_signed_permit_changed_once_is_refused() -> None:
    """Two good signatures with one needed, so that spoiling one could go unseen."""
    assert Permit.load(SIGNED, TRUST)
    for place in range(len(SIGNED)):
        changed = bytearray(SIGNED)
        changed[place] ^= 1 << place % 8
        with pytest.raises(CommonwealError):
            Permit.load(bytes(changed), TRUST)


@settings(max_examples=300)
@given(
    place=st.integers(0, len(SIGNED) - 1),
    byte=st.integers(0, 255),
    way=st.sampled_from(["replace", "insert", "delete", "cut"]),
)
def test_any_edit_of_a_signed_permit_is_refused(place: int, byte: int, way: str) -> None:
    one = bytes([byte])
    changed = {
        "replace": SIGNED[:place] + one + SIGNED[place + 1 :],
        "insert": SIGNED[:place] + one + SIGNED[place:],
        "delete": SIGNED[:place] + SIGNED[place + 1 :],
        "cut": SIGNED[:place],
    }[way]
    if changed != SIGNED:
        with pytest.raises(CommonwealError):
            Permit.load(changed, TRUST)


@given(order=st.permutations(["a", "b"]))
def test_signatures_in_another_order_are_the_same_signers(order: list[str]) -> None:
    outer = json.loads(SIGNED)
    assert len(outer["signatures"]) == 2
    assert factories.permit_text(*order).encode() == SIGNED
