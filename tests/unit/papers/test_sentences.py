# ruff: noqa: E501 (a table reads best with one case a line)
"""A permit in plain English: everything that was decided is said, without jargon."""

from __future__ import annotations

import re
from typing import Any, get_args

import pytest

from commonweal.papers import sentences as words
from commonweal.papers import vocabulary
from commonweal.papers.cohort import Cohort, Op
from commonweal.papers.permit_state import SENTENCES, STATES
from commonweal.papers.sentences import cohort_words, permit_sentences
from tests import factories

JARGON = re.compile(
    r"\b(k|cohort|merkle|pseudonym|pseudonymised|quasi|hash|statbarn|enclave|ndoo|json|anonymised)\b",
    re.IGNORECASE,
)


def said(**changes: Any) -> dict[str, str]:
    sections = permit_sentences(factories.permit(**changes), "active")
    return {heading: " ".join(sentences) for heading, sentences in sections}


def test_every_word_of_the_vocabulary_has_plain_words() -> None:
    for closed, plain in (
        (vocabulary.Purpose, words.PURPOSE_WORDS),
        (vocabulary.Processing, words.ACTION_WORDS),
        (vocabulary.Article6, words.ARTICLE_6_WORDS),
        (vocabulary.Article9, words.ARTICLE_9_WORDS),
        (vocabulary.CommonLawRoute, words.COMMON_LAW_WORDS),
        (vocabulary.Authority, words.AUTHORITY_SENTENCES),
        (Op, words.OPERATION_WORDS),
    ):
        assert set(plain) == set(get_args(closed))


def test_the_sections_say_what_was_decided() -> None:
    text = said()
    assert list(text) == [
        "State", "Who", "What for", "Legal basis", "Which people", "What is shown: patients",
        "What is shown: admissions", "Whose choices are honoured", "Limits of risk",
        "What may be done", "From when until when", "Authority",
    ]  # fmt: skip
    assert "University of Wharfedale asks." in text["Who"]
    assert "Amira Khan (amira)" in text["Who"]
    assert "The purpose is research." in text["What for"]
    assert "everyone in these records" in text["Which people"]
    assert (
        "born: as an age group of 5 years, 90 and over as one." in text["What is shown: patients"]
    )
    assert "looks like at least 4 others" in text["Limits of risk"]
    assert "1 March 2026 to the end of 28 February 2027" in text["From when until when"]
    assert "no time to say no" in text["From when until when"]


@pytest.mark.parametrize("authority", ["direct", "committee"])
def test_the_authority_is_said_in_its_literal_form(authority: Any) -> None:
    text = said(authority=authority)
    assert f"authority: {authority}" in text["State"]
    assert f"authority: {authority}" in text["Authority"]
    assert ("without a committee" in text["Authority"]) is (authority == "direct")


@pytest.mark.parametrize("state", STATES)
def test_the_state_is_said(state: Any) -> None:
    first = permit_sentences(factories.permit(), state)[0]
    assert first.sentences[0] == SENTENCES[state]


def test_an_unasked_state_is_never_taken_for_active() -> None:
    assert "not asked for" in permit_sentences(factories.permit())[0].sentences[0]
    draft = permit_sentences(factories.draft(), "active")
    assert draft[0].sentences == ("This is a draft. Nothing is allowed by it.",)
    assert "Authority" not in [section.heading for section in draft]


EXEMPT = {
    "national_opt_out": "exempt",
    "determination": {
        "code": "public_interest",
        "decided_by": "C. Guardian",
        "decided_on": "2026-02-01",
        "evidence": "Signed test 4.",
        "expires": "2026-12-31",
    },
    "include_people_without_identifier": {
        "decided_by": "C. Guardian",
        "decided_on": "2026-02-02",
        "evidence": "Newborns.",
    },
}

MODELS = {
    "processing": ["train"],
    "outputs": {"models": {
        "auc": 0.55, "true_positives": 0.05, "advantage": 0.1, "attribute_gain": 0.08,
        "people_behind_leaf": 25, "shadows": 32, "differentially_private": True,
    }},
}  # fmt: skip
CHOSEN = {
    "where": {"table": "admissions", "variable": "diagnosis", "op": "starts_with", "value": "J45"}
}


@pytest.mark.parametrize(
    ("changes", "section", "part"),
    [
        ({"choices": EXEMPT}, "Whose choices are honoured", "is not applied, by a decision of C. Guardian on 1 February 2026 (public_interest)"),
        ({"choices": EXEMPT}, "Whose choices are honoured", "runs out after 31 December 2026"),
        ({"choices": EXEMPT}, "Whose choices are honoured", "without an identifier are included"),
        ({}, "Whose choices are honoured", "who have set the national data opt-out are left out"),
        ({"conditions": ["Publish the results"]}, "Conditions", "Publish the results."),
        ({"delivery": "handover"}, "What may be done", "are handed over to the project"),
        ({"processing": ["train"]}, "What may be done", "keeps back 20 per cent of people"),
        ({"link_across_refreshes": True}, "What may be done", "keeps the same code"),
        ({"risk": {"k": 20, "distinct_l": 3}}, "Limits of risk", "at least 19 others"),
        ({"risk": {"k": 20, "distinct_l": 3}}, "Limits of risk", "at least 3 different sensitive values"),
        ({"risk": {"suppress_up_to": 0.015}}, "Limits of risk", "Up to 1.5 per cent of people"),
        ({"risk": {"prosecutor_mean": 0.05}}, "Limits of risk", "at or under 5 per cent"),
        ({"intruder_test": {"upper_bound": 0.01}}, "Limits of risk", "fewer than 1 per cent"),
        (MODELS, "Limits of risk", "may name the right one in at most 55 per cent of tries."),
        (MODELS, "Limits of risk", "At most 5 per cent of the people whose data made a model may be named"),
        (MODELS, "Limits of risk", "right more often than wrong by at most 10 per cent."),
        (MODELS, "Limits of risk", "at most 8 per cent more often of people whose data made it."),
        (MODELS, "Limits of risk", "a tree is about at least 25 people."),
        (MODELS, "Limits of risk", "made again at least 32 times on other people, to test it."),
        (MODELS, "Limits of risk", "hides each single person. This is not measured."),
        ({"restricted_codes": [{"list": "fertility", "legal_gateway": "HFE Act"}]}, "Whose choices are honoured", "(fertility) are included: HFE Act."),
        ({"restricted_codes": [{"list": "fertility", "legal_gateway": "HFE Act"}]}, "Whose choices are honoured", "Other codes that the law restricts are left out."),
        ({"cohort": CHOSEN}, "Which people", "restricts do not count when these people are chosen. Ages"),
        ({"cohort": CHOSEN, "restricted_codes": [{"list": "fertility", "legal_gateway": "HFE Act"}]}, "Which people", "except those that are included here (fertility)."),
        ({}, "What is shown: admissions", "admitted: moved by a secret number of weeks, the same for all of a person's dates; times of day are cut to the hour."),
        ({"supersedes": "asthma-0"}, "From when until when", "replaces the permit asthma-0"),
        ({"review_dates": ["2026-06-01", "2026-12-01"]}, "From when until when", "1 June 2026 and 1 December 2026"),
        ({"policy": factories.trust(direct_time_to_say_no_days=7)}, "From when until when", "People can say no until 9 March 2026."),
        ({"sites": ["Leeds", "York"]}, "Who", "The sites are Leeds and York."),
    ],
)  # fmt: skip
def test_what_is_special_is_said(changes: dict[str, Any], section: str, part: str) -> None:
    assert part in said(**changes)[section]


def test_that_no_model_leaves_is_said() -> None:
    told = said(outputs={"models": {"may_leave": False}})["Limits of risk"]
    assert "No model leaves the secure place." in told
    assert "attack may" not in told


def test_nothing_is_said_of_models_where_the_hospitals_limits_hold() -> None:
    for outputs in ({}, {"models": {}}):
        told = said(processing=["train"], outputs=outputs)["Limits of risk"]
        assert "attack" not in told
        assert "model" not in told


def test_nothing_is_said_of_choosing_where_everyone_is_in() -> None:
    assert "do not count" not in said()["Which people"]


def leaf(table: str, variable: str, op: str, value: Any = None) -> dict[str, Any]:
    given = {} if value is None else {"value": value}
    return {"table": table, "variable": variable, "op": op, **given}


@pytest.mark.parametrize(
    ("cohort", "text"),
    [
        ({"everyone": True}, "everyone in these records"),
        (
            {"where": leaf("a", "x", "starts_with", "J45")},
            'people with a record in a where x starts with "J45"',
        ),
        ({"where": leaf("a", "x", "is_missing")}, "people with a record in a where x is missing"),
        (
            {"where": leaf("a", "x", "in", [1, 2.5, True])},
            "people with a record in a where x is one of 1, 2.5, true",
        ),
        (
            {"not": {"where": leaf("a", "x", "eq", False)}},
            "people with none of this: (a record in a where x is false)",
        ),
        (
            {"at_least": {"n": 2, "of": leaf("a", "x", "ge", 3), "within_days": 1, "date": "d"}},
            "people with at least 2 records in a where x is at least 3, within 1 day of each other by d",
        ),
        (
            {"any": [{"where": leaf("a", "x", "is_present")},
                     {"all": [{"where": leaf("b", "y", "lt", 1)}, {"where": leaf("c", "z", "gt", 2)}]}]},
            "people with a record in a where x is recorded or (a record in b where y is less than 1 and a record in c where z is more than 2)",
        ),
    ],
)  # fmt: skip
def test_the_people_in_words(cohort: dict[str, Any], text: str) -> None:
    assert cohort_words(Cohort.read(cohort, "The cohort")) == text


def test_long_lists_are_cut_and_counted() -> None:
    cohort = {"where": leaf("a", "x", "in", [f"c{i}" for i in range(1500)])}
    text = cohort_words(Cohort.read(cohort, "The cohort"))
    assert text.endswith('"c19" or 1,480 other values')


@pytest.mark.parametrize(
    "cohort",
    [
        {"where": leaf("a", "x", "eq")},
        {"where": leaf("a", "x", "in", "a")},
        {"where": leaf("a", "x", "in", [])},
        {"where": leaf("a", "x", "is_missing", 1)},
        {"where": leaf("a", "x", "starts_with", 1)},
        {"where": leaf("a", "x", "lt", [1])},
        {"where": leaf("a", "x", "eq", "a\u202eb")},
        {"where": leaf("a", "x", "eq", 1e300)},
        {"where": leaf("a", "x", "like", "%")},
        {"at_least": {"n": 0, "of": leaf("a", "x", "is_present")}},
        {"at_least": {"n": 2, "of": leaf("a", "x", "is_present"), "within_days": 3}},
        {"at_least": {"n": 2, "of": leaf("a", "x", "is_present"), "date": "d"}},
        {"all": []},
        {"any": [{}]},
        {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"not": {"everyone": True}}}}}}}}},
    ],
)
def test_wrong_cohorts_are_refused(cohort: dict[str, Any]) -> None:
    with pytest.raises(Exception, match="CW-PAPER-INVALID"):
        Cohort.read(cohort, "The cohort")


def test_sentences_are_short_plain_and_ended() -> None:
    sections = permit_sentences(
        factories.permit(choices=EXEMPT, processing=["train", "table"], conditions=["Be kind"]),
        "active",
    )
    for heading, sentences in sections:
        assert sentences, heading
        for sentence in sentences:
            assert sentence.endswith((".", "!", "?")), sentence
            assert not JARGON.search(sentence), sentence
            assert len(sentence.split()) <= 40, sentence
