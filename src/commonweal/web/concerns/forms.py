"""Forms of concerns."""

from __future__ import annotations

from typing import Any

from django import forms

from commonweal.web.concerns.models import OUTCOMES
from commonweal.web.nhsuk.fields import Look, RadiosField, TextField, WordsField

WAYS = (
    ("page", "I look here, with a number and a code"),
    ("email", "By e-mail"),
    ("phone", "By phone"),
    ("post", "By post"),
)


class ConcernForm(forms.Form):
    """What somebody is worried about. Nothing but the words is needed."""

    words = WordsField(
        label="What are you worried about?",
        help_text="Please do not write your NHS number or anything about your health here. We do "
        "not need it.",
        words=800,
        look=Look(words=800, rows=8),
        missing="Write what you are worried about.",
    )
    project = TextField(
        label="Is it about one project? Its name or reference, if you have it",
        max_length=200,
        required=False,
    )
    way = RadiosField(
        label="How would you like our answer?", choices=WAYS, missing="Choose how we answer."
    )
    name = TextField(
        label="Your name, if you want to give it",
        max_length=120,
        required=False,
        look=Look(autocomplete="name"),
    )
    address = TextField(
        label="Your e-mail address, phone number or postal address, if we are to use it",
        max_length=300,
        required=False,
    )

    def clean(self) -> dict[str, Any]:
        """Who wants an answer somewhere says where."""
        said = super().clean() or {}
        if said.get("way") not in (None, "", "page") and not str(said.get("address") or "").strip():
            self.add_error("address", "Say where we can reach you, or choose to look here.")
        return said


class OwnForm(forms.Form):
    """Number and code of somebody's own concern."""

    reference = TextField(
        label="Number",
        help_text="For example c-bdfg-hjkm.",
        max_length=40,
        missing="Enter the number of your concern.",
        look=Look(width=20),
    )
    code = TextField(
        label="Code",
        help_text="We showed it to you once, with the number.",
        max_length=80,
        missing="Enter the code.",
        look=Look(width=20, autocomplete="off"),
    )


class AnswerForm(forms.Form):
    """How it ended."""

    outcome = RadiosField(label="What came of it?", choices=OUTCOMES, missing="Choose one.")
    words = WordsField(
        label="The answer",
        help_text="In plain words: what you found, what changes, and by when.",
        words=800,
        look=Look(words=800, rows=10),
        missing="Write the answer.",
    )
