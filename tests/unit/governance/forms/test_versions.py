"""From one version to the next: what may change, what is carried over, and what is told."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError, Fault, Refused
from commonweal.governance.forms.answers import problems
from commonweal.governance.forms.changing import can_change, check_change, compare
from commonweal.governance.forms.comparing import Piece, changes, word_pieces
from commonweal.governance.forms.migrating import migrate
from commonweal.governance.forms.publishing import Redaction, public_questions, public_version
from commonweal.governance.forms.reading import read_form
from commonweal.governance.forms.schema import FormDefinition
from tests.form_samples import COMPLETE, answers, question_of, sample, sample_data

Change = Callable[[dict[str, Any]], object]
TWO = ("anna", "bola")


def changed(change: Change, version: int = 2, **more: Any) -> FormDefinition:
    data = sample_data() | {"version": version} | more
    change(data)
    return read_form(data, "The changed form")


def q(data: dict[str, Any], id_: str) -> dict[str, Any]:
    return question_of(data, id_)


def drop(data: dict[str, Any], id_: str) -> None:
    for section in data["sections"]:
        section["questions"] = [one for one in section["questions"] if one["id"] != id_]


def retire(data: dict[str, Any], id_: str) -> None:
    asked = q(data, id_)["ask"]
    drop(data, id_)
    data.setdefault("retired", []).append({"id": id_, "ask": asked})


# --- changing a form -----------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        (lambda d: d.update(title="Another"), "the form: changed (title)"),
        (lambda d: q(d, "name").update(ask="Its name?"), "start.name: changed (ask)"),
        (lambda d: q(d, "name").update(help="Short."), "start.name: changed (help)"),
        (lambda d: q(d, "name").update(public=False), "start.name: changed (public)"),
        (lambda d: d["sections"][0].update(intro="Hello."), "start: changed (intro)"),
        (
            lambda d: d["sections"][0]["questions"].append(
                {"id": "new", "kind": "date", "ask": "New?"}
            ),
            "start.new: added",
        ),
        (
            lambda d: d["sections"].append(
                {
                    "id": "last",
                    "title": "Last",
                    "questions": [{"id": "new", "kind": "date", "ask": "New?"}],
                }
            ),
            "last: added",
        ),
        (lambda d: retire(d, "cost"), "more.cost: removed"),
        (
            lambda d: d["sections"][0]["questions"].append(d["sections"][1]["questions"].pop(2)),
            "start.cost: moved",
        ),
        (
            lambda d: q(d, "stage")["options"].append({"code": "moon", "label": "Moon"}),
            "start.stage: changed (options)",
        ),
        (
            lambda d: q(d, "stage")["options"][0].update(retired=True),
            "start.stage: changed (options)",
        ),
        (
            lambda d: q(d, "harms")["columns"].append(
                {"id": "cost", "kind": "money", "ask": "Cost", "required": False}
            ),
            "more.harms: changed (columns)",
        ),
    ],
)
def test_ordinary_changes_need_only_the_next_number(change: Change, sentence: str) -> None:
    new = changed(change)
    found = check_change(sample(), new, None, ())
    assert sentence in [one.sentence for one in found]
    assert can_change(sample(), new, None, ())
    with pytest.raises(Refused, match="CW-QUESTION-VERSION"):
        check_change(sample(), changed(change, version=1), None, ())


@pytest.mark.parametrize("version", [1, 3, 9999])
def test_versions_count_up_by_one(version: int) -> None:
    new = changed(lambda d: d.update(title="Another"), version=version)
    with pytest.raises(Refused, match="needs the version number 2"):
        check_change(sample(), new, "a note", TWO)
    assert not can_change(sample(), new, "a note", TWO)


def test_a_new_number_without_a_change_is_only_said() -> None:
    found = compare(sample(), changed(lambda _: None))
    assert [(one.code, one.level) for one in found.problems] == [("CW-QUESTION-VERSION", "warns")]
    assert compare(sample(), sample()).problems == ()


def test_another_form_is_not_the_next_version() -> None:
    with pytest.raises(Refused, match="two forms"):
        check_change(sample(), changed(lambda d: d.update(id="other")), "a note", TWO)


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda d: drop(d, "cost"), "cost is gone: add it to the list of retired"),
        (lambda d: q(d, "name").update(kind="long_text"), "was of kind short_text"),
        (lambda d: q(d, "stage")["options"].pop(2), "option sold of question stage is gone"),
        (lambda d: q(d, "harms")["columns"].pop(1), "column day of harms is gone"),
        (
            lambda d: q(d, "harms")["columns"][1].update(kind="short_text"),
            "column day of harms was of kind date",
        ),
    ],
)
def test_an_id_keeps_its_meaning(change: Change, said: str) -> None:
    with pytest.raises(Refused, match="CW-QUESTION-REUSED") as caught:
        check_change(sample(), changed(change), "a note", TWO)
    assert said in caught.value.sentence


def test_a_retired_id_stays_retired() -> None:
    old = changed(lambda d: retire(d, "cost"))
    forgotten = copy.deepcopy(old.plain()) | {"version": 3}
    forgotten.pop("retired")
    with pytest.raises(Refused, match="cost must stay in the list"):
        check_change(old, read_form(forgotten, "x"), "a note", TWO)


LOCKED: list[Change] = [
    lambda d: q(d, "promise").update(ask="A promise"),
    lambda d: q(d, "promise").update(help="Read it."),
    lambda d: q(d, "promise").update(statement="I might keep to it."),
    lambda d: q(d, "promise").update(basis="None"),
    lambda d: q(d, "promise").update(required=False),
    lambda d: q(d, "promise").update(locked=False),
    lambda d: q(d, "promise").update(public=True),
    lambda d: q(d, "promise").update(shown_when={"question": "ai", "is": True}),
    lambda d: retire(d, "promise"),
    lambda d: d.update(filled_by=["applicant", "dpo"]),
    lambda d: d["sections"][1].update(shown_when={"question": "ai", "is": True}),
    lambda d: d["sections"][0]["questions"].append(d["sections"][1]["questions"].pop()),
    # What stands above it: "you need not answer this" undoes a question as well.
    lambda d: d["sections"][1].update(intro="You need not answer this."),
    lambda d: d["sections"][1].update(title="Leave this out"),
    lambda d: d.update(intro="Nobody reads the answers."),
]


@pytest.mark.parametrize("number", range(len(LOCKED)))
def test_a_locked_question_needs_two_people_and_a_note(number: int) -> None:
    new = changed(LOCKED[number])
    for note, people in (
        (None, ()),
        ("why", ()),
        ("why", ("anna",)),
        ("why", ("anna", " Anna ")),
        ("why", ("anna", "")),
        (None, TWO),
        ("  ", TWO),
    ):
        with pytest.raises(Refused, match="CW-QUESTION-LOCKED"):
            check_change(sample(), new, note, people)
    assert any(one.locked for one in check_change(sample(), new, "why", TWO))


def test_what_a_locked_question_depends_on_is_locked_too() -> None:
    def locked_behind(data: dict[str, Any]) -> None:
        q(data, "promise")["shown_when"] = {"question": "stage", "is": "idea"}

    old = changed(locked_behind, version=1)

    def also_reworded(data: dict[str, Any]) -> None:
        locked_behind(data)
        q(data, "stage")["shown_when"] = {"question": "ai", "is": False}

    found = compare(old, changed(also_reworded), None, ())
    assert [one.where for one in found.locked] == ["more.promise"]
    assert {one.code for one in found.problems} == {"CW-QUESTION-LOCKED"}


@pytest.mark.parametrize(
    ("behind", "id_", "hides"),
    [
        # Who need not answer the first question is never asked the locked one.
        ({"shown_when": {"question": "stage", "is": "idea"}}, "stage", {"required": False}),
        (
            {"shown_when": {"question": "stage", "is": "idea"}}, "stage",
            {"required_when": {"question": "ai", "is": False}},
        ),
        # No number that can be given reaches the condition any more.
        ({"shown_when": {"question": "people", "at_least": 500}}, "people", {"largest": 499}),
        # The same where the locked question stays, and need not be answered.
        (
            {"required": None, "required_when": {"question": "stage", "is": "idea"}}, "stage",
            {"required": False},
        ),
    ],
)  # fmt: skip
def test_a_locked_question_is_not_hidden_by_opening_the_one_before_it(
    behind: dict[str, Any], id_: str, hides: dict[str, Any]
) -> None:
    def locked_behind(data: dict[str, Any]) -> None:
        q(data, "promise").update({name: value for name, value in behind.items() if value})

    def hidden(data: dict[str, Any]) -> None:
        locked_behind(data)
        q(data, id_).update(hides)

    found = compare(changed(locked_behind, version=1), changed(hidden), None, ())
    assert [one.where for one in found.locked] == ["more.promise"]
    assert {one.code for one in found.problems} == {"CW-QUESTION-LOCKED"}


def test_the_note_of_the_version_before_does_not_count() -> None:
    old = sample(note="Old note.")
    same = changed(LOCKED[0], note="Old note.")
    with pytest.raises(Refused, match="write a note"):
        check_change(old, same, None, TWO)
    assert check_change(old, changed(LOCKED[0], note="New words."), None, TWO)


# --- carrying answers over -----------------------------------------------------------------------


def test_what_is_still_asked_comes_along() -> None:
    new = changed(lambda d: q(d, "name").update(help="Short."))
    moved = migrate(sample(), new, answers(COMPLETE))
    assert moved.problems == ()
    assert moved.answers.form_version == 2
    assert dict(moved.answers.values) == dict(answers(COMPLETE).values)


def test_what_is_no_longer_asked_is_kept_aside_and_told() -> None:
    new = changed(lambda d: retire(d, "cost"))
    draft = answers(COMPLETE, as_typed={"people": "lots", "harms.3.day": "soon"})
    moved = migrate(sample(), new, draft)
    assert [(one.question, one.ask, one.value) for one in moved.answers.aside] == [
        ("cost", "Cost?", 120_050)
    ]
    assert [(one.code, one.level) for one in moved.problems] == [("CW-ANSWER-ASIDE", "warns")]
    assert moved.answers.as_typed == draft.as_typed
    again = migrate(new, changed(lambda d: retire(d, "cost"), version=3), moved.answers)
    assert again.answers.aside == moved.answers.aside


@pytest.mark.parametrize(
    ("change", "place", "typed"),
    [
        (lambda d: q(d, "stage")["options"][0].update(retired=True), "stage", "idea"),
        (lambda d: q(d, "model").update(max_words=1), "model", "A small one"),
        (lambda d: q(d, "people").update(largest=5), "people", "20"),
        (lambda d: q(d, "cost").update(largest=5), "cost", "1200.50"),
        (lambda d: q(d, "harms")["columns"][0].update(max_length=1), "harms.1.harm", "None"),
    ],
)
def test_what_is_no_answer_any_more_is_asked_again(change: Change, place: str, typed: str) -> None:
    new = changed(change)
    moved = migrate(sample(), new, answers(COMPLETE)).answers
    assert moved.as_typed[place] == typed
    assert place not in moved.values
    assert place.split(".")[0] in {one.where.split(".")[1] for one in problems(new, moved)}


def test_a_changed_question_is_worth_a_look() -> None:
    new = changed(lambda d: q(d, "name").update(ask="Its full name?"))
    found = migrate(sample(), new, answers(COMPLETE)).problems
    assert [(one.where, one.code, one.level) for one in found] == [
        ("start.name", "CW-ANSWER-ASKED-ANEW", "warns")
    ]


def test_an_answer_that_will_be_published_is_told() -> None:
    new = changed(lambda d: q(d, "stage").update(public=True))
    (found,) = migrate(sample(), new, answers(COMPLETE)).problems
    assert "from now on this answer is published" in found.sentence


def test_nobody_has_agreed_to_new_words() -> None:
    new = changed(lambda d: q(d, "promise").update(statement="I give everything."))
    moved = migrate(sample(), new, answers(COMPLETE)).answers
    assert "promise" not in moved.values
    assert ("more.promise", "CW-ANSWER-MISSING") in {
        (one.where, one.code) for one in problems(new, moved)
    }


def test_a_question_of_another_kind_is_another_question() -> None:
    new = changed(lambda d: q(d, "name").update(kind="long_text"))
    moved = migrate(sample(), new, answers(COMPLETE)).answers
    assert "name" not in moved.values
    assert [one.value for one in moved.aside] == ["Asthma"]


def test_a_lost_column_loses_nothing() -> None:
    data = sample_data() | {"version": 2}
    q(data, "harms")["columns"].pop()
    moved = migrate(sample(), read_form(data, "x"), answers(COMPLETE)).answers
    assert moved.values["harms"] == ({"harm": "None"}, {"harm": "Some"})
    assert moved.aside[0].value == answers(COMPLETE).values["harms"]


@pytest.mark.parametrize(
    ("old", "new", "version"),
    [
        (1, {"id": "other", "version": 2}, 1),
        (2, {"version": 1}, 2),
        (2, {"version": 2}, 1),
    ],
    ids=["another form", "an older version", "a draft of another version"],
)
def test_answers_go_forward_in_one_form_only(old: int, new: dict[str, Any], version: int) -> None:
    draft = answers(COMPLETE).model_copy(update={"form_version": version})
    with pytest.raises(CommonwealError, match="CW-ANSWER-OTHER"):
        migrate(sample(version=old), sample(**new), draft)


# --- what changed --------------------------------------------------------------------------------


def test_a_changed_text_is_told_word_by_word() -> None:
    before, after = word_pieces("We read all notes.", "We read some notes.")
    assert before == (
        Piece("We read ", "same"), Piece("all", "removed"), Piece(" notes.", "same")
    )  # fmt: skip
    assert after == (Piece("We read ", "same"), Piece("some", "added"), Piece(" notes.", "same"))


def test_what_changed_is_told_question_by_question() -> None:
    now = {**COMPLETE, "name": "Asthma two", "stage": "built", "cost": None, "ai": False}
    now["harms"] = [*COMPLETE["harms"], {"harm": "New", "owner": "Lead", "day": "2026-05-01"}]
    after = answers({id_: value for id_, value in now.items() if value is not None})
    found = changes(sample(), answers(COMPLETE), sample(), after)
    assert [(one.where, one.what) for one in found] == [
        ("start.name", "changed"),
        ("start.ai", "changed"),
        ("start.model", "removed"),  # it is hidden now, so it is not sent
        ("start.stage", "changed"),
        ("more.cost", "removed"),
        ("more.harms.3", "added"),
    ]
    texts = {one.where: "".join(piece.text for piece in one.after) for one in found}
    assert texts["start.stage"] == "Built"
    assert texts["more.harms.3"] == "Harm: New\nDay: 1 May 2026\nOwner: Lead"


def test_what_the_new_version_does_not_ask_comes_last() -> None:
    new = changed(lambda d: retire(d, "name"))
    after = migrate(sample(), new, answers(COMPLETE)).answers
    found = changes(sample(), answers(COMPLETE), new, after)
    assert [(one.where, one.what) for one in found] == [("start.name", "removed")]


def test_a_row_in_the_middle_does_not_change_the_others() -> None:
    rows = COMPLETE["harms"]
    middle = [rows[0], {"harm": "New", "owner": "Lead"}, rows[1]]
    found = changes(sample(), answers(COMPLETE), sample(), answers({**COMPLETE, "harms": middle}))
    assert [(one.where, one.what) for one in found] == [("more.harms.2", "added")]


def test_two_long_texts_of_one_word_are_compared_in_time() -> None:
    before, after = "a " * 9_000, "b " + "a " * 8_999
    left, right = word_pieces(before, after)
    assert "".join(piece.text for piece in left) == before
    assert "".join(piece.text for piece in right) == after


# --- the public version --------------------------------------------------------------------------


def test_only_public_answers_are_published() -> None:
    public = public_version(sample(), answers(COMPLETE))
    text = str(public.plain())
    assert [item.question for section in public.sections for item in section.items] == [
        "name", "ai", "model", "harms",
    ]  # fmt: skip
    (harms,) = public.sections[1].items
    assert harms.columns == ("Harm", "Day")
    assert harms.rows == (("None", ""), ("Some", ""))
    assert "Lead" not in text
    assert "1,200" not in text
    assert public.not_published == ("Stage?", "Begins?", "How many?", "Cost?", "Promise")
    assert [question.id for _, question in public_questions(sample())] == [
        "name", "ai", "model", "harms",
    ]  # fmt: skip


def test_what_is_kept_back_says_why() -> None:
    redaction = Redaction(question="model", why="commercial", reason="A patent is pending.")
    public = public_version(sample(), answers(COMPLETE), [redaction])
    item = public.sections[0].items[2]
    assert item.answer is None
    assert item.kept_back == "It would harm somebody's fair business interests."
    assert item.reason == "A patent is pending."
    assert "A small one" not in str(public.plain())


@pytest.mark.parametrize("question", ["stage", "kinds", "moon"])
def test_only_published_answers_can_be_kept_back(question: str) -> None:
    redaction = Redaction(question=question, why="legal", reason="x")
    with pytest.raises(Fault, match="CW-ANSWER-REDACTION"):
        public_version(sample(), answers(COMPLETE), [redaction])


def test_an_answer_is_kept_back_once() -> None:
    redaction = Redaction(question="model", why="legal", reason="x")
    with pytest.raises(Fault, match="kept back twice"):
        public_version(sample(), answers(COMPLETE), [redaction, redaction])


def test_a_hidden_answer_is_never_published() -> None:
    public = public_version(sample(), answers({**COMPLETE, "ai": False}))
    assert "A small one" not in str(public.plain())


def test_an_unfinished_form_has_no_public_version() -> None:
    with pytest.raises(Refused, match="CW-ANSWER-INCOMPLETE"):
        public_version(sample(), answers({"name": "x"}))
