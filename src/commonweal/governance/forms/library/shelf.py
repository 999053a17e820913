"""The forms in use: ours, with those of a hospital's own folder in their place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from importlib import resources
from pathlib import Path

from commonweal.foundation.documents import MAX_BYTES
from commonweal.foundation.errors import Fault
from commonweal.foundation.files import read_bytes, translated
from commonweal.governance.forms.reading import parse_form
from commonweal.governance.forms.schema import FormDefinition

ORDER = (
    "aia", "aia-workshop", "aia-synthesis", "lighter-route", "dpia", "benefits", "methods",
    "outputs", "funding", "retention", "involvement", "equality", "member-review",
    "annual-review", "destruction",
)  # fmt: skip
"""Our own forms, in the order in which people meet them."""


@dataclass(frozen=True)
class Library:
    """Forms by id, in order; one version of each, and the YAML that each was read from."""

    forms: Mapping[str, FormDefinition]
    texts: Mapping[str, bytes]

    def __iter__(self) -> Iterator[FormDefinition]:
        return iter(self.forms.values())

    def form(self, id_: str) -> FormDefinition:
        """The form with that id. Raises `Fault` CW-QUESTION-UNKNOWN."""
        self._check_known(id_)
        return self.forms[id_]

    def text(self, id_: str) -> bytes:
        """The YAML of the form with that id. Raises `Fault` CW-QUESTION-UNKNOWN."""
        self._check_known(id_)
        return self.texts[id_]

    def with_folder(self, folder: Path) -> Library:
        """This library with the forms of a folder (`*.yaml`) added, or in place of those with the
        same id. Raises `FormInvalid`, and `Fault` CW-QUESTION-INVALID for an id in two files."""
        with translated(f"the folder {folder.name}"):
            paths = sorted(path for path in folder.iterdir() if path.suffix in (".yaml", ".yml"))
        forms: dict[str, FormDefinition] = {}
        texts: dict[str, bytes] = {}
        for path in paths:
            text = read_bytes(path, "The form", limit=MAX_BYTES)
            form = parse_form(text, f"The form {path.name}")
            if form.id in forms:
                raise Fault(
                    "CW-QUESTION-INVALID", f"Two files of {folder.name} hold a form {form.id}."
                )
            forms[form.id], texts[form.id] = form, text
        return Library({**self.forms, **forms}, {**self.texts, **texts})

    def _check_known(self, id_: str) -> None:
        if id_ not in self.forms:
            raise Fault(
                "CW-QUESTION-UNKNOWN",
                "There is no form with this id.",
                remedy="`commonweal forms list` shows the forms there are.",
            )


@cache
def our_library() -> Library:
    """The forms that come with Commonweal."""
    folder = resources.files("commonweal.governance.forms.library")
    texts = {id_: folder.joinpath(f"{id_}.yaml").read_bytes() for id_ in ORDER}
    forms = {id_: parse_form(text, f"The form {id_}.yaml") for id_, text in texts.items()}
    return Library(forms, texts)
