"""The table of who may choose for whom, row by row, and what it must never say."""

from __future__ import annotations

from itertools import product
from typing import Any, get_args

import pytest

from commonweal.papers.choice_rules import (
    CONDITIONS,
    DOES,
    KINDS,
    STAFFED,
    WHO,
    Channel,
    Relation,
    SetBy,
    who_rule,
)
from commonweal.vault.choices.rules import KINDS as HONOURED

OWN = {"page", "api"}
# who, relation: channels, must be given, evidence, may say yes, takes back what was set by
WANTED: dict[tuple[str, str | None], tuple[set[str], set[str], bool, bool, int]] = {
    ("self", None): (OWN, set(), False, True, 3),
    ("staff", None): (set(STAFFED), set(), True, True, 3),
    ("trusted_person", "parent"): (OWN | STAFFED, {"born_on"}, True, True, 1),
    ("trusted_person", "attorney"): (OWN | STAFFED, {"scope"}, True, False, 1),
    ("trusted_person", "deputy"): (OWN | STAFFED, {"scope"}, True, False, 1),
    ("trusted_person", "personal_representative"): (OWN | STAFFED, {"died_on"}, True, False, 1),
}


@pytest.mark.parametrize("who", WANTED, ids=str)
def test_each_row(who: Any) -> None:
    rule = who_rule(*who)
    found = (set(rule.channels), set(rule.needs), rule.evidence, rule.may_consent)
    assert (*found, len(rule.takes_back)) == WANTED[who]


def test_nobody_else_is_in_the_table() -> None:
    assert [(rule.set_by, rule.relation) for rule in WHO] == list(WANTED)
    for who in product(get_args(SetBy), (None, *get_args(Relation))):
        if who not in WANTED:
            with pytest.raises(ValueError, match="what they are to them"):
                who_rule(*who)


def test_a_trusted_person_takes_back_only_what_one_set() -> None:
    trusted = [rule for rule in WHO if rule.set_by == "trusted_person"]
    assert all(rule.takes_back == {"trusted_person"} and rule.evidence for rule in trusted)


def test_each_way_is_somebodys_and_each_condition_too() -> None:
    assert frozenset[Channel]().union(*(rule.channels for rule in WHO)) == set(get_args(Channel))
    named = [rule.needs | rule.may_have for rule in WHO]
    assert set().union(*named) == set(CONDITIONS)


def test_each_kind_has_words_and_none_is_kept_for_others() -> None:
    """`type1` is made at a practice, and the national one with the NHS: neither is held here."""
    assert set(DOES) == set(KINDS) == {rule.kind for rule in HONOURED} - {"type1"}
