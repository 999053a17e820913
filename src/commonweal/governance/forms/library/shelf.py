"""The forms in use: ours, with those of a hospital's own folder in their place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from commonweal.foundation.errors import Fault
from commonweal.foundation.files import translated
from commonweal.governance.forms.reading import load_form, parse_form
from commonweal.governance.forms.schema import FormDefinition

ORDER = (
    "aia", "aia-workshop", "aia-synthesis", "lighter-route", "dpia", "benefits", "methods",
    "outputs", "funding", "retention", "involvement", "equality", "member-review",
    "annual-review", "destruction",
)  # fmt: skip
"""Our own forms, in the order in which people meet them."""


@dataclass(frozen=True)
class Library:
    """Forms by id, in order; one version of each."""

    forms: Mapping[str, FormDefinition]

    def __iter__(self) -> Iterator[FormDefinition]:
        return iter(self.forms.values())

    def form(self, id_: str) -> FormDefinition:
        """The form with that id. Raises `Fault` CW-QUESTION-UNKNOWN."""
        if id_ not in self.forms:
            raise Fault(
                "CW-QUESTION-UNKNOWN",
                "There is no form with this id.",
                remedy="`commonweal forms list` shows the forms there are.",
            )
        return self.forms[id_]

    def with_folder(self, folder: Path) -> Library:
        """This library with the forms of a folder (`*.yaml`) added, or in place of those with the
        same id. Raises `FormInvalid`, and `Fault` CW-QUESTION-INVALID for an id in two files."""
        with translated(f"the folder {folder.name}"):
            paths = sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml"))
        found: dict[str, FormDefinition] = {}
        for path in paths:
            form = load_form(path)
            if form.id in found:
                raise Fault(
                    "CW-QUESTION-INVALID", f"Two files of {folder.name} hold a form {form.id}."
                )
            found[form.id] = form
        return Library({**self.forms, **found})


@cache
def our_library() -> Library:
    """The forms that come with Commonweal."""
    folder = resources.files("commonweal.governance.forms.library")
    forms = {}
    for id_ in ORDER:
        name = f"{id_}.yaml"
        forms[id_] = parse_form(folder.joinpath(name).read_bytes(), f"The form {name}")
    return Library(forms)
