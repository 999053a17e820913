"""Which form may stand in for another, and that a manifest never holds a finer one."""

from __future__ import annotations

import itertools

import pytest
from pydantic import ValidationError

from commonweal.papers.forms import FORMS, Form, shows_less
from commonweal.papers.release.manifest import ChosenForm

LESS = [
    ("year", "month"), ("year", "exact"), ("month", "exact"), ("age_band(5,90)", "exact"),
    ("age_band(10,90)", "age_band(5,90)"), ("age_band(5,80)", "age_band(5,90)"),
    ("age_band(5,90)", "year"), ("age_band(1,90)", "exact"), ("truncate(2)", "truncate(3)"),
    ("truncate(2)", "outward_postcode"), ("outward_postcode", "exact"),
    ("rollup(20)", "rollup(10)"),
    ("round(10)", "round(5)"), ("round(0.5)", "exact"),
]  # fmt: skip
NOT_LESS = [
    ("month", "year"), ("exact", "year"), ("exact", "rollup(10)"),
    ("age_band(5,90)", "age_band(5,90)"),
    ("age_band(10,100)", "age_band(5,90)"), ("age_band(1,50)", "age_band(5,90)"),
    ("age_band(1,90)", "year"), ("age_band(1,90)", "month"), ("year", "age_band(5,90)"),
    ("truncate(3)", "outward_postcode"), ("truncate(3)", "rollup(10)"),
    ("rollup(10)", "truncate(3)"),
    ("shift", "exact"), ("interval", "exact"), ("pseudonym", "exact"), ("year", "shift"),
    ("month", "interval"), ("round(5)", "round(10)"),
]  # fmt: skip
ARGUMENTS = {"age_band": "(10,90)", "truncate": "(3)", "rollup": "(10)", "round": "(5)"}


@pytest.mark.parametrize(("form", "than"), LESS)
def test_a_form_shows_less(form: str, than: str) -> None:
    assert shows_less(Form.parse(form), Form.parse(than))
    assert not shows_less(Form.parse(than), Form.parse(form))
    assert ChosenForm(permitted=than, released=form).released == form


@pytest.mark.parametrize(("form", "than"), NOT_LESS)
def test_a_form_does_not_show_less(form: str, than: str) -> None:
    assert not shows_less(Form.parse(form), Form.parse(than))
    if form != than:
        with pytest.raises(ValidationError, match="finer"):
            ChosenForm(permitted=than, released=form)


def test_nothing_shows_less_than_itself_and_no_two_forms_less_than_each_other() -> None:
    forms = [Form.parse(kind + ARGUMENTS.get(kind, "")) for kind in FORMS]
    for one, other in itertools.product(forms, forms):
        assert not (shows_less(one, other) and shows_less(other, one))
    for one, two, three in itertools.product(forms, forms, forms):
        if shows_less(one, two) and shows_less(two, three) and one.kind != "truncate":
            assert shows_less(one, three)
