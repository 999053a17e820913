"""What the committee's pages ask."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from zoneinfo import ZoneInfo

from django import forms
from django.core.exceptions import ValidationError

from commonweal.governance.committee.vocabulary import INTEREST_WORDS
from commonweal.web.nhsuk.fields import (
    CheckboxesField,
    DateField,
    Look,
    RadiosField,
    SelectField,
    TextField,
    WordsField,
)

_LONDON = ZoneInfo("Europe/London")
VERDICTS = (
    ("approve", "Yes"),
    ("approve_with_conditions", "Yes, with conditions"),
    ("resubmit", "Change it and send it again"),
    ("reject", "No"),
)
HOUR_WORDS = ((1, "1 hour"), (24, "1 day"), (72, "3 days"), (168, "7 days"))


def lines(text: str) -> tuple[str, ...]:
    """The lines of a box that say something."""
    return tuple(line.strip() for line in text.splitlines() if line.strip())


def one_newline(text: Any) -> str:
    """A text with the line ends that papers have."""
    return str(text or "").replace("\r\n", "\n").replace("\r", "\n")


class _Words(WordsField):
    def clean(self, value: Any) -> Any:
        return super().clean(one_newline(value))


class MeetingForm(forms.Form):
    """A date, a time and a place."""

    on = DateField(label="Day", help_text="For example, 27 3 2027", missing="Enter the day.")
    at = TextField(
        label="Time", help_text="For example, 14:00", missing="Enter the time.",
        look=Look(width=5), max_length=5,
    )  # fmt: skip
    place = TextField(
        label="Where", help_text="A room, or how to join. It is not published.",
        missing="Enter where it is.", max_length=200,
    )  # fmt: skip

    def clean_at(self) -> dt.time:
        """The time. Raises ValidationError."""
        try:
            return dt.datetime.strptime(self.cleaned_data["at"], "%H:%M").time()  # noqa: DTZ007
        except ValueError:
            raise ValidationError("Time must be like 14:00.") from None

    def held_at(self) -> dt.datetime:
        """Day and time, in London."""
        day, at = self.cleaned_data["on"], self.cleaned_data["at"]
        return dt.datetime.combine(day, at, _LONDON)


class DeclareForm(forms.Form):
    """Whether there is a conflict, and which."""

    conflict = RadiosField(
        label="Do you have a conflict of interest?",
        missing="Say whether you have a conflict of interest.",
        choices=(("no", "No, none"), ("yes", "Yes")),
    )
    kinds = CheckboxesField(
        label="If yes: which of these is so of you?",
        required=False,
        choices=[(key, words[0].upper() + words[1:]) for key, words in INTEREST_WORDS.items()],
    )
    told = _Words(label="More about it", required=False, words=300)

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError where the answers do not go together."""
        data = super().clean() or {}
        chosen, kinds = data.get("conflict"), data.get("kinds") or []
        if chosen == "yes" and not kinds:
            self.add_error("kinds", "Choose what is so of you.")
        if chosen == "no" and kinds:
            self.add_error("conflict", "You said no, and chose something below. Which is it?")
        if "other" in kinds and not (data.get("told") or "").strip():
            self.add_error("told", "Say what the other reason is.")
        return data


class VoteForm(forms.Form):
    """One of four answers, why, and conditions."""

    verdict = RadiosField(label="Your vote", missing="Choose one.", choices=VERDICTS)
    reasons = _Words(
        label="Why", words=500, missing="Say why.",
        help_text="If others decide otherwise, your reasons are published, without your name.",
    )  # fmt: skip
    conditions = _Words(
        label="Conditions", required=False, words=500,
        help_text="Only for a yes with conditions. One on each line.",
    )  # fmt: skip

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError where conditions do not go with the vote."""
        data = super().clean() or {}
        wanted = data.get("verdict") == "approve_with_conditions"
        asked = bool(lines(data.get("conditions") or ""))
        if wanted and not asked:
            self.add_error("conditions", "Say what the conditions are.")
        if asked and data.get("verdict") and not wanted:
            self.add_error("verdict", "Conditions go with a yes with conditions only.")
        return data


class OpenForm(forms.Form):
    """How long the vote may last."""

    hours = SelectField(label="Wait for votes for", choices=HOUR_WORDS)


class AnswerForm(forms.Form):
    """An answer to a question."""

    words = _Words(label="Your answer", words=1000, missing="Write an answer.")


class QuestionForm(forms.Form):
    """A question in the member's own words."""

    words = TextField(
        label="Ask in your own words", missing="Write your question.", max_length=500
    )  # fmt: skip


class AppealForm(forms.Form):
    """Why the decision should be looked at again."""

    grounds = _Words(
        label="Why should others look at the decision again?", words=1500,
        missing="Say why.", look=Look(words=1500, rows=10),
    )  # fmt: skip


class ShortForm(forms.Form):
    """Why each condition of the short route is met, and who decides.

    `conditions`: name to words. `people`: account to name and role. What the application itself
    refutes is told by the page and not asked.
    """

    def __init__(
        self,
        *args: Any,
        conditions: Sequence[tuple[str, str]],
        people: Sequence[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        for name, words in conditions:
            self.fields[name] = _Words(
                label=f"Why this is so: {words}", words=150, missing=f"Say why: {words}."
            )
        self.fields["present"] = CheckboxesField(
            label="Who decides?", choices=list(people), error_messages={"required": "Choose who."}
        )


class ChairForm(forms.Form):
    """For what the chair decides between meetings, why, and with whom.

    `reasons`: name to words, as the rules allow them here. `people`: account to name and role.
    """

    reason = RadiosField(label="What for?", missing="Choose what for.", choices=())
    told = _Words(
        label="Why it can be decided now", words=300, missing="Say why.",
        help_text="For example, how the condition was met. It is published. Name nobody.",
    )  # fmt: skip
    present = CheckboxesField(
        label="Who decides with you?",
        error_messages={"required": "Choose who decides with you."},
        help_text="These members said that they have no conflict of interest.",
    )

    def __init__(
        self,
        *args: Any,
        reasons: Sequence[tuple[str, str]],
        people: Sequence[tuple[str, str]],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        self.fields["reason"].choices = list(reasons)
        self.fields["present"].choices = list(people)


class MinutesForm(forms.Form):
    """What the secretary adds to what was recorded."""

    words = _Words(
        label="What else should stand in the minutes?", required=False, words=2000,
        help_text="Name no lay member here, and do not say who voted how. This is published.",
        look=Look(words=2000, rows=10),
    )  # fmt: skip


class HearingForm(forms.Form):
    """What becomes of an appeal, and why."""

    result = RadiosField(
        label="The appeal is", missing="Choose one.",
        choices=(
            ("uphold", "upheld\nThe committee decides again. You cannot approve it yourself."),
            ("dismiss", "dismissed\nThe decision stands."),
        ),
    )  # fmt: skip
    reasons = _Words(label="Why", words=1000, missing="Say why.",
                     help_text="This is published. Name nobody.")  # fmt: skip


class DecisionForm(forms.Form):
    """What the chair writes for the committee; one box for each condition that was asked for."""

    summary = _Words(
        label="What was decided, in plain words", words=400, missing="Write the summary.",
        help_text="For everybody. It is published first.",
    )  # fmt: skip
    reasons = _Words(
        label="Reasons", words=1000, missing="Write the reasons.",
        help_text="One on each line. They are published.", look=Look(words=1000, rows=8),
    )  # fmt: skip

    def __init__(self, *args: Any, asked: Sequence[str], grants: bool, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.asked = asked
        for n, text in enumerate(asked):
            self.fields[f"condition_{n}"] = _Words(
                label=f"Condition {n + 1}", words=300, initial=text,
                missing="A condition that a member asked for cannot be left out.",
                help_text="You can make the wording better.",
            )  # fmt: skip
        if grants:
            self.fields["until"] = DateField(
                label="An earlier last day than the one asked for", required=False
            )

    def conditions(self) -> tuple[str, ...]:
        """The wording of every condition, each once."""
        found = (self.cleaned_data[f"condition_{n}"].strip() for n in range(len(self.asked)))
        return tuple(dict.fromkeys(found))


class VariableForm(forms.Form):
    """What is proposed of one variable."""

    verdict = RadiosField(
        label="What is proposed", missing="Choose one.", look=Look(small=True, inline=True),
        choices=(("granted", "Yes, as asked"), ("coarser", "Yes, in less detail"),
                 ("refused", "No")),
    )  # fmt: skip
    form = SelectField(label="In which form, if in less detail", required=False)
    reason = _Words(label="Why, if not as asked", required=False, look=Look(rows=2))

    def __init__(self, *args: Any, forms_offered: Sequence[tuple[str, str]], **kw: Any) -> None:
        super().__init__(*args, **kw)
        self.fields["form"].choices = [("", "Choose"), *forms_offered]

    def clean(self) -> dict[str, Any]:
        """Raises ValidationError where form and reason do not go with the answer."""
        data = super().clean() or {}
        verdict = data.get("verdict")
        if verdict == "coarser" and not data.get("form"):
            self.add_error("form", "Choose the form.")
        if verdict in ("coarser", "refused") and not (data.get("reason") or "").strip():
            self.add_error("reason", "Say why.")
        return data

    def plain(self, path: tuple[str, str, str]) -> dict[str, str]:
        """The answer as a plain `VariableDecision`."""
        dataset, table, variable = path
        data = self.cleaned_data
        made = {"dataset": dataset, "table": table, "variable": variable,
                "verdict": data["verdict"]}  # fmt: skip
        if made["verdict"] == "coarser":
            made["form"] = data["form"]
        if made["verdict"] != "granted":
            made["reason"] = data["reason"].strip()
        return made
