"""P4: "anonymised" is a signed human determination, never something that code sets.

Three looks: the source (no code path makes the word), the papers (no field can hold it but the
determination that a person gives), and what a manifest can be made to say.
"""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.permit import Determination
from commonweal.papers.release import ReleaseManifest, ReleaseSummary, summarise
from commonweal.papers.schemas import PAPERS, schema
from tests import factories

WORD = re.compile(r"anonymi[sz]", re.IGNORECASE)
COMMANDS = frozenset({"anonymise"})
"""The command's own name (INTERFACES): it makes tables coarser and claims nothing."""

# The enumeration of determinations, the rule that one needs an expiry date, and the pages.
PLACES = frozenset(
    {
        "papers/vocabulary.py",
        "papers/permit.py",
        "vault/choices",
    }
)


def texts(tree: ast.AST) -> Iterator[ast.Constant]:
    """Every text in the code that is not a docstring."""
    docstrings = {id(n.value) for n in ast.walk(tree) if isinstance(n, ast.Expr)}
    for node in ast.walk(tree):
        text = isinstance(node, ast.Constant) and isinstance(node.value, str)
        if text and id(node) not in docstrings:
            yield node


def claims(source: str) -> list[int]:
    """Lines where code holds exactly the value `anonymised` (or a spelling of it)."""
    found = (node for node in texts(ast.parse(source)))
    return [
        node.lineno
        for node in found
        if re.fullmatch(r"\W*(de-)?anonymi[sz]ed\W*", str(node.value), re.IGNORECASE)
    ]


def test_the_look_at_the_source_finds_a_claim() -> None:
    assert claims('def f(k):\n    """Anonymised."""\n    level = "anonymised"\n') == [3]
    assert claims('x = {"data_level": "Anonymized"}\n') == [1]
    assert claims('"""About the anonymised."""\nx = "is anonymised data"\n') == []


def test_no_code_makes_the_claim(repository: Path) -> None:
    source = repository / "src" / "commonweal"
    found = {
        f"{path.relative_to(source)}:{line}"
        for path in sorted(source.rglob("*.py"))
        if not str(path.relative_to(source)).startswith(tuple(PLACES))
        for line in claims(path.read_text("utf-8"))
    }
    assert found == set()


def test_where_the_word_is_allowed_it_is_the_determination(repository: Path) -> None:
    room = repository / "src" / "commonweal" / "papers"
    assert len(claims((room / "vocabulary.py").read_text("utf-8"))) == 1
    permit = (room / "permit.py").read_text("utf-8").splitlines()
    lines = claims("\n".join(permit))
    assert [permit[line - 1].strip() for line in lines] == [
        'if self.code == "anonymised" and self.expires is None:'
    ]


def values(part: Any, path: str) -> Iterator[tuple[str, str]]:
    """Every value that a schema allows or presets, with its path."""
    if isinstance(part, dict):
        for key, inner in part.items():
            if key in ("enum", "const", "default", "examples"):
                listed = inner if isinstance(inner, list) else [inner]
                yield from ((path, str(value)) for value in listed)
            yield from values(inner, f"{path}/{key}")
    elif isinstance(part, list):
        for inner in part:
            yield from values(inner, path)


@pytest.mark.parametrize("name", list(PAPERS))
def test_no_field_of_any_paper_can_hold_the_word_but_a_determination(name: str) -> None:
    said = {path for path, value in values(schema(name), "") if WORD.search(value)}
    assert all(
        path.endswith(("/Determination/properties/code", "/determination/anyOf")) for path in said
    )
    assert said == set() or name not in ("catalogue", "trust-policy", "permit-status")


def test_a_determination_needs_a_person_evidence_and_an_end() -> None:
    whole = {
        "code": "anonymised",
        "decided_by": "C. Guardian",
        "decided_on": "2026-01-01",
        "evidence": "Motivated intruder test 7.",
        "expires": "2026-12-31",
    }
    assert Determination.read(whole, "d").code == "anonymised"
    for missing in ("decided_by", "decided_on", "evidence", "expires"):
        with pytest.raises(CommonwealError):
            Determination.read({k: v for k, v in whole.items() if k != missing}, "d")
    with pytest.raises(CommonwealError):
        Determination.read({**whole, "expires": "2025-12-31"}, "d")


@pytest.mark.parametrize("level", ["anonymised", "anonymous", "De-personalised", "", None, True])
def test_a_manifest_cannot_say_it(level: Any) -> None:
    with pytest.raises(CommonwealError):
        factories.manifest(data_level=level)
    summary = summarise(factories.manifest()).plain()
    with pytest.raises(CommonwealError):
        ReleaseSummary.read({**summary, "data_level": level}, "s")


@given(
    k=st.integers(0, 10**6),
    mean=st.floats(0, 1),
    level=st.text(max_size=20),
    field=st.sampled_from(["data_level", "anonymised", "anonymous", "status", "level"]),
)
def test_no_figures_and_no_field_make_a_manifest_say_it(
    k: int, mean: float, level: str, field: str
) -> None:
    data = factories.manifest_data()
    data["risk"]["after"] |= {"k": k, "sample_uniques": 0, "marketer": 0.0}
    data["risk"]["after"]["prosecutor"] = {"max": mean, "mean": mean}
    manifest = ReleaseManifest.read(data, "m")
    assert manifest.data_level == summarise(manifest).data_level == "de-personalised"
    assert not WORD.search(json.dumps(summarise(manifest).plain()))
    if level != "de-personalised":
        with pytest.raises(CommonwealError):
            ReleaseManifest.read({**data, field: level}, "m")
