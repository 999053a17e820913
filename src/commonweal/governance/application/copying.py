"""Starting from an earlier application: what carries over, and what must be answered anew.

Who asks, what for and which data carry over. What somebody declared, decided or checked for the
earlier application does not, for nobody did so for this one; nor does what has run out.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from commonweal.foundation.london import london_day
from commonweal.governance.application.assurance import holds_until
from commonweal.governance.application.basis import Assessments, OptOut
from commonweal.governance.application.model import SECTIONS, ApplicationContent
from commonweal.governance.application.people import Member, Place
from commonweal.governance.application.questions import questions
from commonweal.governance.application.terms import Period, Retention


@dataclass(frozen=True)
class Copied:
    """A draft made from an earlier application. `anew`: what must be answered again, and why."""

    content: ApplicationContent
    anew: tuple[tuple[str, str], ...]
    """Section and sentence."""


def copy_application(earlier: ApplicationContent, at: datetime) -> Copied:
    """The draft that begins as a copy of `earlier` on the day of `at`."""
    parts: dict[str, Any] = {}
    anew: list[tuple[str, str]] = []
    for section in SECTIONS:
        part, sentences = CARRIED[section](earlier, at)
        parts[section] = part
        anew += [(section, sentence) for sentence in sentences]
    return Copied(ApplicationContent(**parts), tuple(anew))


Carry = Callable[[ApplicationContent, datetime], tuple[Any, list[str]]]


def _as_it_is(section: str) -> Carry:
    def carry(earlier: ApplicationContent, at: datetime) -> tuple[Any, list[str]]:  # noqa: ARG001
        return getattr(earlier, section), []

    return carry


def _project(earlier: ApplicationContent, _: datetime) -> tuple[Any, list[str]]:
    # Two projects of one name could not be told apart in the register or by an objection.
    gone = {"id": None, "title": None, "replaces": None, "change_reason": None}
    said = "The short name and the title are given anew: each project has its own."
    return earlier.project.model_copy(update=gone), [said]


def _people(earlier: ApplicationContent, at: datetime) -> tuple[Any, list[str]]:
    people, said = [], []
    for n, member in enumerate(earlier.people):
        kept, lapsed = copy_member(member, at)
        people.append(kept)
        if lapsed:
            said.append(f"Something of person {n + 1} has run out: {' and '.join(lapsed)}.")
    return tuple(people), said


def copy_member(member: Member, at: datetime) -> tuple[Member, list[str]]:
    """A person without what has run out by `at`, and what that was."""
    today = london_day(at)
    training = tuple(t for t in member.training if t.expires is None or t.expires >= today)
    contract, lapsed = member.honorary_contract, []
    if len(training) < len(member.training):
        lapsed.append("training")
    if contract is not None and contract.expires is not None and contract.expires < today:
        contract = None
        lapsed.append("the honorary contract")
    changed = {"training": training, "honorary_contract": contract}
    return member.model_copy(update=changed), lapsed


def _places(earlier: ApplicationContent, at: datetime) -> tuple[Any, list[str]]:
    places = tuple(copy_place(each, at) for each in earlier.places)
    said = ["The custodian checks the security of each place anew."] if places else []
    for n, (before, after) in enumerate(zip(earlier.places, places, strict=True)):
        if before.assurance is not None and after.assurance is None:
            said.append(f"What showed that place {n + 1} is secure (such as the DSPT) has run out.")
    return places, said


def copy_place(place: Place, at: datetime) -> Place:
    """A place with what shows that it is secure, if that still counts; nobody checked it yet."""
    shown = place.assurance
    if shown is None:
        return place
    until = holds_until(shown)
    if until is None or until < london_day(at):
        return place.model_copy(update={"assurance": None})
    checked = ("checked_by", "checked_on", "accepted_by", "accepted_on")
    unchecked = shown.model_copy(update=dict.fromkeys(checked))
    return place.model_copy(update={"assurance": unchecked})


def _legal(earlier: ApplicationContent, _: datetime) -> tuple[Any, list[str]]:
    said = []
    if earlier.legal.cag is not None:
        said.append("Section 251 support is given to one project: this one needs its own.")
    if earlier.legal.ethics is not None:
        said.append("An ethics committee's opinion is about one project: this one needs its own.")
    return earlier.legal.model_copy(update={"cag": None, "ethics": None}), said


def _opt_out(earlier: ApplicationContent, _: datetime) -> tuple[Any, list[str]]:
    if earlier.opt_out.is_empty:
        return earlier.opt_out, []
    return OptOut(), ["Whether the national opt-out applies is decided for each project."]


def _documents(earlier: ApplicationContent, _: datetime) -> tuple[Any, list[str]]:
    if not earlier.documents:
        return (), []
    return (), ["Documents are given anew: each project has its own, and they are checked again."]


def _period(earlier: ApplicationContent, _: datetime) -> tuple[Any, list[str]]:
    return Period(), [] if earlier.period.is_empty else ["The dates are given anew."]


def _retention(earlier: ApplicationContent, _: datetime) -> tuple[Any, list[str]]:
    kept = Retention(how=earlier.retention.how, kept=earlier.retention.kept)
    gone = earlier.retention.destroyed_by is not None
    return kept, ["The day by which the data are destroyed is given anew."] if gone else []


def _data(earlier: ApplicationContent, _: datetime) -> tuple[Any, list[str]]:
    said = ["Why each variable is needed is read again: it was argued for another question."]
    if earlier.data.is_empty:
        return earlier.data, []
    return earlier.data.model_copy(update={"reference_date": None}), said


def _assessments(earlier: ApplicationContent, _: datetime) -> tuple[Any, list[str]]:
    if earlier.assessments.is_empty:
        return earlier.assessments, []
    return Assessments(dpo=earlier.assessments.dpo), ["The officer's advice is asked for anew."]


def _declarations(earlier: ApplicationContent, _: datetime) -> tuple[Any, list[str]]:
    return (), ["Every declaration is made anew."] if earlier.declarations else []


CARRIED: dict[str, Carry] = {
    **{section: _as_it_is(section) for section in
       ("route", "organisation", "responsible", "purpose", "subjects", "access", "flows",
        "safeguards")},
    "project": _project,
    "people": _people,
    "places": _places,
    "legal": _legal,
    "opt_out": _opt_out,
    "data": _data,
    "period": _period,
    "retention": _retention,
    "documents": _documents,
    "assessments": _assessments,
    "declarations": _declarations,
}  # fmt: skip
"""How each section is carried over."""


def anew_sentences(copied: Copied) -> tuple[str, ...]:
    """What must be answered anew, each sentence under its section's title."""
    titles = questions().sections
    return tuple(f"{titles[section]}: {sentence}" for section, sentence in copied.anew)
