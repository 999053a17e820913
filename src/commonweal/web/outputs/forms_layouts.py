"""Forms of standing outputs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

from django import forms

from commonweal.foundation.canonical import parse_json
from commonweal.foundation.errors import CommonwealError
from commonweal.papers.standing import MOST_MONTHS, month_after, month_of, month_words
from commonweal.web.nhsuk.fields import (
    FileField,
    Look,
    RadiosField,
    SelectField,
    TextField,
    WordsField,
)

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


EARLIER, LATER = 12, 30
"""Months before and after the present one that the page offers."""
ALL = "all"
"""Every row is of a month: the table is of the state of things."""
SETTLES = (
    ("0", "At once"), ("7", "After a week"), ("14", "After two weeks"),
    ("28", "After four weeks"), ("56", "After eight weeks"), ("92", "After three months"),
)  # fmt: skip


class DraftForm(forms.Form):
    """Which table that has left is made each month, from when until when.

    `sources`: (value, words) of the tables; `columns`: as TABLE.COLUMN, that say a month.
    """

    def __init__(
        self,
        *args: Any,
        sources: Sequence[tuple[str, str]],
        columns: Sequence[str],
        today: date,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        months = [("", "Choose a month"), *months_offered(today)]
        self.fields["source"] = RadiosField(
            label="Which table?", choices=sources, missing="Choose a table.",
            help_text="Tables of your projects that have left. The new one asks the same, and has "
            "the same groups.",
        )  # fmt: skip
        self.fields["first"] = SelectField(
            label="First month", choices=months, missing="Choose the first month."
        )
        self.fields["until"] = SelectField(
            label="Last month", choices=months, missing="Choose the last month.",
            help_text=f"At most {MOST_MONTHS} months.",
        )  # fmt: skip
        self.fields["period"] = SelectField(
            label="Which rows are of a month?",
            choices=[(ALL, "All: it shows how things stand when it is made"),
                     *((one, f"Those whose {one} is the month") for one in columns)],
        )  # fmt: skip
        self.fields["settles"] = SelectField(
            label="When is a month complete?", choices=SETTLES, initial="14",
            help_text="Records are often entered some days after the end of a month.",
        )  # fmt: skip
        self.fields["name"] = TextField(
            label="Short name", missing="Type a short name.", max_length=48, look=Look(width=20),
            help_text="Letters, digits and dashes, such as stays-by-ward. It never changes.",
        )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """The last month is not before the first."""
        said = super().clean() or {}
        first, until = said.get("first"), said.get("until")
        if first and until and until < first:
            self.add_error("until", "The last month is before the first.")
        return said


def months_offered(today: date) -> list[tuple[str, str]]:
    """Months that can be chosen, as (YYYY-MM, in words)."""
    now = today.year * 12 + today.month - 1 - EARLIER
    month = month_of(date(now // 12, now % 12 + 1, 1))
    found = []
    for _ in range(EARLIER + LATER + 1):
        found.append((month, f"{date(int(month[:4]), int(month[5:]), 1):%B %Y}"))
        month = month_after(month)
    return found
