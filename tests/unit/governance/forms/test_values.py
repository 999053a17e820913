"""What is typed becomes a value, or a sentence that says what to type instead."""

from __future__ import annotations

from typing import Any

import pytest

from commonweal.governance.forms.schema import Question
from commonweal.governance.forms.values import (
    Unread,
    as_typed,
    check,
    read_codes,
    read_typed,
    shown,
    words,
)
from tests.form_samples import sample


def asked(id_: str) -> Question:
    found = sample().find(id_)
    assert found is not None
    return found[1]


@pytest.mark.parametrize(
    ("id_", "typed", "value", "people_read"),
    [
        ("name", "  Asthma ", "Asthma", "Asthma"),
        ("name", "   ", None, None),
        ("name", "a\u00adb\u200bc", "abc", "abc"),
        ("model", "one\r\ntwo", "one\ntwo", "one\ntwo"),
        ("model", "1 2 3 4 5 - \u2013", "1 2 3 4 5 - \u2013", "1 2 3 4 5 - \u2013"),
        ("ai", "yes", True, "Yes"),
        ("ai", "NO", False, "No"),
        ("stage", "idea", "idea", "An idea"),
        ("begins", "2026-3-2", "2026-03-02", "2 March 2026"),
        ("begins", "2 3 2026", "2026-03-02", "2 March 2026"),
        ("begins", "02/03/2026", "2026-03-02", "2 March 2026"),
        ("begins", "29 2 2028", "2028-02-29", "29 February 2028"),
        ("people", "12", 12, "12"),
        ("people", "1,000", 1000, "1,000"),
        ("people", "1 000", 1000, "1,000"),
        ("cost", "£1,200.50", 120_050, "£1,200.50"),
        ("cost", "1200", 120_000, "£1,200"),
        ("cost", "0", 0, "£0"),
        ("cag", "18/cag/0038", "18/CAG/0038", "18/CAG/0038"),
        ("cag", " 18 / CAG / 0038 ", "18/CAG/0038", "18/CAG/0038"),
        ("promise", "yes", True, "Yes"),
    ],
)
def test_typed_to_value(id_: str, typed: str, value: Any, people_read: str | None) -> None:
    made = read_typed(asked(id_), typed)
    assert (made, type(made)) == (value, type(value))
    if made is not None:
        assert shown(asked(id_), made) == people_read
        again = as_typed(asked(id_), made)
        assert isinstance(again, str)
        assert read_typed(asked(id_), again) == made


@pytest.mark.parametrize(
    ("id_", "typed", "code", "said"),
    [
        ("name", "x" * 201, "CW-ANSWER-TOO-LONG", "up to 200 characters; it has 1 too many"),
        ("name", "a\nb", "CW-ANSWER-CHARACTERS", "on one line"),
        ("name", "a\x00b", "CW-ANSWER-CHARACTERS", "cannot be seen"),
        ("name", "a\u202eb", "CW-ANSWER-CHARACTERS", "cannot be seen"),
        ("model", "1 2 3 4 5 6", "CW-ANSWER-TOO-LONG", "up to 5 words; it has 1 too many"),
        ("model", "x" * 20_001, "CW-ANSWER-TOO-LONG", "20,000 characters"),
        ("model", "\x1b[31mred", "CW-ANSWER-CHARACTERS", "cannot be seen"),
        ("ai", "maybe", "CW-ANSWER-KIND", "yes or no"),
        ("ai", "1", "CW-ANSWER-KIND", "yes or no"),
        ("stage", "moon", "CW-ANSWER-CHOICE", "Choose from the list"),
        ("stage", "sold", "CW-ANSWER-CHOICE", "no longer offered"),
        ("begins", "31 2 2026", "CW-ANSWER-KIND", "no such date"),
        ("begins", "29 2 2026", "CW-ANSWER-KIND", "no such date"),
        ("begins", "0 0 0000", "CW-ANSWER-KIND", "no such date"),
        ("begins", "tomorrow", "CW-ANSWER-KIND", "day, month and year"),
        ("begins", "2 3", "CW-ANSWER-KIND", "day, month and year"),
        ("begins", "2 3 26", "CW-ANSWER-KIND", "day, month and year"),
        ("begins", "1 1 1800", "CW-ANSWER-RANGE", "1900 to 2199"),
        ("begins", "31 12 2019", "CW-ANSWER-RANGE", "1 January 2020 or later"),
        ("begins", "1 1 2031", "CW-ANSWER-RANGE", "31 December 2030 or earlier"),
        ("people", "0", "CW-ANSWER-RANGE", "must be 1 or more"),
        ("people", "1001", "CW-ANSWER-RANGE", "must be 1,000 or less"),
        ("people", "1.5", "CW-ANSWER-KIND", "whole number"),
        ("people", "1,0", "CW-ANSWER-KIND", "whole number"),
        ("people", "1e3", "CW-ANSWER-KIND", "whole number"),
        ("people", "٣", "CW-ANSWER-KIND", "whole number"),
        ("people", "9" * 500, "CW-ANSWER-KIND", "whole number"),
        ("cost", "-1", "CW-ANSWER-RANGE", "£0 or more"),
        ("cost", "1.5", "CW-ANSWER-KIND", "pounds"),
        ("cost", "$5", "CW-ANSWER-KIND", "pounds"),
        ("cost", "12,34", "CW-ANSWER-KIND", "pounds"),
        ("cag", "18/CAG/38", "CW-ANSWER-KIND", "in the form 00/CAG/0000"),
        ("cag", "1\uff18/CAG/0038", "CW-ANSWER-KIND", "in the form"),
        ("cag", "18/CAG/0038; DROP TABLE", "CW-ANSWER-KIND", "in the form"),
        ("promise", "no", "CW-ANSWER-KIND", "Tick the box"),
        ("promise", "perhaps", "CW-ANSWER-KIND", "Tick the box"),
    ],
)
def test_what_is_no_answer_is_told(id_: str, typed: str, code: str, said: str) -> None:
    with pytest.raises(Unread) as caught:
        read_typed(asked(id_), typed)
    assert caught.value.code == code
    assert said in caught.value.sentence
    assert "DROP" not in caught.value.sentence


def test_several_choices() -> None:
    kinds = asked("kinds")
    assert read_codes(kinds, ["image", "text", "image", ""]) == ("text", "image")
    assert read_codes(kinds, []) is None
    assert shown(kinds, ("text", "image")) == "Text; Images"
    assert as_typed(kinds, ("text", "image")) == ("text", "image")
    assert read_codes(kinds, ["none"]) == ("none",)
    with pytest.raises(Unread, match='Choose "None of these" alone'):
        read_codes(kinds, ["none", "text"])
    for typed in (["moon"], ["text", "moon"], ["text,image"]):
        with pytest.raises(Unread, match="Choose from the list"):
            read_codes(kinds, typed)


@pytest.mark.parametrize(
    ("id_", "value"),
    [
        ("name", 5), ("name", True), ("name", ""), ("model", ["a"]), ("ai", 1), ("ai", "yes"),
        ("stage", 5), ("stage", ["idea"]), ("kinds", "text"), ("kinds", []),
        ("kinds", ["text", "text"]), ("begins", "2026-3-2"), ("begins", 20260302),
        ("begins", "2026-02-30"), ("people", True), ("people", "12"), ("people", 1.0),
        ("cost", "5"), ("cost", True), ("cag", "18/cag/0038"), ("cag", 5), ("promise", False),
        ("promise", "yes"),
    ],
)  # fmt: skip
def test_a_value_of_a_wrong_kind_is_no_answer(id_: str, value: Any) -> None:
    with pytest.raises(Unread):
        check(asked(id_), value)


def test_words_are_what_people_count() -> None:
    assert words("A well-known fact, isn't it?  \u2013 yes.\n1 2") == 8
    assert words(" - \u2013 … ") == 0
