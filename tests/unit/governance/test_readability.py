"""How hard a text is to read, held against figures worked out by hand."""

from __future__ import annotations

import pytest

from commonweal.governance import readability
from commonweal.governance.readability import (
    advice,
    hard_words,
    listed_words,
    measure,
    sentences,
    syllables,
    words,
)


@pytest.mark.parametrize(
    ("word", "count"),
    [
        ("cat", 1), ("data", 2), ("table", 2), ("people", 2), ("care", 1), ("cared", 1),
        ("needed", 2), ("stopped", 1), ("hospital", 3), ("information", 4), ("the", 1), ("free", 1),
        ("houses", 2), ("times", 1), ("well-known", 2), ("you", 1), ("rhythm", 1), ("x", 1),
        ("12", 1), ("caf\u00e9", 1), ("na\u00efve", 1), ("isn't", 1),
    ],
)  # fmt: skip
def test_syllables(word: str, count: int) -> None:
    assert syllables(word) == count


@pytest.mark.parametrize(
    ("text", "count"),
    [
        ("One. Two! Three?", 3),
        ("We ask, e.g. for age. Then we stop.", 2),
        ("Dr. Smith asks.", 1),
        ('He said "no." Then he left.', 2),
        ("A line\n\nAnother line", 2),
        ("Take:\n- one\n- two", 3),
        ("It costs 1.50 pounds.", 1),
        ("", 0),
        ("...", 0),
    ],
)
def test_sentences(text: str, count: int) -> None:
    assert len(sentences(text)) == count


def test_words() -> None:
    assert words("A well-known fact: it isn't 3, is it?") == [
        "A", "well-known", "fact", "it", "isn't", "3", "is", "it",
    ]  # fmt: skip


def test_the_figures_are_those_of_the_formulas() -> None:
    # 2 sentences, 9 words, 9 syllables, 27 letters.
    found = measure("The cat sat on the mat. It was fat.")
    assert (found.sentences, found.words, found.syllables) == (2, 9, 9)
    assert found.grade == round(0.39 * 4.5 + 11.8 * 1 - 15.59, 1)
    letters = len("ThecatsatonthematItwasfat")
    assert found.ari == round(4.71 * letters / 9 + 0.5 * 4.5 - 21.43, 1)
    assert found.longest == 6
    assert found.long_sentences == ()


def test_an_empty_text_has_no_figures() -> None:
    found = measure("  \n ")
    assert (found.words, found.grade, found.ari, found.longest, found.reading_age) == (
        0, 0.0, 0.0, 0, 0.0,
    )  # fmt: skip
    assert advice("") == ()


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("The cohort is small.", ["cohort"]),
        ("Cohorts are small.", ["cohort"]),
        ("The Merkle root and a statbarn.", ["Merkle", "statbarn"]),
        ("With k = 10 it holds.", ["k"]),
        ("Ask Mr K, take 5k, or k-means.", []),
        ("A proxy signs for the custodian.", ["custodian", "proxy"]),
        ("Pseudonymised data", ["pseudonymised"]),
        ("The data subject's rights, inter\nalia", ["data subject", "inter alia"]),
        ("A drifter and a cohorting", []),
        ("Plain words only.", []),
    ],
)
def test_words_that_few_people_know(text: str, found: list[str]) -> None:
    assert [word for word, _ in hard_words(text)] == found


def test_the_words_of_p12_are_on_the_list() -> None:
    assert {"k", "Merkle", "statbarn", "cohort", "custodian", "proxy"} <= set(listed_words())
    assert all(say.strip() for say in listed_words().values())
    # What we say instead is not on the list itself.
    assert [say for say in listed_words().values() if hard_words(say)] == []


def test_advice_says_what_to_do() -> None:
    long = "We look at the notes of " + "all the people " * 8 + "here."
    first, second = advice(long)
    assert first == "Sentence 1 has more than 20 words. Try to make two of it."
    assert second.startswith("This may be hard to read: about age ")
    assert advice("We use your notes to make care better.") == ()
    assert 'Few people know the word "cohort"' in advice("A cohort.")[0]


@pytest.mark.parametrize("text", ["a" * 100_000, "a. " * 30_000, "-" * 100_000, "\n" * 100_000])
def test_hostile_texts_take_no_time(text: str) -> None:
    assert measure(text).words <= 100_000


def test_a_broken_list_is_a_fault(monkeypatch: pytest.MonkeyPatch) -> None:
    from commonweal.foundation.errors import Fault

    monkeypatch.setattr(readability, "parse_yaml", lambda *_: {"words": ["k"]})
    listed_words.cache_clear()
    try:
        with pytest.raises(Fault, match="CW-PAPER-INVALID"):
            listed_words()
    finally:
        listed_words.cache_clear()
