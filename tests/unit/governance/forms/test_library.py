"""Our own forms: each is whole, plainly written, covers what it must, and is on its page."""

from __future__ import annotations

import json
import statistics
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.governance import readability
from commonweal.governance.forms import reference
from commonweal.governance.forms.answers import Answers, begin, problems, visible, with_given
from commonweal.governance.forms.changing import compare
from commonweal.governance.forms.fhir import check_resource, questionnaire, read_questionnaire
from commonweal.governance.forms.library import our_library
from commonweal.governance.forms.library.shelf import ORDER
from commonweal.governance.forms.schema import FormDefinition
from commonweal.governance.forms.wording import answer_advice, form_advice, texts
from commonweal.governance.forms.workshop import point_problems
from commonweal.governance.forms.writing import write_form

LONGEST_SENTENCE = 25
OLDEST_READER = 11.0


def form(id_: str) -> FormDefinition:
    return our_library().form(id_)


def test_every_file_is_in_the_library_and_named_by_its_id(repository: Path) -> None:
    folder = repository / "src/commonweal/governance/forms/library"
    assert {path.stem for path in folder.glob("*.yaml")} == set(ORDER)
    assert [one.id for one in our_library()] == list(ORDER)


@pytest.mark.parametrize("id_", ORDER)
def test_a_form_of_ours_is_plainly_written(id_: str) -> None:
    every = [text for _, text in texts(form(id_))]
    # Headings and labels are no sentences, and would make the figures look better.
    whole = "\n\n".join(text for text in every if text.rstrip()[-1] in ".?!")
    found = readability.measure(whole)
    print(  # shown with -s: the figures are advice, the sentence length is a rule
        f"{id_:16} {found.words:5} words {found.sentences:4} sentences  grade {found.grade:5} "
        f"ari {found.ari:5}  longest {found.longest}"
    )
    long = [
        sentence
        for text in every
        for sentence in readability.sentences(text)
        if len(readability.words(sentence)) > LONGEST_SENTENCE
    ]
    assert long == []
    assert found.hard == ()
    assert found.reading_age <= OLDEST_READER
    assert form_advice(form(id_)) == ()


@pytest.mark.parametrize("id_", ORDER)
def test_a_form_of_ours_is_whole(id_: str) -> None:
    found = form(id_)
    assert found.version == 1
    assert compare(found, found).problems == ()
    assert begin(found).form == id_
    for question in found.questions():
        for column in question.columns or ():
            assert column.kind in ("short_text", "long_text") or column.ask
        assert question.ask[0].isupper()
    # An empty draft can be saved, and says what it needs.
    assert problems(found, begin(found))
    assert all(one.code == "CW-ANSWER-MISSING" for one in problems(found, begin(found)))


@pytest.mark.parametrize("id_", ORDER)
def test_a_form_of_ours_travels(id_: str) -> None:
    found = form(id_)
    resource = json.loads(json.dumps(questionnaire(found)))
    assert check_resource(resource, id_) == "Questionnaire"
    back = read_questionnaire(resource)
    assert (back.definition, back.problems) == (found, ())
    from commonweal.governance.forms.reading import parse_form

    assert parse_form(write_form(found), id_) == found


def test_reading_age_of_the_library_as_a_whole() -> None:
    ages = []
    for one in our_library():
        whole = "\n\n".join(text for _, text in texts(one) if text.rstrip()[-1] in ".?!")
        ages.append(readability.measure(whole).reading_age)
    assert statistics.median(ages) <= OLDEST_READER


# --- what the forms must ask ---------------------------------------------------------------------

HARM_COLUMNS = {
    "harm", "who", "cause", "severity", "likelihood", "noticed", "undo", "urgency", "action",
    "owner", "remaining", "stop",
}  # fmt: skip


def test_the_assessment_has_all_sections_of_the_template() -> None:
    found = form("aia")
    assert [section.id for section in found.sections] == [
        "project", "purpose", "data", "people", "ethics", "scenarios", "harms_found", "watching",
    ]  # fmt: skip
    place = found.find("harms")
    assert place is not None
    assert {column.id for column in place[1].columns or ()} == HARM_COLUMNS
    assert {option.code for option in found.find("project_type")[1].options or ()} == {  # type: ignore[index]
        "research", "train", "test",
    }  # fmt: skip


def test_only_the_rapporteur_writes_the_workshop_record() -> None:
    assert form("aia-workshop").filled_by == ("rapporteur",)
    assert "rapporteur" not in form("aia").filled_by + form("aia-synthesis").filled_by


def test_the_lighter_route_asks_for_each_condition_and_its_evidence() -> None:
    found = form("lighter-route")
    codes = {
        "tests_existing_product", "assessed_before", "nothing_new_for_people",
        "no_group_worse_off", "panel_agreed_kind",
    }  # fmt: skip
    place = found.find("met")
    assert place is not None
    assert {option.code for option in place[1].options or ()} == codes
    evidence = {
        question.shown_when.has for question in found.questions() if question.shown_when is not None
    }
    assert codes <= evidence


def test_the_dpia_asks_what_the_law_asks_and_locks_it() -> None:
    locked = {one.basis for one in form("dpia").questions() if one.locked}
    for point in ("(a)", "(b)", "(c) and (d)"):
        assert f"UK GDPR Article 35(7){point}" in locked
    assert {"UK GDPR Article 35(2)", "UK GDPR Article 35(9)", "UK GDPR Article 36"} <= locked


def test_a_member_answers_all_three_lists_of_prompts() -> None:
    found = form("member-review")
    ids = {question.id for question in found.questions()}
    assert {f"caldicott_{n}" for n in range(1, 9)} <= ids
    safes = {"safe_projects", "safe_people", "safe_settings", "safe_data", "safe_outputs"}
    assert safes <= ids
    factors = {"public_interest", "necessity", "benefit", "alternatives", "involvement"}
    assert {f"cag_{factor}" for factor in factors} <= ids
    assert not any(question.public for question in found.questions())


@pytest.mark.parametrize("id_", ORDER)
def test_section_171_and_no_marketing_are_promised_where_they_belong(id_: str) -> None:
    said = " ".join(text for _, text in texts(form(id_)))
    assert ("section 171" in said) == (id_ == "retention")
    assert ("will not be used for marketing" in said) == (id_ == "funding")


@pytest.mark.parametrize(
    ("id_", "section"),
    [
        ("dpia", "ai"), ("benefits", "ai"), ("methods", "ai"), ("equality", "ai"),
        ("annual-review", "ai"), ("member-review", "ai"),
    ],
)  # fmt: skip
def test_questions_about_ai_are_asked_for_ai_only(id_: str, section: str) -> None:
    found = form(id_)
    (ai,) = [one for one in found.sections if one.id == section]
    asked = {question.id for question in ai.questions}
    for uses_ai in (True, False):
        draft = with_given(found, begin(found), {"uses_ai": uses_ai})
        assert bool(asked & visible(found, draft)) is uses_ai


def test_section_251_is_asked_without_consent_only() -> None:
    found = form("annual-review")
    for without in (True, False):
        draft = with_given(found, begin(found), {"without_consent": without})
        assert ("cag_reference" in visible(found, draft)) is without


# --- the workshop and its answers ----------------------------------------------------------------


def draft(id_: str, table: str, rows: list[dict[str, Any]]) -> Answers:
    values = {table: rows} if rows else {}
    return Answers.read({"answers": 1, "form": id_, "form_version": 1, "values": values}, "x")


def answered(*numbers: int, **more: Any) -> Answers:
    row = {"outcome": "rejected", "reason": "It would not help.", **more}
    return draft("aia-synthesis", "answered_points", [{"number": n, **row} for n in numbers])


def points(count: int) -> Answers:
    row = {"kind": "concern", "point": "What about children?", "support": "most"}
    return draft("aia-workshop", "points", [row] * count)


@pytest.mark.parametrize(
    ("workshop", "synthesis", "said"),
    [
        (points(3), answered(1, 3), "no answer yet: 2."),
        (points(2), answered(), "no answer yet: 1, 2."),
        (points(15), answered(), "no answer yet: 1, 2, 3, 4, 5, 6, 7, 8, 9, 10 and more."),
        (points(2), answered(1, 2, 2), "Point 2 of the workshop is answered 2 times"),
        (points(2), answered(1, 2, 3), "not in the record"),
        (points(2), answered(1, 2, 0), "not in the record"),
        (points(1), answered(1, outcome="accepted"), "say what you changed"),
        (points(1), answered(1, outcome="partly"), "say what you changed"),
    ],
)
def test_each_point_is_answered_once(workshop: Answers, synthesis: Answers, said: str) -> None:
    found = point_problems(workshop, synthesis)
    assert any(said in one.sentence for one in found), found
    assert all(one.level == "stops" for one in found)


def test_a_workshop_that_is_answered_has_no_problem() -> None:
    assert point_problems(points(3), answered(2, 1, 3)) == ()
    accepted = answered(1, outcome="accepted", change="We asked children, too.")
    assert point_problems(points(1), accepted) == ()


# --- a hospital's own forms ----------------------------------------------------------------------


def test_a_folder_puts_its_forms_in_place_of_ours(tmp_path: Path) -> None:
    text = our_library().text("outputs").decode().replace("title: Results", "title: Our results")
    (tmp_path / "mine.yaml").write_text(text)
    (tmp_path / "new.yml").write_text(text.replace("id: outputs", "id: own-form", 1))
    (tmp_path / "readme.txt").write_text("not a form")
    library = our_library().with_folder(tmp_path)
    assert library.form("outputs").title.startswith("Our results")
    assert library.text("outputs") == text.encode()
    assert library.form("own-form")
    assert our_library().form("outputs").title.startswith("Results")
    assert len(list(library)) == len(ORDER) + 1


def test_faults_of_a_folder_are_told(tmp_path: Path) -> None:
    with pytest.raises(CommonwealError, match="CW-FILE-MISSING"):
        our_library().with_folder(tmp_path / "none")
    (tmp_path / "a.yaml").write_bytes(our_library().text("outputs"))
    (tmp_path / "b.yaml").write_bytes(our_library().text("outputs"))
    with pytest.raises(Fault, match="Two files"):
        our_library().with_folder(tmp_path)
    (tmp_path / "b.yaml").write_text("form: 1\n")
    with pytest.raises(Fault, match=r"CW-QUESTION-INVALID: The form b\.yaml"):
        our_library().with_folder(tmp_path)
    with pytest.raises(Fault, match="CW-QUESTION-UNKNOWN"):
        our_library().form("moon")


# --- advice --------------------------------------------------------------------------------------


def test_advice_about_answers_never_stops_anything() -> None:
    found = form("benefits")
    hard = (
        "Notwithstanding the aforementioned epidemiological considerations, stratified "
        "longitudinal cohort analyses utilising pseudonymised administrative information "
        "facilitate the identification of heterogeneous determinants of multimorbidity."
    )
    draft_ = Answers.read(
        {"answers": 1, "form": "benefits", "form_version": 1, "values": {"summary": hard}}, "x"
    )
    advice = answer_advice(found, draft_)
    assert {one.level for one in advice} == {"warns"}
    assert {one.where for one in advice} == {"aim.summary"}
    assert any("cohort" in one.sentence for one in advice)
    assert any("more than 20 words" in one.sentence for one in advice)
    assert not any(one.where == "aim.summary" for one in problems(found, draft_))


# --- the page ------------------------------------------------------------------------------------


def test_the_page_is_up_to_date(repository: Path) -> None:
    page = (repository / "docs/reference" / reference.PAGE).read_text("utf-8")
    hint = "run: python -m commonweal.governance.forms.reference docs/reference"
    assert page == reference.reference_page(), hint


def test_the_page_can_be_written(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert reference.main([str(tmp_path)]) == 0
    assert (tmp_path / reference.PAGE).read_text("utf-8") == reference.reference_page()
    assert reference.main([]) == 2
    assert reference.main([str(tmp_path / "none")]) == 3
    assert "Traceback" not in capsys.readouterr().err


def test_every_question_is_on_the_page() -> None:
    page = reference.reference_page()
    for one in our_library():
        assert f"\n## {one.id}\n" in page
        for question in one.questions():
            assert f"| `{question.id}` | {question.ask}" in page
