"""Forms of texts for the public."""

from __future__ import annotations

from typing import Any

from django import forms

from commonweal.web.nhsuk.fields import DateField, Look, RadiosField, TextField, WordsField
from commonweal.web.publishing.models import KINDS


class NoticeForm(forms.Form):
    """One text."""

    kind = RadiosField(label="What is it about?", choices=KINDS, missing="Choose one.")
    happened_on = DateField(label="On which day did it happen?", missing="Enter the day.")
    title = TextField(
        label="Title",
        help_text="One short sentence. For example: A list was sent to the wrong team.",
        max_length=150,
        missing="Give it a title.",
    )
    text = WordsField(
        label="The text",
        help_text="In plain words, for everybody. Say what happened, who is affected, and what was "
        "done. Name nobody. Give no numbers about people that were not released.",
        words=600,
        look=Look(words=600, rows=12),
        missing="Write the text.",
    )
    permit = TextField(
        label="Reference of the project, if it is about one",
        help_text="As the list of projects has it.",
        max_length=64,
        required=False,
    )
    output = TextField(
        label="Released output that its figures come from, if there are any",
        help_text="Its reference is on the project's page, under what has left.",
        max_length=64,
        required=False,
    )

    def clean_permit(self) -> str:
        """Without space around it."""
        return str(self.cleaned_data["permit"] or "").strip()

    def clean_output(self) -> str:
        """Without space around it."""
        return str(self.cleaned_data["output"] or "").strip()


class ReasonForm(forms.Form):
    """One text of reasons. `label`, `help_text`, `missing`: what is asked for."""

    words = WordsField(words=300, look=Look(words=300, rows=6))

    def __init__(
        self, *args: Any, label: str, missing: str = "", help_text: str = "", needed: bool = True,
        **kwargs: Any,
    ) -> None:  # fmt: skip
        super().__init__(*args, **kwargs)
        found = self.fields["words"]
        found.label, found.help_text, found.required = label, help_text, needed
        found.error_messages["required"] = missing
