"""Each rule of the airlock has plain words, and no words are of a rule that there is not."""

from __future__ import annotations

import re
from typing import get_args

import pytest

from commonweal.airlock.audit.findings import _RULES as AUDIT_RULES
from commonweal.airlock.rules.findings import RULES
from commonweal.papers.output_manifest import ReturnReason
from commonweal.papers.rule_words import MAIN_RULES, REASON_HELP, RULE_HELP, rule_help

HARD = re.compile(r"(?i)\b(statbarn|cohort|k-anonym|quasi|disclosive|aggregate|granular)")


def test_every_rule_has_words_and_no_words_are_without_a_rule() -> None:
    assert RULE_HELP.keys() == RULES.keys() | AUDIT_RULES.keys()
    assert REASON_HELP.keys() == set(get_args(ReturnReason))
    assert set(MAIN_RULES) <= RULE_HELP.keys()


def test_a_rule_without_words_says_nothing() -> None:
    assert rule_help("no-such-rule") is None
    assert rule_help("nk") is RULE_HELP["nk"]


@pytest.mark.parametrize("rule", sorted(RULE_HELP))
def test_words_are_a_name_one_sentence_and_an_example(rule: str) -> None:
    one = RULE_HELP[rule]
    assert 0 < len(one.name) <= 60
    assert not one.name.endswith(".")
    assert one.why[0].isupper()
    assert one.why.endswith(".")
    assert one.why.count(". ") == 0
    assert len(one.why) <= 120
    assert 0 < len(one.example) <= 120
    for text in (one.name, one.why, one.example):
        assert HARD.search(text) is None, text
        assert "{" not in text


def test_names_tell_rules_apart_and_the_famous_ones_are_named() -> None:
    names = [one.name for one in RULE_HELP.values()]
    assert len(set(names)) == len(names)
    for rule, said in (("nk", "nk"), ("p-percent", "p%"), ("class", "class disclosure")):
        assert said in RULE_HELP[rule].name
