"""Forms of the public panel."""

from __future__ import annotations

from typing import Any

from django import forms

from commonweal.web.nhsuk.fields import (
    DateField,
    Look,
    RadiosField,
    SelectField,
    TextField,
    WordsField,
)
from commonweal.web.panel.models import CHOICES, Meeting


class QuestionForm(forms.Form):
    """A new question."""

    ask = TextField(
        label="What do you ask the panel?",
        help_text="One question in plain words, about who may use which data, and why. "
        "Ask it so that people can say yes or no.",
        max_length=300,
        missing="Write the question.",
    )
    why = WordsField(
        label="Why do you ask?",
        help_text="What is planned, what could be good about it and what could go wrong.",
        words=400,
        missing="Say why you ask.",
    )
    vote_days = forms.IntegerField(
        label="For how many days can people vote?", min_value=1, max_value=60, initial=14
    )


class PaperForm(forms.Form):
    """A paper in plain words."""

    title = TextField(label="Title", max_length=200, missing="Give the paper a title.")
    words = WordsField(
        label="The paper",
        help_text="In plain words. Everybody on the panel reads it.",
        words=2000,
        look=Look(words=2000, rows=15),
        missing="Write the paper.",
    )


class WordsForm(forms.Form):
    """One text. `label`, `help_text`, `missing`: what is asked for."""

    words = WordsField(words=1500, look=Look(words=1500, rows=10))

    def __init__(
        self, *args: Any, label: str, missing: str, help_text: str = "", **kwargs: Any
    ) -> None:
        super().__init__(*args, **kwargs)
        found = self.fields["words"]
        found.label, found.help_text = label, help_text
        found.error_messages["required"] = missing


class VoteForm(forms.Form):
    """One vote."""

    choice = RadiosField(label="What do you say?", choices=CHOICES, missing="Choose one.")
    reasons = WordsField(
        label="Why?",
        help_text="Your reasons are published without your name, once the vote is closed.",
        words=300,
        missing="Say why. One sentence is enough.",
    )


class MeetingForm(forms.Form):
    """A workshop or meeting. `questions`: those that it can be about."""

    kind = RadiosField(label="What is it?", choices=Meeting.KINDS, missing="Choose one.")
    title = TextField(label="Title", max_length=200, missing="Give it a title.")
    held_on = DateField(label="Day", missing="Enter the day.")
    where = TextField(
        label="Where, and how people can join",
        max_length=300,
        missing="Say where it is and how people can join.",
    )
    about = WordsField(label="What is it about?", words=300, missing="Say what it is about.")
    papers = WordsField(
        label="The papers",
        help_text="In plain words: all that people need to have read.",
        words=2000,
        look=Look(words=2000, rows=15),
        missing="Write the papers.",
    )
    question = SelectField(label="Which question is it about?", required=False)
    assessment = TextField(
        label="Reference of the application",
        help_text="For a workshop about the impact of an AI project. It begins with a-",
        max_length=48,
        required=False,
    )

    def __init__(self, *args: Any, questions: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["question"].choices = [("", "None"), *questions]

    def clean_assessment(self) -> str:
        """A reference as the service writes it, or nothing."""
        given = str(self.cleaned_data["assessment"] or "").strip()
        if given and not (given.startswith("a-") and given[2:].isascii() and given[2:].isalnum()):
            raise forms.ValidationError("A reference looks like a-bcdfghjklm.")
        return given


class NotesForm(forms.Form):
    """Independent notes of a meeting."""

    people = forms.IntegerField(
        label="How many members of the panel came?", min_value=0, max_value=500
    )
    words = WordsField(
        label="What did people say?",
        help_text="Without names. Write down what they agreed on and where they did not.",
        words=2000,
        look=Look(words=2000, rows=15),
        missing="Write what people said.",
    )
