"""The output manifest and what is written about it: what can be said, and what is refused."""
# ruff: noqa: E501

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.papers.base import Paper, PaperInvalid
from commonweal.papers.output_manifest import (
    OVERRIDE_WORDS,
    RETURN_WORDS,
    EarlierOutput,
    Findings,
    OutputDecision,
    OutputManifest,
    OutputReview,
    Override,
    needing_override,
    same_earlier,
)
from tests.output_papers import H, findings, manifest, request_file, review, table_file

SECRET = "9434765919"
PLAIN = {"path": "plot.png", "sha256": H(7), "bytes": 9, "type": "png", "grade": "declared", "kind": "figure"}  # fmt: skip


def read(data: dict[str, Any]) -> OutputManifest:
    return OutputManifest.read(data, "The output manifest")


def test_it_has_one_spelling() -> None:
    made = read(manifest())
    assert read(json.loads(made.canonical())) == made
    assert read(dict(reversed(manifest().items()))).digest() == made.digest()
    assert [one.path for one in made.leaving()] == ["stays.csv"]


CHANGES: list[tuple[str, dict[str, Any]]] = [
    ("another version", {"output_manifest": 2}),
    ("no id", {"id": None}),
    ("an id that leads elsewhere", {"id": "../x"}),
    ("turn 0", {"turn": 0}),
    ("a first turn after another", {"previous": H(1)}),
    ("a second turn after none", {"turn": 2}),
    ("too many turns", {"turn": 51, "previous": H(1)}),
    ("no author", {"author": None}),
    ("no context", {"context": None}),
    ("a blank context", {"context": "  \n"}),
    ("no controls", {"controls": None}),
    ("a hidden direction in the controls", {"controls": "fine\u202e"}),
    ("a title of two lines", {"title": "a\nb"}),
    ("a hash of another kind", {"permit_hash": "md5:00"}),
    ("a hash in capitals", {"study": "sha256:" + "A" * 64}),
    ("no findings", {"findings": None}),
    ("findings themselves", {"findings": {"verdict": "fail"}}),
    ("a verdict", {"verdict": "pass"}),
    ("no files", {"files": []}),
    ("too many files", {"files": [PLAIN | {"path": f"f{n}.png"} for n in range(201)], "proposal": None}),
    ("only requests", {"files": [request_file()], "proposal": None}),
    ("a file twice", {"files": [PLAIN, PLAIN], "proposal": None}),
    ("files whose names look alike", {"files": [PLAIN, PLAIN | {"path": "PLOT.png"}], "proposal": None}),
    ("a table without its request", {"files": [table_file()]}),
    ("two tables of one request", {"files": [request_file(), table_file(), table_file(path="b.csv")]}),
    ("a table made from nothing", {"files": [request_file(), table_file(made_from=None)]}),
    ("a figure made from a request", {"files": [request_file(), table_file(), PLAIN | {"made_from": "stays.json"}]}),
    ("a recomputed figure", {"files": [request_file(), table_file(), PLAIN | {"grade": "recomputed"}]}),
    ("a request that is no JSON", {"files": [request_file(type="csv"), table_file()]}),
    ("an unknown grade", {"files": [PLAIN | {"grade": "trusted"}], "proposal": None}),
    ("an unknown type", {"files": [PLAIN | {"type": "pickle"}], "proposal": None}),
    ("an unknown kind", {"files": [PLAIN | {"kind": "log"}], "proposal": None}),
    ("bytes below nothing", {"files": [PLAIN | {"bytes": -1}], "proposal": None}),
    ("bytes as a text", {"files": [PLAIN | {"bytes": "9"}], "proposal": None}),
    ("tables without a proposal", {"proposal": None}),
    ("a proposal without tables", {"files": [PLAIN]}),
    ("another's proposal", {"proposal": {"output": "other", "manifest": H(3)}}),
    ("itself among the earlier ones", {"compared": [{"output": "out-1", "manifest": H(3)}]}),
    ("an earlier one twice", {"compared": [{"output": "a", "manifest": H(3)}, {"output": "a", "manifest": H(4)}]}),
    ("earlier ones out of order", {"compared": [{"output": "b", "manifest": H(3)}, {"output": "a", "manifest": H(4)}]}),
    ("an earlier one without a hash", {"compared": [{"output": "b"}]}),
    ("an end before its beginning", {"expires": "2026-01-01T00:00:00.000Z"}),
    ("a time without its zone", {"submitted_at": "2026-03-02T10:00:00"}),
    ("no profile", {"profile": None}),
    ("a profile without its digest", {"profile": {"name": "x", "version": "1"}}),
]  # fmt: skip
PATHS = ["", ".", "..", "../a.csv", "/etc/passwd", "a/b.csv", ".hidden", "a\\b", "a b.csv", "a\x00.csv", "-rf",
         "a" * 65, "st\u00e4nde.csv", "a\n", "a\u202ecsv", "~a", "$(x)"]  # fmt: skip


@pytest.mark.parametrize(("what", "changed"), CHANGES, ids=[what for what, _ in CHANGES])
def test_what_cannot_be_said_is_refused(what: str, changed: dict[str, Any]) -> None:
    with pytest.raises(PaperInvalid) as refused:
        read(manifest(**changed))
    assert refused.value.code == "CW-PAPER-INVALID"


@pytest.mark.parametrize("path", PATHS)
def test_names_that_lead_elsewhere_are_refused(path: str) -> None:
    with pytest.raises(PaperInvalid):
        read(manifest(files=[PLAIN | {"path": path}], proposal=None))


def test_a_refusal_never_repeats_what_was_written() -> None:
    for field in manifest():
        with pytest.raises(PaperInvalid) as refused:
            read(manifest(**{field: [SECRET]}))
        assert SECRET not in refused.value.sentence


def test_what_the_public_reads_names_nobody_and_hashes_no_file() -> None:
    made = read(manifest())
    override = Override(what="stays.csv", verdict="fail", reason="structural_zero")
    shown = json.dumps(made.public_projection([override]))
    for hidden in (made.author, made.job, made.context, made.controls, made.findings, H(2), H(5)):
        assert hidden not in shown
    assert "structural_zero" in shown


# --- findings, reviews, decisions ---------------------------------------------------------------


def test_what_nobody_looked_at_is_unreadable() -> None:
    made = read(manifest())
    clean = Findings.read(findings(), "The findings")
    assert needing_override(made, clean) == {}
    unseen = Findings.read(findings(files=[{"path": "stays.json", "verdict": "pass"}]), "F")
    assert needing_override(made, unseen) == {"stays.csv": "unreadable"}
    no_audit = Findings.read(findings(audit=None, audit_verdict=None), "F")
    assert needing_override(made, no_audit) == {"audit": "unreadable"}
    bad = Findings.read(findings(audit_verdict="fail"), "F")
    assert needing_override(made, bad) == {"audit": "fail"}
    assert bad.verdict() == "fail"
    assert clean.verdict() == "pass"


@pytest.mark.parametrize("changed", [
    {"salt": "00"}, {"salt": None}, {"salt": "G" * 64}, {"files": []}, {"audit": None},
    {"audit_verdict": None}, {"turn": 0}, {"findings": 2}, {"files": [{"path": "a", "verdict": "ok"}]},
    {"files": [{"path": "a", "verdict": "pass"}] * 2}, {"audit_verdict": "unreadable"},
])  # fmt: skip
def test_findings_that_cannot_be(changed: dict[str, Any]) -> None:
    with pytest.raises(PaperInvalid):
        Findings.read(findings(**changed), "The findings")


@pytest.mark.parametrize("changed", [
    {"verdict": "return"}, {"verdict": "reject"}, {"verdict": "maybe"}, {"verdict": None},
    {"reasons": [{"reason": "context_missing"}]},
    {"verdict": "conflicted", "reasons": [{"reason": "context_missing"}]},
    {"verdict": "return", "reasons": [{"reason": "because"}]},
    {"verdict": "return", "reasons": [{"reason": "file_kind"}] * 2},
    {"verdict": "return", "reasons": [{"reason": "file_kind", "file": "../x"}]},
    {"verdict": "return", "reasons": [{"reason": "file_kind"}],
     "overrides": [{"what": "a", "verdict": "fail", "reason": "structural_zero"}]},
    {"overrides": [{"what": "a", "verdict": "pass", "reason": "structural_zero"}]},
    {"overrides": [{"what": "a", "verdict": "fail", "reason": "I know better"}]},
    {"overrides": [{"what": "a", "verdict": "fail"}]},
    {"overrides": [{"what": "a", "verdict": "fail", "reason": "structural_zero"}] * 2},
    {"manifest": None}, {"findings": None}, {"note": " "}, {"grade": "recomputed"},
])  # fmt: skip
def test_reviews_that_cannot_be(changed: dict[str, Any]) -> None:
    with pytest.raises(PaperInvalid):
        OutputReview.read(review(**changed), "The review")


def vote(who: str, verdict: str = "approve") -> dict[str, Any]:
    return {"act": "a" * 32, "reviewer": who, "verdict": verdict, "independent": True}


@pytest.mark.parametrize("changed", [
    {"outcome": "approved", "votes": []},
    {"outcome": "approved", "votes": [vote("a")]},
    {"outcome": "approved", "votes": [vote("a"), vote("a")]},
    {"outcome": "conflict", "votes": [vote("a")]},
    {"outcome": "released", "votes": [vote("a"), vote("b")]},
    {"outcome": "returned", "votes": [vote("a"), vote("b", "conflicted")]},
    {"outcome": "returned", "votes": [vote("a", "return"), vote("b", "return")],
     "overrides": [{"what": "a", "verdict": "fail", "reason": "structural_zero"}]},
])  # fmt: skip
def test_decisions_that_cannot_be(changed: dict[str, Any]) -> None:
    whole = {"output_decision": 1, "output": "out-1", "manifest": H(1), **changed}
    with pytest.raises(PaperInvalid):
        OutputDecision.read(whole, "The decision")


def test_every_reason_has_its_words() -> None:
    from typing import get_args

    from commonweal.papers.output_manifest import OverrideReason, ReturnReason

    assert set(RETURN_WORDS) == set(get_args(ReturnReason))
    assert set(OVERRIDE_WORDS) == set(get_args(OverrideReason))
    said = [*RETURN_WORDS.values(), *OVERRIDE_WORDS.values()]
    assert all(one.endswith(".") for one in said)
    assert len(set(said)) == len(said)


def test_two_sets_of_earlier_outputs_are_compared_with_their_hashes() -> None:
    a, b = EarlierOutput(output="a", manifest=H(1)), EarlierOutput(output="b", manifest=H(2))
    assert same_earlier([a, b], [b, a])
    assert not same_earlier([a], [a, b])
    assert not same_earlier([a], [EarlierOutput(output="a", manifest=H(9))])


leaves = st.sampled_from([None, True, -1, 0.5, 2**60, "", "F", "\u202e", "../x", {}, [], SECRET])


@settings(max_examples=200, deadline=None)
@given(st.data())
def test_a_spoilt_manifest_is_refused_in_our_words_or_still_canonical(data: st.DataObject) -> None:
    spoilt: Any = json.loads(json.dumps(manifest()))
    place: Any = spoilt
    for _ in range(data.draw(st.integers(1, 4))):
        keys = sorted(place) if isinstance(place, dict) else list(range(len(place)))
        if not keys:
            break
        key = data.draw(st.sampled_from(keys))
        if not isinstance(place[key], dict | list) or data.draw(st.booleans()):
            place[key] = data.draw(leaves)
            break
        place = place[key]
    made: Paper
    try:
        made = read(spoilt)
    except PaperInvalid as error:
        assert SECRET not in error.sentence  # noqa: PT017
        return
    assert read(json.loads(made.canonical())) == made
