"""Broken and changed files: never a crash, never another kind, always a sentence.

Files of the corpus are cut off and have bits turned at places that a seed chooses. Whatever comes
of it: an answer in its shape, or one of the two errors of a parser. The parser runs here, as
nothing is guarded in this test but the process itself.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.airlock.files.looking import ENDINGS, FileLook, declared_kind
from commonweal.airlock.files.parsers.reading import READERS
from tests.airlock_corpus.files import Made, corpus
from tests.files_house import looked

READ = [
    made
    for made in corpus()
    if declared_kind(made.name) in READERS and made.rule not in ("name", "rows") and made.content
    and len(made.content) < 100_000
]  # fmt: skip
OF_A_KIND = {kind: [made for made in READ if declared_kind(made.name) == kind] for kind in READERS}


def check(seen: FileLook, declared: str) -> None:
    assert seen.verdict != "pass"
    assert seen.kind == "unreadable" or seen.renderings == () or seen.kind == declared
    assert seen.kind != "unreadable" or seen.renderings == ()
    if seen.kind not in (declared, "unreadable"):
        assert seen.verdict == "fail"
        assert {"type", "kind"} & {one.rule for one in seen.findings}
    for one in seen.findings:
        assert one.said is None or one.said.endswith(".")


@pytest.mark.parametrize("made", READ[::2], ids=[made.what for made in READ[::2]])
def test_cut_off_and_turned(made: Made, tmp_path: Path) -> None:
    rng = np.random.default_rng(len(made.content))
    ending = Path(made.name).suffix
    for place in rng.integers(0, len(made.content), 4):
        check(looked(tmp_path, f"cut{ending}", made.content[: int(place)]), ENDINGS[ending])
    for place in rng.integers(0, len(made.content), 6):
        turned = bytearray(made.content)
        turned[int(place)] ^= 1 << int(rng.integers(8))
        check(looked(tmp_path, f"turned{ending}", bytes(turned)), ENDINGS[ending])


@settings(max_examples=60)
@given(data=st.data())
def test_spliced(data: Any, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Pieces of two files of a kind, or of two kinds, one behind the other."""
    kind = data.draw(st.sampled_from(sorted(READERS)))
    one = data.draw(st.sampled_from(OF_A_KIND[kind])).content
    other = data.draw(st.sampled_from(READ)).content
    cut = data.draw(st.integers(0, len(one)))
    start = data.draw(st.integers(0, len(other)))
    folder = tmp_path_factory.mktemp("spliced")
    ending = next(ending for ending, name in ENDINGS.items() if name == kind)
    check(looked(folder, f"x{ending}", one[:cut] + other[start:]), kind)


@settings(max_examples=40)
@given(content=st.binary(max_size=400), ending=st.sampled_from(sorted(ENDINGS)))
def test_anything(content: bytes, ending: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    check(looked(tmp_path_factory.mktemp("any"), f"x{ending}", content), ENDINGS[ending])
