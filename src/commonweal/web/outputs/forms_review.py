"""Forms of those who check outputs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from django import forms

from commonweal.papers.output_manifest import (
    OVERRIDE_WORDS,
    RETURN_WORDS,
    FileVerdict,
)
from commonweal.web.nhsuk.fields import (
    CheckboxesField,
    Look,
    RadiosField,
    SelectField,
    WordsField,
)
from commonweal.web.outputs.presenters_review import VERDICTS, what_words

VERDICT_CHOICES = (
    ("approve", "It may leave"),
    ("return", "Send it back: its author has to change it"),
    ("reject", "It may not leave"),
    ("conflicted", "I have an interest of my own in it, so I do not judge it"),
)
MOST_REASONS = 50
_MOST_WORDS = 4_000


class _Reasons(CheckboxesField):
    """Boxes that are needed with some verdicts; which, the whole form says."""

    def clean(self, value: Any) -> Any:
        """The reasons that were ticked. Raises ValidationError for one that there is not."""
        return super().clean(value) if value else []


class _Override(SelectField):
    """A reason that is needed with one verdict; that, the whole form says."""

    def clean(self, value: Any) -> Any:
        """The reason, or nothing. Raises ValidationError for one that there is not."""
        return super().clean(value) if value else ""


class ReviewForm(forms.Form):
    """A vote. `files`: names of what leaves; `needed`: what leaves only with a reason; `words`: of
    some of these, what they are.

    Fields are numbered, in the order of the paper that is signed: a file's name is in no address
    and no identifier. `seen`: the digest of what the page showed.
    """

    seen = forms.CharField(widget=forms.HiddenInput)
    verdict = RadiosField(
        label="What do you say?", choices=VERDICT_CHOICES, missing="Choose what you say.",
        look=Look(size="s", small=True),
    )  # fmt: skip
    reasons = _Reasons(
        label="Reasons about all of it",
        help_text="Only for sending back and for not letting it leave: at least one reason, here "
        "or about one file. The author reads them.",
        choices=tuple(RETURN_WORDS.items()), look=Look(size="s", small=True),
    )  # fmt: skip

    def __init__(
        self,
        *args: Any,
        files: Sequence[str],
        needed: Mapping[str, FileVerdict],
        words: Mapping[str, str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.files, self.needed = tuple(files), dict(needed)
        for number, name in enumerate(self.files, start=1):
            self.fields[f"file-{number}"] = _Reasons(
                label=f"Reasons about {name}", choices=tuple(RETURN_WORDS.items()),
                look=Look(size="s", small=True),
            )  # fmt: skip
        for number, (what, verdict) in enumerate(self.needed.items(), start=1):
            self.fields[f"override-{number}"] = _Override(
                label=f"Why it may leave although this failed: {words.get(what, what_words(what))}",
                help_text=f"{VERDICTS[verdict][0]}. Your reason is published if it leaves.",
                choices=(("", "Choose a reason"), *OVERRIDE_WORDS.items()),
            )  # fmt: skip
        self.fields["to_author"] = WordsField(
            label="Words to the author", required=False, max_length=_MOST_WORDS,
            help_text="They read it once people have decided, and not who wrote it. "
            "Do not write what was found: it can be the secret itself.",
        )  # fmt: skip
        self.fields["note"] = WordsField(
            label="A note to others who check it", required=False, max_length=_MOST_WORDS,
            help_text="They read it once two people have judged. The author never does.",
        )  # fmt: skip

    @property
    def file_fields(self) -> list[Any]:
        """The boxes of each file, as the page draws them, with whether one is ticked."""
        return [
            {"field": self[f"file-{number}"], "name": name,
             "open": bool(self[f"file-{number}"].value() or self[f"file-{number}"].errors)}
            for number, name in enumerate(self.files, start=1)
        ]  # fmt: skip

    @property
    def override_fields(self) -> list[Any]:
        """One field for each check that failed."""
        return [self[f"override-{number}"] for number in range(1, len(self.needed) + 1)]

    @property
    def overrides_open(self) -> bool:
        """Whether a reason for letting it leave was chosen, or is wrong."""
        return any(one.value() or one.errors for one in self.override_fields)

    @property
    def reasons_open(self) -> bool:
        """Whether a reason against it was ticked, or is wrong."""
        whole = self["reasons"]
        return bool(whole.value() or whole.errors) or any(one["open"] for one in self.file_fields)

    @property
    def words_open(self) -> bool:
        """Whether something was written, or is wrong."""
        return any(self[name].value() or self[name].errors for name in ("to_author", "note"))

    def clean(self) -> dict[str, Any]:
        """Reasons go with sending back and rejecting, overrides with approving."""
        found = super().clean() or {}
        verdict, reasons = found.get("verdict"), list(self._reasons(found))
        if verdict in ("return", "reject") and not reasons:
            self.add_error("reasons", "Choose at least one reason.")
        if verdict == "approve" and reasons:
            self.add_error("verdict", "You ticked reasons against it. Take them away, or send it "
                           "back.")  # fmt: skip
        if len(reasons) > MOST_REASONS:
            self.add_error("reasons", f"Choose at most {MOST_REASONS} reasons.")
        if verdict == "approve":
            for number, what in enumerate(self.needed, start=1):
                if not found.get(f"override-{number}"):
                    self.add_error(
                        f"override-{number}",
                        f"Choose why it may leave although this failed: {what_words(what)}.",
                    )
        return found

    def _reasons(self, found: Mapping[str, Any]) -> Iterator[dict[str, str]]:
        for reason in found.get("reasons") or ():
            yield {"reason": reason}
        for number, name in enumerate(self.files, start=1):
            for reason in found.get(f"file-{number}") or ():
                yield {"reason": reason, "file": name}

    def written(self) -> dict[str, Any]:
        """What was chosen and typed, as an `OutputReview` holds it."""
        found = self.cleaned_data
        verdict = found["verdict"]
        words = {name: found[name] for name in ("to_author", "note") if found.get(name)}
        against = verdict in ("return", "reject")
        return {
            "verdict": verdict,
            "reasons": list(self._reasons(found)) if against else [],
            "overrides": [
                {"what": what, "verdict": failed, "reason": found[f"override-{number}"]}
                for number, (what, failed) in enumerate(self.needed.items(), start=1)
            ] if verdict == "approve" else [],
            **words,
        }  # fmt: skip


class RecallForm(forms.Form):
    """Why an output should not have left."""

    reasons = WordsField(
        label="Why should it not have left?",
        help_text="This is published as it stands. Do not write about any one person, and do not "
        "write what can be worked out from it.",
        max_length=2_000,
        missing="Say why it should not have left.",
    )
