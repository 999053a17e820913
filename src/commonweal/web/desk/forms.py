"""Forms of the desk."""

from __future__ import annotations

from typing import Any

from django import forms

from commonweal.governance.committee.advice import ADVICE_WORDS
from commonweal.governance.committee.vocabulary import LIGHTER_WORDS
from commonweal.web.nhsuk.fields import (
    CheckboxesField,
    DateField,
    FileField,
    Look,
    RadiosField,
    SelectField,
    TextField,
    WordsField,
)

ACCEPT = ".pdf,.docx,.odt,.png,.jpg,.jpeg,.txt"


class AdviceForm(forms.Form):
    """What the Data Protection Officer advises. Conditions: one a line."""

    verdict = RadiosField(
        label="What do you advise?", choices=list(ADVICE_WORDS.items()), missing="Choose one."
    )
    words = WordsField(
        label="Your advice", help_text="The committee reads it, and the applicant too.",
        look=Look(rows=8), missing="Write your advice.",
    )  # fmt: skip
    conditions = WordsField(
        label="Conditions", help_text="One on each line.", required=False, look=Look(rows=4)
    )

    def clean(self) -> dict[str, Any]:
        """Conditions go with the advice that names them."""
        found = super().clean() or {}
        lines = [line.strip() for line in (found.get("conditions") or "").splitlines()]
        found["conditions"] = tuple(line for line in lines if line)
        with_them = found.get("verdict") == "content_with_conditions"
        if with_them and not found["conditions"]:
            self.add_error("conditions", "Write at least one condition.")
        if found.get("verdict") and not with_them and found["conditions"]:
            self.add_error("conditions", "Conditions go with the second answer only.")
        return found


class HandInForm(forms.Form):
    """A file for a document that the application names. The file comes last: see `uploading`."""

    file = FileField(
        label="The file",
        help_text="A PDF, Word (DOCX), OpenDocument (ODT), PNG, JPEG or plain text file of at "
        "most 20 MB.",
        accept=ACCEPT, missing="Choose a file.", allow_empty_file=True,
    )  # fmt: skip


class NewDocumentForm(forms.Form):
    """A document that the draft does not name yet, with its file."""

    kind = SelectField(label="What kind of document it is", missing="Choose a kind.")
    title = TextField(label="Title", max_length=200, missing="Enter a title.")
    version = TextField(
        label="Version", max_length=40, help_text="As it stands on the document, such as 1.2.",
        look=Look(width=10), missing="Enter the version.",
    )  # fmt: skip
    dated = DateField(label="Its date", help_text="For example, 27 3 2026.",
                      error_messages={"required": "Enter the date of the document."})  # fmt: skip
    expires = DateField(label="The last day on which it counts", required=False)
    file = FileField(
        label="The file",
        help_text="A PDF, Word (DOCX), OpenDocument (ODT), PNG, JPEG or plain text file of at "
        "most 20 MB.",
        accept=ACCEPT, missing="Choose a file.", allow_empty_file=True,
    )  # fmt: skip

    def __init__(self, *args: Any, kinds: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["kind"].choices = kinds


class ReasonForm(forms.Form):
    """One reason."""

    note = WordsField(label="Why", look=Look(rows=5), missing="Say why.")


class LighterForm(forms.Form):
    """The published conditions of the lighter route."""

    met = CheckboxesField(
        label="Which of the published conditions are met?",
        help_text="The lighter route is only for projects that meet all of them.",
        choices=[(key, text.capitalize()) for key, text in LIGHTER_WORDS.items()],
        required=False,
    )
    reason = WordsField(
        label="Why they are met", help_text="This is published.", look=Look(rows=5),
        missing="Say why they are met.",
    )  # fmt: skip


class ScheduleForm(forms.Form):
    """A workshop that is planned already, or a new one."""

    workshop = SelectField(label="Which workshop", missing="Choose a workshop.")
    planned_on = DateField(label="The day of a new workshop", required=False)
    facilitator = SelectField(label="Who leads a new workshop", required=False)

    def __init__(
        self, *args: Any, workshops: list[tuple[str, str]], people: list[tuple[str, str]],
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        self.fields["workshop"].choices = workshops
        self.fields["facilitator"].choices = people

    def clean(self) -> dict[str, Any]:
        """A new workshop needs its day and its person."""
        found = super().clean() or {}
        if found.get("workshop") == "new" and not self.errors:
            if not found.get("planned_on"):
                self.add_error("planned_on", "Enter the day of the workshop.")
            if not found.get("facilitator"):
                self.add_error("facilitator", "Choose who leads it.")
        return found


class HoldForm(forms.Form):
    """How a workshop went."""

    papers_sent_on = DateField(label="The day on which people got the papers",
                               error_messages={"required": "Enter the day."})  # fmt: skip
    held_on = DateField(label="The day of the workshop",
                        error_messages={"required": "Enter the day."})  # fmt: skip
    people = TextField(
        label="How many patients and members of the public came",
        help_text="A number. Nobody's name is kept.",
        look=Look(width=4, inputmode="numeric"), missing="Enter how many came.",
    )  # fmt: skip

    def clean_people(self) -> int:
        """A whole number."""
        said = str(self.cleaned_data["people"]).strip()
        if not (said.isascii() and said.isdigit() and len(said) < 6):
            raise forms.ValidationError("How many came must be a number, such as 10.")
        return int(said)
