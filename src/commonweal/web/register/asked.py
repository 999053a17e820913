"""What those who asked said that everybody may read: who pays, who earns, what good it should do.

Two forms of an application say so to whoever fills them in: "All of it is published". Only answers
whose question is marked public are read, from the version that was decided; nothing else of an
application is. A text that may be about a person, or holds a figure about people, is kept back.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any

from commonweal.governance.forms.library.shelf import our_library
from commonweal.governance.forms.schema import FormDefinition
from commonweal.governance.forms.values import shown
from commonweal.governance.publishing.scanning import scan

FUNDING, BENEFITS = "funding", "benefits"
KEPT_BACK = "Not shown: it may be about a person, or be a figure that nobody checked."
"""What stands for a text that the scan for people and figures stopped (S22)."""
_NAME_PART = 3
"""Shorter parts of a name are too common to look for alone."""
_WORD = re.compile(r"[^\W\d_]+")


@dataclass(frozen=True)
class Asked:
    """Public answers in words; an empty text or list where nothing was said.

    `funders`: name and kind. `gains`: who could earn money, how, and what the NHS gets of it.
    `benefits`: what will be better, for whom, how it is measured, by when. `earns`: whether anybody
    could earn money; None where it was not asked.
    """

    benefit: str = ""
    benefits: tuple[tuple[str, ...], ...] = ()
    funders: tuple[tuple[str, ...], ...] = ()
    earns: bool | None = None
    gains: tuple[tuple[str, ...], ...] = ()
    company_gain: str = ""
    nhs_share: str = ""
    owns: str = ""

    @property
    def says_money(self) -> bool:
        """True if anything about money was said."""
        said = (self.funders, self.gains, self.company_gain, self.nhs_share, self.owns)
        return self.earns is not None or any(said)

    @property
    def funder_names(self) -> tuple[str, ...]:
        """Who pays, by name."""
        return tuple(one[0] for one in self.funders if one[0] != KEPT_BACK)


NOTHING = Asked()


def asked_in(version: Mapping[str, Any]) -> Asked:
    """What everybody may read of a version, given as plain JSON values."""
    answers = {str(one.get("form")): one for one in version.get("answers", ())}
    names = tuple(
        str(one["name"]) for one in version["content"].get("people", ()) if one.get("name")
    )
    money = _Form(FUNDING, answers.get(FUNDING), names)
    good = _Form(BENEFITS, answers.get(BENEFITS), names)
    return Asked(
        benefit=good.text("summary"),
        benefits=good.rows("benefits", "benefit", "who", "measure", "by"),
        funders=money.rows("funders", "funder", "kind"),
        earns=money.yes("any_gain"),
        gains=money.rows("gains", "who", "how", "share"),
        company_gain=good.text("company_gain"),
        nhs_share=good.text("nhs_share"),
        owns=money.text("rights"),
    )


class _Form:
    """The public answers to one form, if they were given to the form that is in use now."""

    def __init__(self, id_: str, given: Mapping[str, Any] | None, names: Collection[str]) -> None:
        form = our_library().forms.get(id_)
        same = form is not None and given is not None and given.get("form_version") == form.version
        self._form: FormDefinition | None = form if same else None
        self._values: Mapping[str, Any] = (given or {}).get("values", {}) if same else {}
        self._names = names

    def _value(self, question: str) -> Any:
        if self._form is None or question not in public_names(self._form.id):
            return None
        return self._values.get(question)

    def text(self, question: str) -> str:
        value = self._value(question)
        return screened(value, self._names) if isinstance(value, str) else ""

    def yes(self, question: str) -> bool | None:
        value = self._value(question)
        return value if isinstance(value, bool) else None

    def rows(self, question: str, *columns: str) -> tuple[tuple[str, ...], ...]:
        value = self._value(question)
        if not isinstance(value, list) or self._form is None:
            return ()
        place = self._form.find(question)
        known = {} if place is None else {one.id: one for one in place[1].columns or ()}
        return tuple(
            tuple(
                screened(shown(known[name], row[name]), self._names)
                if name in row and name in known and known[name].public else ""
                for name in columns
            )
            for row in value if isinstance(row, dict)
        )  # fmt: skip


@cache
def public_names(form: str) -> frozenset[str]:
    """The questions of a form whose answers are published."""
    found = our_library().forms.get(form)
    return frozenset() if found is None else frozenset(one.id for one in found.questions()
                                                       if one.public)  # fmt: skip


def screened(text: str, names: Collection[str]) -> str:
    """The text; or that it is kept back, where the scan stops it or it names one of `names`.

    `names`: of the people whom the application names. An address or a telephone stops it as well:
    no second person looks at these texts. It is a net, and no promise that a text names nobody.
    """
    return KEPT_BACK if stopped(text) or _is_named(text, names) else text


def stopped(text: str) -> bool:
    """True if the scan for people and figures stops a text, or finds how to reach somebody."""
    return any(one.weight == "stop" or one.kind == "contact" for one in scan(text, cites=False))


def _is_named(text: str, names: Collection[str]) -> bool:
    there = set(_WORD.findall(text.casefold()))
    for name in names:
        parts = [one for one in _WORD.findall(name.casefold()) if len(one) >= _NAME_PART]
        if parts and there.issuperset(parts):
            return True
    return False
