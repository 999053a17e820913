"""Words that are removed: whatever overlaps, no letter of a removed passage is left."""

from __future__ import annotations

from itertools import groupby

import pytest
from hypothesis import given
from hypothesis import strategies as st

PERSONAL = "[Removed: it could tell who a person is]"
TRADE = "[Removed: it is a trade secret]"
BOTH = "[Removed: it could tell who a person is; it is a trade secret]"


def without(text: str, *marks: tuple[str, str]) -> str:
    """What everybody reads of what changed."""
    from commonweal.web.desk.redacting import cut

    plain = {"answers": [], "record": {}, "changed": text}
    return str(cut(plain, marks)["changed"])


@pytest.mark.parametrize(
    ("text", "marks", "left"),
    [
        ("Ann Lee of Leeds.", [("Ann Lee", "personal")], f"{PERSONAL} of Leeds."),
        # One passage begins where another has not ended: nothing of either is left.
        ("Ann Lee Hall.", [("Ann Lee", "personal"), ("Lee Hall", "commercial")], f"{BOTH}."),
        ("Ann Lee Hall.", [("Lee Hall", "commercial"), ("Ann Lee", "personal")], f"{BOTH}."),
        ("Ann Lee.", [("Lee", "commercial"), ("Ann Lee", "personal")], f"{BOTH}."),
        ("Ann Lee.", [("Ann", "personal"), ("Ann Lee", "personal")], f"{PERSONAL}."),
        ("abcdef!", [("abc", "personal"), ("def", "commercial")], f"{BOTH}!"),
        ("ababa!", [("aba", "commercial")], f"{TRADE}!"),
        # Nothing is looked for in what stands instead.
        ("Ann, a person.", [("Ann", "personal"), ("person", "commercial")],
         f"{PERSONAL}, a {TRADE}."),
        ("One\r\ntwo three", [("One\ntwo", "personal")], f"{PERSONAL} three"),
        ("Nobody.", [("Ann", "personal")], "Nobody."),
    ],
)  # fmt: skip
def test_what_is_left(text: str, marks: list[tuple[str, str]], left: str) -> None:
    assert without(text, *marks) == left


def test_a_passage_that_is_not_there_is_not_found_for_the_ends_of_lines() -> None:
    from commonweal.web.desk.redacting import stands_in

    plain = {"answers": [], "record": {}, "changed": "One\r\ntwo"}
    assert not stands_in(plain, "three")
    assert stands_in(plain, "One\ntwo")


_REASON = st.sampled_from(["personal", "commercial", "security"])
_MARKS = st.lists(
    st.tuples(st.text("ab", min_size=1, max_size=4), _REASON), max_size=4,
    unique_by=lambda mark: mark[0],
)  # fmt: skip


@given(text=st.text("abc", max_size=24), marks=_MARKS)
def test_no_place_of_a_removed_letter_is_left(text: str, marks: list[tuple[str, str]]) -> None:
    """Against an oracle that looks at each place by itself, with letters no mark is made of."""
    import re

    gone = [
        any(
            text[start : start + len(passage)] == passage
            for passage, _ in marks
            for start in range(max(0, place - len(passage) + 1), place + 1)
        )
        for place in range(len(text))
    ]
    expected = "".join(
        "*" if hidden else "".join(text[place] for place in places)
        for hidden, places in groupby(range(len(text)), key=lambda place: gone[place])
    )
    assert re.sub(r"\[Removed: [^]]*\]", "*", without(text, *marks)) == expected
