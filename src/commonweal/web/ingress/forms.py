"""Forms for bringing something in and for deciding on it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from django import forms

from commonweal.papers.ingress import ENDINGS, LICENCES
from commonweal.web.ingress.models import MOST_BYTES
from commonweal.web.nhsuk.fields import (
    FileField,
    Look,
    RadiosField,
    SelectField,
    TextField,
    WordsField,
)

OWN = "own"
_ASKED = (("approve", "Yes, studies may use it"), ("refuse", "No, it may not come in"))


class BringForm(forms.Form):
    """A file, and what its sender says of it."""

    permit = SelectField(label="For which project?", missing="Say for which project it is.")
    file = FileField(
        label="The file",
        help_text=f"{', '.join(ENDINGS)}; at most {MOST_BYTES // 1024**2} MB.",
        accept=",".join(ENDINGS), missing="Choose a file.",
    )  # fmt: skip
    name = TextField(
        label="Its name for studies",
        help_text="As studies will name it. Leave this empty to keep the file's own name. It ends "
        "as the file's does.",
        required=False, look=Look(width=30, code=True),
    )  # fmt: skip
    licence = SelectField(
        label="Licence",
        help_text="Under which licence was it published? The names are SPDX identifiers.",
        choices=[("", "Choose one"), *((one, one) for one in sorted(LICENCES)),
                 (OWN, "Another, agreed with the hospital")],
        missing="Choose the licence.",
    )  # fmt: skip
    own_licence = TextField(
        label="Name of the agreed licence",
        help_text="Only for a licence agreed with the hospital: LicenseRef- and its name.",
        required=False, look=Look(width=20, code=True),
    )  # fmt: skip
    about = TextField(
        label="What is it, and what is it for?",
        help_text="One line. Those who decide and those who use it read this. Write nothing about "
        "any one person.",
        max_length=500, missing="Say in a line what it is.",
    )  # fmt: skip

    def __init__(self, *given: Any, projects: Sequence[tuple[str, str]], **more: Any) -> None:
        super().__init__(*given, **more)
        # A choice needs a value: nothing chosen is another thing than all projects.
        named = [(key or "all", f"{title} ({key})" if key else title) for key, title in projects]
        self.fields["permit"].choices = named if len(named) == 1 else [("", "Choose one"), *named]

    def clean(self) -> dict[str, Any]:
        """What was said, with the licence that was meant."""
        said = dict(super().clean() or {})
        if said.get("licence") == OWN:
            own = str(said.get("own_licence") or "").strip()
            if not own.startswith("LicenseRef-"):
                self.add_error("own_licence", "Write LicenseRef- and the name of the licence.")
            said["licence"] = own
        return said


class DecideForm(forms.Form):
    """Whether a file may come in, and why."""

    verdict = RadiosField(
        label="May it come in?", choices=_ASKED, missing="Say whether it may come in."
    )
    reasons = WordsField(
        label="Why?",
        help_text="Needed for a no. The person who brought it reads this.",
        max_length=2_000, required=False,
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """What was said. A no needs its reasons."""
        said = dict(super().clean() or {})
        if said.get("verdict") == "refuse" and not str(said.get("reasons") or "").strip():
            self.add_error("reasons", "Say why it may not come in.")
        return said
