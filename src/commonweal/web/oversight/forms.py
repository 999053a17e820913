"""The form of a member's own page."""

from __future__ import annotations

from typing import Any

from django import forms

from commonweal.web.nhsuk.fields import Look, RadiosField, WordsField


class FaceForm(forms.Form):
    """How a member is shown. `lay`: only lay members are asked about their name."""

    by_name = RadiosField(
        label="How are you shown to everybody?",
        help_text="Until you choose, nobody can read your name here.",
        choices=[("role", "By role only: a lay member"), ("name", "By my name")],
        missing="Choose how you are shown.",
    )
    interests = WordsField(
        label="Which interests do you have?",
        help_text="Work, shares, posts and family ties that have to do with patient data. Write "
        '"none" if there are none. Somebody else reads it before everybody can.',
        words=300,
        look=Look(words=300, rows=8),
        missing='Write your interests, or "none".',
    )

    def __init__(self, *args: Any, lay: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if not lay:
            del self.fields["by_name"]
