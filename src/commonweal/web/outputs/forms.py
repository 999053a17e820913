"""The form with which an author asks that files may leave."""

from __future__ import annotations

from typing import Any

from django import forms

from commonweal.papers.base import PaperInvalid
from commonweal.web.nhsuk.fields import CheckboxesField, Look, TextField, WordsField
from commonweal.web.outputs.models import Output
from commonweal.web.outputs.wishes import wish_of
from commonweal.web.studies.models import Job

_KINDS = {
    "request": "figures that the hospital works out again",
    "file": "a file that the study wrote",
    "figure": "a picture",
    "model": "a model",
}


def _could_leave(job: Job) -> list[Any]:
    """What the study declares but its columns of single people, which never leave."""
    return [one for one in job.declared if one["kind"] != "person_column"]


def _kind(declared: Any) -> str:
    return _KINDS.get(declared["kind"], "a file")


class AskForm(forms.Form):
    """Which files, and what two people need to know who look at them."""

    files = CheckboxesField(
        label="Which files do you need outside?",
        help_text="Ask for no more than your question needs. Files that you leave out stay here.",
        missing="Choose at least one file.",
    )
    title = TextField(
        label="What is this output?",
        help_text="One line, such as “Admissions by age and month”. It is shown in the public "
        "register once the output has left.",
        missing="Say what this output is.",
        max_length=200,
    )
    context = WordsField(
        label="What are the figures about?",
        help_text="Say whom they count, over which time, and what each column or line means. "
        "Two people read this who have not seen your study. Do not write about any one person.",
        words=500,
        max_length=10_000,
        missing="Say what the figures are about.",
    )
    controls = WordsField(
        label="What did you do to protect people?",
        help_text="For example: counts are rounded to the nearest 5, groups under 10 people are "
        "merged, no highest or lowest values are shown.",
        words=500,
        max_length=10_000,
        missing="Say what you did to protect people.",
    )

    def __init__(self, data: Any, job: Job, earlier: Output | None) -> None:
        """`earlier`: the turn that came back, whose words are offered again."""
        names = [one["file"] for one in _could_leave(job)]
        began: dict[str, Any] = {"files": names, "title": job.title}
        if earlier is not None:
            said = earlier.manifest
            asked = {one["path"] for one in said["files"]}
            began = {name: said[name] for name in ("title", "context", "controls")}
            began["files"] = [one for one in names if one in asked] or names
        super().__init__(data, initial=began)
        self.fields["files"].choices = [
            (
                one["file"],
                f"{one['file']}: {one.get('about', '')} ({_KINDS.get(one['kind'], 'a file')})",
            )
            for one in _could_leave(job)
        ]
        self.fields["files"].look = Look(size="m")

    def clean(self) -> dict[str, Any]:
        """What was written must make the paper that the airlock reads."""
        said = super().clean() or {}
        if not self.errors:
            try:
                wish_of(self.wish())
            except PaperInvalid as error:
                raise forms.ValidationError(error.sentence) from error
        return said

    def wish(self) -> dict[str, Any]:
        """What the order holds."""
        said = self.cleaned_data
        words = {name: said[name].replace("\r\n", "\n").strip()
                 for name in ("title", "context", "controls")}  # fmt: skip
        return words | {"files": list(said["files"])}
