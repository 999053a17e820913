"""Forms of standing outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import CommonwealError
from commonweal.papers.standing import month_words
from commonweal.web.nhsuk.fields import FileField, RadiosField, SelectField, WordsField

MOST_BYTES = 256 * 1024
WORDS = {
    "approve": "It may be made each month",
    "refuse": "It may not be made each month",
    "give_up": "Leave one month out",
    "end": "End it: no month is made or leaves any more",
}


class LayoutForm(forms.Form):
    """What somebody says of a layout. `able`: which words; `months`: that can be left out.

    `seen`: the digest of what the page showed.
    """

    seen = forms.CharField(widget=forms.HiddenInput)

    def __init__(
        self, *args: Any, able: Sequence[str], months: Sequence[str], **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["word"] = RadiosField(
            label="What do you say?", choices=[(one, WORDS[one]) for one in able],
            missing="Choose what you say.",
        )  # fmt: skip
        if "give_up" in able:
            self.fields["month"] = _Needed(
                label="Month to leave out",
                choices=[("", "None"), *((one, month_words(one)) for one in months)],
                required=False,
            )
            self.fields["why"] = WordsField(
                label="Why the month is left out", max_length=1_000, required=False
            )

    def clean(self) -> dict[str, Any]:
        """A month that is left out is named, with a reason."""
        said = super().clean() or {}
        if said.get("word") == "give_up":
            if not said.get("month"):
                self.add_error("month", "Choose the month that is left out.")
            if not said.get("why"):
                self.add_error("why", "Say why the month is left out.")
        return said


class _Needed(SelectField):
    """A month that is needed with one word; that, the whole form says."""

    def clean(self, value: Any) -> Any:
        """The month, or nothing. Raises ValidationError for one that there is not."""
        return super().clean(value) if value else ""


class NewLayoutForm(forms.Form):
    """A file with a standing output."""

    file = FileField(
        label="The file", help_text="JSON, as the schema of a standing output says.",
        missing="Choose a file.",
    )  # fmt: skip

    def clean_file(self) -> Any:
        """The document in the file. Raises ValidationError where it is too large or no JSON."""
        given = self.cleaned_data["file"]
        if given.size > MOST_BYTES:
            raise forms.ValidationError("The file is too large to be a standing output.")
        try:
            return parse_json(given.read(), "The file")
        except CommonwealError as error:
            raise forms.ValidationError(error.sentence) from error
