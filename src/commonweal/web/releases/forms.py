"""Forms of releases."""

from __future__ import annotations

from django import forms

from commonweal.web.nhsuk.fields import WordsField


class ReasonsForm(forms.Form):
    """Why a release is sent back."""

    reasons = WordsField(
        label="Why is it sent back?",
        help_text="Say what must change. Do not write about any one person.",
        max_length=2_000,
        missing="Say why it is sent back.",
    )
