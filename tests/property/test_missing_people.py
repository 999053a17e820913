"""Whatever the counts are: what is told of missing people is rounded, held, and leaves no rest."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from commonweal.papers.missing import EqualityVariable, MissingPeople
from commonweal.vault.equality.groups import groups_of
from commonweal.vault.equality.measuring import Found, MissingFound
from commonweal.vault.equality.telling import tell
from commonweal.vault.figures.publishing import Counts, Margins
from commonweal.vault.keys import Secret

SEX = EqualityVariable(variable="sex", describes="sex")
GROUPS = list(groups_of(SEX))
Counted = list[tuple[int, int]]
COUNTS = st.lists(
    st.tuples(st.integers(0, 400), st.integers(0, 60)), min_size=len(GROUPS), max_size=len(GROUPS)
)
FEW = settings(max_examples=max(10, settings().max_examples // 2))


class Versions:
    """Versions of figures, one after the other."""

    def __init__(self, seed: int) -> None:
        self.margins = Margins(Secret(seed.to_bytes(32, "big")))
        self.counts = Counts(self.margins, None)
        self.held: dict[str, int] = {}

    def hold(self, exact: dict[str, int], *, new: bool) -> dict[str, int]:
        held = self.counts.hold(exact, new)
        self.held |= held
        return held

    def tell(self, counted: Counted) -> MissingPeople:
        groups = {name: Found(k, n, n) for name, (k, n) in zip(GROUPS, counted, strict=True)}
        kept, lost = (sum(one[place] for one in counted) for place in (0, 1))
        told = tell(self, MissingFound(Found(kept, lost, lost), {SEX: groups}), {})
        self.counts = Counts(self.margins, dict(self.held))
        return told


@FEW
@given(COUNTS, st.integers(0, 2**32))
def test_a_first_telling_is_rounded_and_leaves_no_small_rest(counted: Counted, seed: int) -> None:
    told = Versions(seed).tell(counted)
    for place, what in enumerate(("kept", "lost")):
        rest = 0
        for group, pair in zip(told.variables[0].groups, counted, strict=True):
            shown = getattr(group, what)
            assert shown is None or (shown % 10 == 0 and abs(shown - pair[place]) < 10)
            assert shown is None or pair[place] >= 10
            rest += pair[place] if shown is None else 0
        assert (
            rest == 0
            or rest >= 10
            or all(getattr(group, what) is None for group in told.variables[0].groups)
        )


@FEW
@given(COUNTS, st.data(), st.integers(0, 2**32))
def test_fewer_than_ten_people_change_nothing(
    counted: Counted, data: st.DataObject, seed: int
) -> None:
    """Nine people at most come, leave, or get a number: every figure stays as it was."""
    versions = Versions(seed)
    first = versions.tell(counted)
    for _ in range(data.draw(st.integers(1, 9), "how many")):
        place, what = data.draw(st.integers(0, len(GROUPS) - 1)), data.draw(st.booleans())
        kept, lost = counted[place]
        step = data.draw(st.sampled_from([1, -1]))
        counted[place] = (max(kept + step, 0), lost) if what else (kept, max(lost + step, 0))
        assert versions.tell(counted) == first


@FEW
@given(COUNTS, COUNTS, st.integers(0, 2**32))
def test_what_is_told_follows_from_what_is_held(one: Counted, other: Counted, seed: int) -> None:
    """Told twice it is the same, and whatever comes in between, no figure is off by twenty."""
    versions = Versions(seed)
    versions.tell(one)
    told = versions.tell(other)
    assert versions.tell(other) == told
    for group, (kept, lost) in zip(told.variables[0].groups, other, strict=True):
        assert group.kept is None or abs(group.kept - kept) < 30
        assert group.lost is None or abs(group.lost - lost) < 30
