"""The form with which somebody chooses."""

from __future__ import annotations

from typing import Any

from django import forms

from commonweal.papers.choice import OF_ONE_PROJECT, new_choice_id
from commonweal.papers.own_order import OwnChoice
from commonweal.web.nhsuk.fields import Look, RadiosField, TextField
from commonweal.web.patients.words import KIND_WORDS, OFFERED
from commonweal.web.register.presenters import entry_or_none

_LONGEST = 64


class ChoiceForm(forms.Form):
    """What somebody says no to."""

    kind = RadiosField(
        label="What do you say no to?",
        choices=[(kind, KIND_WORDS[kind].title) for kind in OFFERED],
        missing="Choose what you say no to.",
    )
    project = TextField(
        label="If it is one project: its permit",
        help_text="The page of each project in the list names its permit, such as permit-1.",
        max_length=_LONGEST,
        required=False,
        look=Look(width=20, autocomplete="off"),
    )

    def clean(self) -> dict[str, Any]:
        """A project that is in the list, where the choice is about one; and none otherwise."""
        said = super().clean() or {}
        project = str(said.get("project") or "").strip()
        if said.get("kind") in OF_ONE_PROJECT:
            if not project:
                self.add_error("project", "Enter the permit of the project.")
            elif entry_or_none(project) is None:
                self.add_error("project", "There is no project with this permit in the list.")
        elif project and "kind" in said:
            self.add_error("project", "Leave this empty, or choose “No to one project” above.")
        return said

    def wish(self) -> OwnChoice:
        """What was chosen, under a new id."""
        said = self.cleaned_data
        project = str(said.get("project") or "").strip() or None
        return OwnChoice(id=new_choice_id(), kind=said["kind"], project=project)
