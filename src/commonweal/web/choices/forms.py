"""Forms of choices: what anybody asks by page, and what staff write down."""

from __future__ import annotations

import unicodedata
from datetime import date
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import CommonwealError
from commonweal.foundation.identifiers import NHSNumber
from commonweal.foundation.london import london_day
from commonweal.papers.base import YEARS
from commonweal.papers.choice import Choice, birthday
from commonweal.papers.choice_request import NAME, PLACE, PROJECT, REACH, written_plain
from commonweal.papers.choice_rules import (
    CONSENTS,
    DOES,
    KINDS,
    OF_ONE_PROJECT,
    OWN_AGE,
    STAFFED,
    who_rule,
)
from commonweal.web.config import clock
from commonweal.web.nhsuk.fields import CheckboxesField, DateField, Look, RadiosField, TextField

ASKED = (
    ("local_objection", "Any research and planning by this hospital"),
    ("no_ai_training", "Training of AI with my record"),
    ("no_companies", "Any use by a company"),
    ("project_objection", "One project"),
)
"""What the page and the paper form ask, in the same words."""
RELATIONS = (
    ("parent", f"I have parental responsibility for a child under {OWN_AGE}"),
    ("attorney", "I have a power of attorney for them"),
    ("deputy", "A court made me their deputy"),
    ("personal_representative", "I look after the affairs of someone who has died"),
)
SELF, OTHER = "self", "other"
WHO = ((SELF, "Me"), (OTHER, "Someone else, for whom I may choose"))
_NUMBER = (
    "Example: 485 777 3456. You find it in the NHS App and on letters. Leave it empty if you do "
    "not know it."
)
_NOT_A_NUMBER = "This is not an NHS number. Check it, or leave it empty."


class SeenField(TextField):
    """One line without characters that nobody sees: pasted text may hold some."""

    def to_python(self, value: Any) -> str:
        """The text with single spaces."""
        kept = (" " if _is_gap(sign) else sign for sign in str(super().to_python(value) or ""))
        return " ".join(
            "".join(sign for sign in kept if unicodedata.category(sign) != "Cf").split()
        )


def _is_gap(sign: str) -> bool:
    return unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp", "Zs"}


def _number(text: str, wrong: str) -> str | None:
    if not text:
        return None
    try:
        return NHSNumber(text).digits
    except CommonwealError:
        raise ValidationError(wrong) from None


def _day_between(found: date | None, today: date, what: str) -> date | None:
    if found is not None and found > today:
        raise ValidationError(f"{what} must not be in the future.")
    if found is not None and found.year < YEARS[0]:
        raise ValidationError(f"{what} must be a year from {YEARS[0]} on.")
    return found


class RequestForm(forms.Form):
    """What anybody asks, for themselves or for somebody else."""

    kinds = CheckboxesField(
        label="What do you say no to?",
        choices=ASKED,
        missing="Choose what you say no to.",
        help_text="Tick all that you mean.",
    )
    project = SeenField(
        label="If it is about one project: its name or number",
        help_text="As it stands in the list of projects.",
        max_length=PROJECT,
        required=False,
    )
    who = RadiosField(label="Whose record is it?", choices=WHO, missing="Say whose record it is.")
    relation = RadiosField(
        label="If it is for someone else: why may you choose for them?",
        choices=RELATIONS,
        required=False,
        help_text="Staff will ask to see the paper that shows it.",
    )
    chooser = SeenField(
        label="If it is for someone else: your own full name",
        max_length=NAME,
        required=False,
    )
    name = SeenField(
        label="Full name of the person whose record it is",
        max_length=NAME,
        missing="Enter the full name.",
    )
    born_on = DateField(
        label="Their date of birth",
        help_text="For example, 27 3 1958.",
        missing="Enter the date of birth.",
    )
    postcode = SeenField(
        label="Their postcode",
        max_length=PLACE,
        look=Look(width=10),
        missing="Enter the postcode.",
    )
    nhs_number = SeenField(
        label="Their NHS number",
        help_text=_NUMBER,
        max_length=40,
        required=False,
        look=Look(width=20, inputmode="numeric"),
    )
    reach = SeenField(
        label="How can staff reach you?",
        max_length=REACH,
        help_text="A phone number, an email address or a postal address. "
        "We check with you that it is you.",
        missing="Say how staff can reach you.",
    )

    def clean_born_on(self) -> date | None:
        """A day that has been."""
        return _day_between(self.cleaned_data["born_on"], clock.today(), "Their date of birth")

    def clean_nhs_number(self) -> str | None:
        """Ten digits, or nothing."""
        return _number(self.cleaned_data["nhs_number"], _NOT_A_NUMBER)

    def clean(self) -> dict[str, Any]:
        """What belongs together is there."""
        said = super().clean() or {}
        self._need(
            "project_objection" in said.get("kinds", ()),
            "project",
            said,
            "Write the name or number of the project.",
        )
        other = said.get("who") == OTHER
        self._need(other, "relation", said, "Say why you may choose for them.")
        self._need(other, "chooser", said, "Enter your own full name.")
        self._check_age(said)
        return said

    def _need(self, when: bool, name: str, said: dict[str, Any], missing: str) -> None:
        if when and not said.get(name) and name not in self.errors:
            self.add_error(name, missing)

    def _check_age(self, said: dict[str, Any]) -> None:
        born, who = said.get("born_on"), said.get("who")
        if born is None or who is None:
            return
        young = clock.today() < birthday(born, OWN_AGE)
        if who == SELF and young:
            self.add_error(
                "who", f"A parent or guardian chooses for someone who is under {OWN_AGE}."
            )
        if who == OTHER and said.get("relation") == "parent" and not young:
            self.add_error("relation", f"From age {OWN_AGE} young people choose for themselves.")

    def asked(self) -> dict[str, Any]:
        """What is sealed, as plain values."""
        said = self.cleaned_data
        other = said["who"] == OTHER
        plain = {
            "kinds": [kind for kind, _ in ASKED if kind in said["kinds"]],
            "project": said["project"] if "project_objection" in said["kinds"] else None,
            "name": said["name"], "born_on": said["born_on"].isoformat(),
            "postcode": said["postcode"], "nhs_number": said["nhs_number"], "reach": said["reach"],
            "relation": said["relation"] if other else None,
            "chooser": said["chooser"] if other else None,
        }  # fmt: skip
        return {name: value for name, value in plain.items() if value is not None}


# --- staff --------------------------------------------------------------------------------------

_NO = tuple((kind, DOES[kind]) for kind in KINDS if kind not in CONSENTS)
_CHANNELS = (
    ("phone", "By phone"), ("form", "On a form"), ("post", "By letter"),
    ("desk", "In person, at a desk"),
)  # fmt: skip
_RELATIONS = (
    ("parent", f"A parent, for their child under {OWN_AGE}"),
    ("attorney", "An attorney, for an adult who cannot decide this"),
    ("deputy", "A deputy, for an adult who cannot decide this"),
    ("personal_representative", "A personal representative, for someone who has died"),
)
_PERSON = "the_person"
_SCOPES = (
    ("health_and_welfare", "Health and welfare"), ("property_and_affairs", "Property and affairs"),
)  # fmt: skip


class WriteForm(forms.Form):
    """What somebody chose by phone, form, post or at a desk. `once`: so that twice is once."""

    kind = RadiosField(label="What did they choose?", choices=_NO, missing="Say what they chose.")
    project = SeenField(
        label="If it is about one project: its id in the register",
        max_length=64,
        required=False,
        look=Look(width=20),
    )
    nhs_number = SeenField(
        label="NHS number of the person whose record it is",
        max_length=40,
        look=Look(width=20, inputmode="numeric"),
        missing="Enter the NHS number.",
        help_text="You get the same answer whatever the hospital holds.",
    )
    channel = RadiosField(label="How did they tell you?", choices=_CHANNELS,
                          missing="Say how they told you.")  # fmt: skip
    evidence = SeenField(
        label="How you know that it was them, and where that is written down",
        max_length=300,
        help_text="For example: name, date of birth and address asked by phone; call note 117. "
        "No health details.",
        missing="Say how you know that it was them.",
    )
    chosen_by = RadiosField(
        label="Who chose?",
        choices=((_PERSON, "The person themselves"), *_RELATIONS),
        missing="Say who chose.",
    )
    born_on = DateField(label="For a parent: the date of birth of the child", required=False)
    scope = RadiosField(
        label="For an attorney or deputy: what is their power over?",
        choices=_SCOPES,
        required=False,
    )
    ends_on = DateField(
        label="For an attorney or deputy: the last day of their power",
        required=False,
        help_text="Leave it empty if it has none.",
    )
    died_on = DateField(label="For a personal representative: the date of death", required=False)
    once = forms.RegexField(r"^[a-z2-9]{16}$", widget=forms.HiddenInput)

    def __init__(self, *args: Any, writer: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.writer = writer
        self.choice: Choice | None = None

    def clean_nhs_number(self) -> str:
        """Ten digits."""
        wrong = "This is not an NHS number. Check its ten digits."
        return _number(self.cleaned_data["nhs_number"], wrong) or ""

    def clean(self) -> dict[str, Any]:
        """By the table of who may choose for whom: the same that the vault asks."""
        said = super().clean() or {}
        about_one = said.get("kind") in OF_ONE_PROJECT
        if about_one and not said.get("project") and "project" not in self.errors:
            self.add_error("project", "Enter the id of the project.")
        chosen_by = said.get("chosen_by")
        relation = None if chosen_by == _PERSON else chosen_by
        if relation:
            self._check_conditions(said, relation)
        if chosen_by and not self.errors:
            self._read(said, relation)
        return said

    def _check_conditions(self, said: dict[str, Any], relation: Any) -> None:
        for name in who_rule("trusted_person", relation).needs:
            if not said.get(name) and name not in self.errors:
                self.add_error(name, _NEEDED[name])

    def _read(self, said: dict[str, Any], relation: Any) -> None:
        now, trusted = clock.now(), None
        if relation is not None:
            rule = who_rule("trusted_person", relation)
            trusted = {"relation": relation} | {
                name: value if isinstance(value, str) else value.isoformat()
                for name in sorted(rule.needs | rule.may_have) if (value := said.get(name))
            }  # fmt: skip
        plain = written_plain(
            id_=said["once"], number=said["nhs_number"], kind=said["kind"],
            project=said["project"] if said["kind"] in OF_ONE_PROJECT else None,
            day=london_day(now).isoformat(), at=stamp(now),
            set_by="staff" if relation is None else "trusted_person", channel=said["channel"],
            evidence=said["evidence"], trusted=trusted, entered_by=self.writer,
        )  # fmt: skip
        try:
            self.choice = Choice.read(plain, "The choice", "CW-CHOICES-INVALID")
        except CommonwealError as error:
            self.add_error(None, error.sentence)


_NEEDED = {
    "born_on": "Enter the date of birth of the child.",
    "scope": "Say what their power is over.",
    "died_on": "Enter the date of death.",
}
assert {name for name, _ in _CHANNELS} == STAFFED  # noqa: S101 (two lists that must not part)
