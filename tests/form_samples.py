"""Forms and answers for tests: a small form of every kind of question, and hypothesis strategies.

The strategies make any form that the schema allows, within sizes that keep the tests fast.
"""

from __future__ import annotations

import copy
from datetime import date
from typing import Any

from hypothesis import strategies as st

from commonweal.governance.forms.answers import Answers
from commonweal.governance.forms.reading import read_form
from commonweal.governance.forms.schema import CELL_KINDS, KINDS, FormDefinition

SAMPLE: dict[str, Any] = {
    "form": 1,
    "id": "sample",
    "version": 1,
    "title": "A sample",
    "intro": "One question of each kind.",
    "source": "Written for the tests.",
    "sections": [
        {
            "id": "start",
            "title": "Start",
            "questions": [
                {"id": "name", "kind": "short_text", "ask": "Name?", "public": True},
                {"id": "ai", "kind": "yes_no", "ask": "Is it AI?", "public": True},
                {
                    "id": "model",
                    "kind": "long_text",
                    "max_words": 5,
                    "ask": "Which model?",
                    "shown_when": {"question": "ai", "is": True},
                    "public": True,
                },
                {
                    "id": "stage",
                    "kind": "one_of",
                    "ask": "Stage?",
                    "options": [
                        {"code": "idea", "label": "An idea"},
                        {"code": "built", "label": "Built"},
                        {"code": "sold", "label": "Sold", "retired": True},
                    ],
                },
                {
                    "id": "kinds",
                    "kind": "several_of",
                    "ask": "Kinds?",
                    "required": False,
                    "options": [
                        {"code": "text", "label": "Text"},
                        {"code": "image", "label": "Images"},
                        {"code": "none", "label": "None of these", "exclusive": True},
                    ],
                },
            ],
        },
        {
            "id": "more",
            "title": "More",
            "questions": [
                {
                    "id": "begins",
                    "kind": "date",
                    "ask": "Begins?",
                    "earliest": "2020-01-01",
                    "latest": "2030-12-31",
                },
                {
                    "id": "people",
                    "kind": "whole_number",
                    "ask": "How many?",
                    "smallest": 1,
                    "largest": 1000,
                },
                {"id": "cost", "kind": "money", "ask": "Cost?", "required": False},
                {
                    "id": "cag",
                    "kind": "reference",
                    "patterns": ["##/CAG/####"],
                    "ask": "CAG reference?",
                    "required_when": {"question": "people", "at_least": 100},
                },
                {
                    "id": "harms",
                    "kind": "table",
                    "ask": "Harms?",
                    "min_rows": 2,
                    "max_rows": 3,
                    "public": True,
                    "columns": [
                        {"id": "harm", "kind": "short_text", "ask": "Harm"},
                        {"id": "day", "kind": "date", "ask": "Day", "required": False},
                        {"id": "owner", "kind": "short_text", "ask": "Owner", "public": False},
                    ],
                },
                {
                    "id": "promise",
                    "kind": "declaration",
                    "ask": "Promise",
                    "statement": "I will keep to it.",
                    "locked": True,
                    "basis": "Data Protection Act 2018 section 171",
                },
            ],
        },
    ],
}

COMPLETE: dict[str, Any] = {
    "name": "Asthma",
    "ai": True,
    "model": "A small one",
    "stage": "idea",
    "begins": "2026-03-02",
    "people": 20,
    "cost": 120_050,
    "harms": [{"harm": "None", "owner": "Lead"}, {"harm": "Some", "owner": "Lead"}],
    "promise": True,
}


def sample_data() -> dict[str, Any]:
    """The sample form as plain values, to be changed."""
    return copy.deepcopy(SAMPLE)


def question_of(data: dict[str, Any], id_: str) -> dict[str, Any]:
    """The question of that id in a form's plain values."""
    found = [q for s in data["sections"] for q in s["questions"] if q["id"] == id_]
    assert found, id_
    return found[0]


def sample(**changes: Any) -> FormDefinition:
    """The sample form, with some of its own fields changed."""
    return read_form(sample_data() | changes, "The sample")


def answers(values: dict[str, Any] | None = None, **more: Any) -> Answers:
    """Answers to the sample form."""
    data = {"answers": 1, "form": "sample", "form_version": 1, "values": values or {}, **more}
    return Answers.read(data, "The answers")


def mangled(part: Any) -> Any:
    """Every copy of a resource in which one value is replaced by another kind of value."""
    if isinstance(part, dict):
        for key in part:
            for other in ([], {}, "x", 7, True, None):
                yield {**part, key: other}
            for inner in mangled(part[key]):
                yield {**part, key: inner}
    elif isinstance(part, list):
        for at, one in enumerate(part):
            for inner in mangled(one):
                yield [*part[:at], inner, *part[at + 1 :]]


# --- strategies ----------------------------------------------------------------------------------

# Drawn from a list, because texts drawn letter by letter would take most of the time.
_LINES = (
    "What is it?", "0", "1e3", "yes", "null", "- a", "a: b", "# no", "{x}", "[y]", "'", '"', "&a",
    "*b", "!c", "%d", "@e", "`", "|", ">", "?", "~", "  two  spaces ", "Ünïcödé £5", "日本語",
    "\N{NO-BREAK SPACE}x", "2026-03-02", "12:30", "<script>alert(1)</script>", "a\\nb", "x" * 500,
)  # fmt: skip
lines = st.sampled_from(_LINES)
texts = st.sampled_from((*_LINES, "a\nb", "a\n\n  b\n", "\tc\n", " \nd", "e \nf", "g\n"))
_patterns = st.text(alphabet="#@*A-/9.", min_size=1, max_size=8)
_whole = st.integers(-(2**31) + 1, 2**31 - 1)
_pounds = st.integers(-99_999_999_999, 99_999_999_999)
days = st.dates(date(1900, 1, 1), date(2199, 12, 31)).map(lambda day: day.isoformat())


@st.composite
def _asked(draw: st.DrawFn, id_: str, kind: str) -> dict[str, Any]:
    made: dict[str, Any] = {"id": id_, "kind": kind, "ask": draw(lines)}
    for name, of in (("help", texts), ("example", texts), ("required", st.booleans())):
        if draw(st.booleans()):
            made[name] = draw(of)
    if kind in ("one_of", "several_of"):
        count = draw(st.integers(1, 4))
        made["options"] = [
            {
                "code": f"c{n}",
                "label": f"Option {n}",
                "retired": draw(st.booleans()) and n > 0,
                "exclusive": n == 1 and kind == "several_of",
            }
            for n in range(count)
        ]
    elif kind == "short_text" and draw(st.booleans()):
        made["max_length"] = draw(st.integers(1, 500))
    elif kind == "long_text" and draw(st.booleans()):
        made["max_words"] = draw(st.integers(1, 3000))
    elif kind == "reference":
        made["patterns"] = draw(st.lists(_patterns, min_size=1, max_size=3))
    elif kind == "date" and draw(st.booleans()):
        made["earliest"], made["latest"] = sorted([draw(days), draw(days)])
    elif kind in ("whole_number", "money") and draw(st.booleans()):
        numbers = _whole if kind == "whole_number" else _pounds
        made["smallest"], made["largest"] = sorted([draw(numbers), draw(numbers)])
    return made


@st.composite
def _leaf(draw: st.DrawFn, earlier: list[dict[str, Any]]) -> dict[str, Any]:
    question = draw(st.sampled_from(earlier))
    name = question["id"]
    answered = {"question": name, "answered": draw(st.booleans())}
    kind = question["kind"]
    if kind == "yes_no":
        return draw(st.sampled_from([answered, {"question": name, "is": draw(st.booleans())}]))
    if kind in ("one_of", "several_of"):
        code = draw(st.sampled_from(question["options"]))["code"]
        test = "is" if kind == "one_of" else "has"
        return draw(st.sampled_from([answered, {"question": name, test: code}]))
    if kind == "whole_number":
        test = draw(st.sampled_from(["is", "at_least", "at_most"]))
        return {"question": name, test: draw(_whole)}
    return answered


@st.composite
def _condition(draw: st.DrawFn, earlier: list[dict[str, Any]], depth: int = 3) -> dict[str, Any]:
    shape = draw(st.sampled_from(["leaf", "all", "any", "not"])) if depth > 1 else "leaf"
    if shape == "leaf":
        return draw(_leaf(earlier))
    if shape == "not":
        return {"not": draw(_condition(earlier, depth - 1))}
    count = draw(st.integers(1, 3))
    return {shape: [draw(_condition(earlier, depth - 1)) for _ in range(count)]}


@st.composite
def _question(draw: st.DrawFn, id_: str, earlier: list[dict[str, Any]]) -> dict[str, Any]:
    kind = draw(st.sampled_from(KINDS))
    made = draw(_asked(id_, kind))
    made["public"] = draw(st.booleans())
    if draw(st.booleans()):
        made |= {"locked": draw(st.booleans()), "basis": draw(lines)}
    if kind == "declaration":
        made["statement"] = draw(texts)
    if kind == "table":
        kinds = draw(st.lists(st.sampled_from(CELL_KINDS), min_size=1, max_size=3))
        made["columns"] = [draw(_asked(f"k{n}", one)) for n, one in enumerate(kinds)]
        made["columns"][0]["public"] = True
        for column in made["columns"][1:]:
            column["public"] = draw(st.booleans())
        if draw(st.booleans()):
            made["min_rows"], made["max_rows"] = draw(st.integers(0, 2)), draw(st.integers(2, 9))
    if earlier and draw(st.booleans()):
        made["shown_when"] = draw(_condition(earlier))
    if earlier and "required" not in made and draw(st.booleans()):
        made["required_when"] = draw(_condition(earlier))
    if kind == "yes_no" and "required_when" not in made and made.get("required") is not False:
        given = draw(st.sampled_from([None, "uses_ai", "is_research"]))
        if given is not None:
            made["given"] = given
    return made


@st.composite
def forms(draw: st.DrawFn) -> FormDefinition:
    """Any form."""
    earlier: list[dict[str, Any]] = []
    sections = []
    for number in range(draw(st.integers(1, 2))):
        section: dict[str, Any] = {"id": f"s{number}", "title": draw(lines), "questions": []}
        if draw(st.booleans()):
            section["intro"] = draw(texts)
        if earlier and draw(st.booleans()):
            section["shown_when"] = draw(_condition(earlier))
        for _ in range(draw(st.integers(1, 3))):
            question = draw(_question(f"q{len(earlier)}", list(earlier)))
            section["questions"].append(question)
            earlier.append(question)
        sections.append(section)
    made: dict[str, Any] = {
        "form": 1,
        "id": "random-form",
        "version": draw(st.integers(1, 9999)),
        "title": draw(lines),
        "intro": draw(texts),
        "source": draw(lines),
        "sections": sections,
        "filled_by": draw(
            st.lists(st.sampled_from(["applicant", "dpo", "rapporteur"]), min_size=1, unique=True)
        ),
    }
    if draw(st.booleans()):
        made["note"] = draw(texts)
    if draw(st.booleans()):
        made["retired"] = [{"id": "gone", "ask": draw(lines)}]
    return read_form(made, "The random form")


def _cell(asked: Any) -> st.SearchStrategy[Any]:
    """An answer of the right kind, inside its limits or not."""
    codes = [option.code for option in asked.options or ()]
    return {
        "short_text": lines,
        "long_text": texts,
        "yes_no": st.booleans(),
        "declaration": st.just(True),
        "one_of": st.sampled_from(codes or ["x"]),
        "several_of": st.lists(st.sampled_from(codes or ["x"]), min_size=1, unique=True),
        "date": days,
        "whole_number": _whole,
        "money": st.integers(-9_999_999_999_999, 9_999_999_999_999),
        "reference": lines,
    }[asked.kind]


@st.composite
def answers_to(draw: st.DrawFn, form: FormDefinition) -> Answers:
    """Any draft of a form: answers of the right kind, of a wrong one, typed text, things aside."""
    values: dict[str, Any] = {}
    as_typed: dict[str, Any] = {}
    for question in form.questions():
        choice = draw(st.sampled_from(["none", "value", "value", "typed", "wrong"]))
        if choice == "typed":
            as_typed[question.id] = draw(st.text(max_size=20).filter(_storable))
        elif choice == "wrong":
            values[question.id] = draw(st.one_of(st.booleans(), lines, st.just(["c0", "c0"])))
        elif choice == "value" and question.columns is not None:
            values[question.id] = [
                {c.id: draw(_cell(c)) for c in question.columns if draw(st.booleans())}
                for _ in range(draw(st.integers(1, 3)))
            ]
        elif choice == "value":
            values[question.id] = draw(_cell(question))
    data: dict[str, Any] = {
        "answers": 1,
        "form": form.id,
        "form_version": form.version,
        "values": values,
        "as_typed": as_typed,
    }
    if draw(st.booleans()):
        old = {"question": "gone", "ask": draw(lines), "form_version": 1, "value": draw(texts)}
        data["aside"] = [old]
    return Answers.read(data, "The random answers")


def _storable(text: str) -> bool:
    return text == text.encode("utf-8", "replace").decode("utf-8")
