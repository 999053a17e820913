"""The form for made-up data."""

from __future__ import annotations

from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from commonweal.web.dummies.models import FEWEST, MOST, MOST_SEED, USUAL
from commonweal.web.nhsuk.fields import Look, TextField


class NumberField(TextField):
    """A whole number in one box; thousands may be parted by commas or spaces."""

    def __init__(self, *args: Any, least: int, most: int, words: str, **kwargs: Any) -> None:
        self.least, self.most, self.words = least, most, words
        super().__init__(*args, look=Look(width=10, inputmode="numeric"), **kwargs)

    def clean(self, value: Any) -> int:
        """The number. Raises ValidationError for anything else."""
        text = str(super().clean(value)).replace(",", "").replace(" ", "")
        if not (text.isascii() and text.isdigit() and len(text) <= 12):
            raise ValidationError(f"{self.words} must be a whole number, such as 1000.")
        if not self.least <= int(text) <= self.most:
            raise ValidationError(f"{self.words} must be {self.least:,} to {self.most:,}.")
        return int(text)


class DummyForm(forms.Form):
    """How many made-up patients, and which seed."""

    patients = NumberField(
        label="How many made-up patients?",
        help_text=f"{FEWEST} to {MOST:,}. With {USUAL:,} a study can be tried out quickly.",
        least=FEWEST, most=MOST, words="The number of patients",
        missing="Say how many made-up patients you want.", initial=str(USUAL),
    )  # fmt: skip
    seed = NumberField(
        label="Seed",
        help_text="The same seed and number of patients make the same data again. Another seed "
        "makes other people up.",
        least=0, most=MOST_SEED, words="The seed", missing="Give a seed, such as 1.", initial="1",
    )  # fmt: skip
