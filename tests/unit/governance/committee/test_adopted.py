"""Rules that a home adopted: which count, what follows what, and the file that people edit."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest

from commonweal.foundation.canonical import digest
from commonweal.foundation.errors import CommonwealError
from commonweal.governance.committee.adopted import began, check_next, differences, rules_of
from commonweal.governance.committee.rules import CommitteeRules, default_rules, read_rules
from commonweal.governance.committee.writing import as_yaml
from commonweal.governance.dossier.published import PublishedRules
from commonweal.papers.roster_change import check_change
from tests import factories, people
from tests.dossiers import Desk, Rules
from tests.unit.governance.committee.support import MEETING, rules, vote

SHIPPED = default_rules()


def following(before: CommitteeRules = SHIPPED, **changes: Any) -> CommitteeRules:
    plain = rules(**changes).plain()
    plain |= {"version": before.version + 1, "previous": before.digest()}
    return CommitteeRules.read(plain, "The rules", "CW-COMMITTEE-RULES")


def test_the_rules_of_a_list_of_people() -> None:
    assert rules_of(None) == SHIPPED
    assert rules_of(people.roster()) == SHIPPED
    own = following(quorum__members=8)
    assert rules_of(people.roster(rules=own.plain())) == own


@pytest.mark.parametrize(
    "wrong", [{}, {"version": 2}, SHIPPED.plain() | {"decision_rule": "who shouts"}]
)
def test_rules_that_nobody_can_count_by_count_nothing(wrong: dict[str, Any]) -> None:
    with pytest.raises(CommonwealError, match="CW-COMMITTEE-RULES"):
        rules_of(people.roster(rules=wrong))


def test_a_vote_begins_with_its_first_vote() -> None:
    votes = [vote("chair", "approve", at=MEETING + timedelta(minutes=n)) for n in (9, 4, 7)]
    assert began(votes) == MEETING + timedelta(minutes=4)
    with pytest.raises(CommonwealError, match="CW-COMMITTEE-QUORUM"):
        began([])


class Noting(Rules):
    """The stand-in rules, which note by which list of people they were asked to count."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def decide(self, review: Any) -> Any:
        self.asked.append(review.ruled_by.version)
        return super().decide(review)


@pytest.mark.parametrize(
    ("changes_after", "counted_by"),
    [
        # After how many of the four votes other rules begin to hold, and which then count.
        (0, 2), (1, 1), (3, 1), (4, 1),
    ],
)  # fmt: skip
def test_rules_that_change_while_people_vote_change_nothing(
    changes_after: int, counted_by: int
) -> None:
    who = ("chair", "member", "lena", "luke")
    desk = Desk()
    first_vote = factories.NOW + timedelta(minutes=6)  # sent, advised, four declared
    begins = first_vote + timedelta(minutes=changes_after, seconds=-30)
    one = people.roster()
    two = people.roster(version=2, previous=one.digest(), rules=following().plain())
    early = people.history(one, two)
    first, second = early.versions
    desk.history = type(early)((first, type(second)(two, begins, begins, entry=2)))
    desk.review(*who)
    desk.finish()
    noting = Noting()
    desk.judge(rules=noting)
    assert noting.asked == [counted_by]


def test_the_signer_refuses_a_decision_by_other_rules_than_those_in_force() -> None:
    own = following(quorum__members=8)
    with_own = people.roster(rules=own.plain())
    assert PublishedRules().rules(with_own) == own
    assert PublishedRules().rules(people.roster()) == SHIPPED


# --- what may follow what -----------------------------------------------------------------------


def test_rules_follow_the_ones_before_them() -> None:
    check_next(following(), SHIPPED)
    check_next(following(following()), following())
    for wrong in (SHIPPED, following(following())):
        with pytest.raises(CommonwealError, match="CW-COMMITTEE-RULES"):
            check_next(wrong, SHIPPED)


def test_rules_by_which_no_vote_could_count_are_refused() -> None:
    seats = [{"role": "committee_chair", "at_least": 1}, {"role": "committee_member",
             "at_least": 3}]  # fmt: skip
    with pytest.raises(CommonwealError, match="share of lay members"):
        check_next(following(quorum__by_role=seats), SHIPPED)


@pytest.mark.parametrize(
    ("had", "next_", "said"),
    [
        (None, following(), ""),
        (following(), following(following()), ""),
        (following(), following(), ""),
        (following(), None, "leaves out"),
        (following(), following(following(following())), "not the next version"),
        (following(), following(following(quorum__members=8)), "made from others"),
        (following(), SHIPPED, "not the next version"),
    ],
)
def test_a_list_of_people_carries_its_rules_on(
    had: CommitteeRules | None, next_: CommitteeRules | None, said: str
) -> None:
    before = people.roster(**({} if had is None else {"rules": had.plain()}))
    after = people.roster(
        version=2, previous=before.digest(), proposed_at="2026-01-02T00:00:00.000Z",
        **({} if next_ is None else {"rules": next_.plain()}),
    )  # fmt: skip
    if not said:
        check_change(before, after, 2, people.HOME, factories.trust())
        return
    with pytest.raises(CommonwealError, match=said):
        check_change(before, after, 2, people.HOME, factories.trust())


# --- the file -----------------------------------------------------------------------------------


@pytest.mark.parametrize("found", [SHIPPED, following(quorum__members=8, decision_rule="majority"),
                                   following(proportionate__conditions=[])])  # fmt: skip
def test_the_file_reads_back_as_the_same_rules(found: CommitteeRules) -> None:
    text = as_yaml(found)
    assert read_rules(text) == found
    assert digest(read_rules(text).plain()) == found.digest()
    assert "# How many must vote." in text


def test_what_a_version_changes_is_said_in_the_published_words() -> None:
    said = differences(SHIPPED, following(quorum__members=8, appeal__days=14))
    assert "New (Who decides): At least eight members must vote." in said
    assert "No more (Who decides): At least six members must vote." in said
    assert len(said) == 4
    assert differences(SHIPPED, following()) == []
