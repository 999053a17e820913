"""Form fields: what is drawn, what is checked, and that nothing typed is lost."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from typing import Any

import pytest
from django import forms
from hypothesis import given
from hypothesis import strategies as st

from commonweal.web.nhsuk.fields import (
    CheckboxesField,
    DateField,
    EmailField,
    FileField,
    Look,
    PasswordField,
    RadiosField,
    SelectField,
    TextField,
    WordsField,
    YesField,
    error_items,
    fields,
)
from tests.web.conftest import Page

CHOICES = [("a", "First\nwith a hint"), ("b", "Second"), ("c", "<Third>")]
HOSTILE = '"><script>alert(1)</script>{{ 7*7 }}{% raw %}'


class Everything(forms.Form):
    """One field of each kind."""

    title = TextField(label="Title", missing="Enter a title.", look=Look(width=20, size="m"))
    email = EmailField(label="E-mail", required=False)
    password = PasswordField(label="Password", required=False)
    why = WordsField(label="Why", words=5, required=False, help_text="Five words.")
    how = RadiosField(label="How", choices=CHOICES, required=False)
    which = CheckboxesField(label="Which", choices=CHOICES, required=False)
    when = DateField(label="When", required=False)
    where = SelectField(label="Where", choices=CHOICES, required=False)
    sure = YesField(label="I am sure", required=False)
    file = FileField(label="File", required=False, accept=".pdf")


class Drawn:
    """What was drawn, as a page."""

    def __init__(self, html: str) -> None:
        self.content = html.encode()


def draw(form: forms.Form) -> Page:
    return Page(Drawn(str(fields(form))))


@pytest.fixture
def drawn(web_home: Any) -> Callable[..., Page]:
    return lambda data=None: draw(Everything(data))


def test_each_kind_is_drawn_by_its_macro(drawn: Callable[..., Page]) -> None:
    page = drawn()
    kinds = [tag["type"] for tag in page.every("input") if tag["name"] in {"how", "which", "sure"}]
    assert kinds == ["radio"] * 3 + ["checkbox"] * 4
    assert page.every("textarea", name="why")[0]["id"] == "id_why"
    assert [tag["name"] for tag in page.every("input") if "when" in str(tag["name"])] == [
        "when_day", "when_month", "when_year",
    ]  # fmt: skip
    assert page.every("select", name="where")
    assert page.every("input", type="file")[0]["accept"] == ".pdf"
    assert page.every("input", type="password")
    assert "Title" in page.text
    assert "E-mail (optional)" in page.text
    assert "with a hint" in page.text
    assert "You can enter up to 5 words" in page.text
    # Whoever pastes too much is told so; nothing is cut off while they type.
    assert all("maxlength" not in tag for _, tag in page.tags)


def test_every_label_leads_to_one_field_and_no_id_is_used_twice(drawn: Callable[..., Page]) -> None:
    page = drawn({"title": ""})
    ids = [tag["id"] for _, tag in page.tags if "id" in tag]
    assert len(ids) == len(set(ids))
    for label in page.every("label"):
        assert label["for"] in ids
    for _, tag in page.tags:
        for one in str(tag.get("aria-describedby") or "").split():
            assert one in ids, one


def test_errors_are_listed_with_links_to_their_fields(web_home: Any) -> None:
    form = Everything({"when_day": "31", "when_month": "2", "when_year": "2026", "why": "a " * 7})
    assert not form.is_valid()
    page = draw(form)
    ids = {tag["id"] for _, tag in page.tags if "id" in tag}
    items = error_items(form)
    assert [item["text"] for item in items] == [
        "Enter a title.",
        "Why must be 5 words or fewer. You have 2 too many.",
        "When must be a real date, such as 27 3 2026.",
    ]
    assert {item["href"].removeprefix("#") for item in items} <= ids
    assert error_items(Everything()) == []
    form.add_error(None, "Something about all of it.")
    assert error_items(form)[-1]["href"] == "#maincontent"


def test_nothing_typed_is_lost_and_nothing_typed_runs(drawn: Callable[..., Page]) -> None:
    typed = {
        "title": HOSTILE, "email": HOSTILE, "password": "secret", "why": HOSTILE, "how": "b",
        "which": ["a", "c"], "when_day": "x", "when_month": HOSTILE, "when_year": "9",
        "where": "b", "sure": "on",
    }  # fmt: skip
    page = drawn(typed)
    assert "<script>" not in page.html
    values = {tag["name"]: tag.get("value") for tag in page.every("input") if tag.get("name")}
    assert values["title"] == values["email"] == values["when_month"] == HOSTILE
    checked = [tag["value"] for tag in page.every("input") if "checked" in tag]
    assert checked == ["b", "a", "c", "on"]
    assert [tag["value"] for tag in page.every("option") if "selected" in tag] == ["b"]
    # But for a password, which is never written into a page.
    assert "secret" not in page.html


@pytest.mark.parametrize(
    ("parts", "expected"),
    [
        (("27", "3", "2026"), dt.date(2026, 3, 27)),
        (("01", "Mar", "2026"), dt.date(2026, 3, 1)),
        ((" 1 ", "september", "1999"), dt.date(1999, 9, 1)),
        (("29", "2", "2024"), dt.date(2024, 2, 29)),
        (("29", "2", "2025"), "real date"),
        (("0", "1", "2025"), "real date"),
        (("1", "13", "2025"), "real date"),
        (("1", "ma", "2025"), "real date"),
        (("1", "1", "25"), "real date"),
        (("1", "1", "0000"), "real date"),
        (("-1", "1", "2025"), "real date"),
        (("\u0661", "1", "2025"), "real date"),
        (("1", "", "2025"), "When must include a month."),
        (("1", "", ""), "When must include a month and year."),
        (("", "", ""), "Enter when."),
    ],
)
def test_dates(web_home: Any, parts: tuple[str, str, str], expected: dt.date | str) -> None:
    field = DateField(label="When", missing="Enter when.")
    if isinstance(expected, dt.date):
        assert field.clean(list(parts)) == expected
        return
    with pytest.raises(forms.ValidationError) as caught:
        field.clean(list(parts))
    assert expected in caught.value.messages[0]


@given(st.dates(min_value=dt.date(1000, 1, 1)))
def test_a_date_that_is_shown_comes_back(web_home: Any, day: dt.date) -> None:
    field = DateField(label="When")
    assert field.clean(field.widget.decompress(day)) == day


@given(st.lists(st.text(max_size=6), min_size=3, max_size=3))
def test_no_text_breaks_a_date(web_home: Any, parts: list[str]) -> None:
    said: list[str] = []
    try:
        said.append(str(DateField(label="When", required=False).clean(parts)))
    except forms.ValidationError as error:
        said += error.messages
    assert re.fullmatch(r"None|\d{4}-\d{2}-\d{2}|When must .+\.", said[0])
