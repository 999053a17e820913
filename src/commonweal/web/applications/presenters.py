"""Applications as pages show them: lists, tasks, answers, problems with links, and changes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.urls import reverse

from commonweal.governance.application.diff import Change, sentences, version_changes
from commonweal.governance.application.listing import answers as listed
from commonweal.governance.application.model import SECTIONS, ApplicationContent
from commonweal.governance.application.parts import Part
from commonweal.governance.application.questions import questions
from commonweal.governance.application.version import ApplicationVersion
from commonweal.governance.forms.answers import Answers
from commonweal.governance.forms.comparing import changes as form_changes
from commonweal.governance.forms.library.shelf import our_library
from commonweal.governance.forms.schema import FormDefinition
from commonweal.governance.forms.showing import ShownAnswer, shown_sections
from commonweal.governance.problems import Problem, stopping
from commonweal.governance.states.application import APPLICATION
from commonweal.governance.states.machine import OWNER_WORDS
from commonweal.web.accounts.models import User
from commonweal.web.applications.asking import asks, section_part
from commonweal.web.applications.commenting import parts
from commonweal.web.applications.contents import OPTIONAL, Held, part_at
from commonweal.web.applications.drawing import id_of
from commonweal.web.applications.models import Application, Copy, Version
from commonweal.web.applications.policies import SIGNABLE
from commonweal.web.applications.services import is_signed

NO_TITLE = "Application without a title"
STATUS = {
    "done": {"text": "Completed"},
    "in progress": {"tag": {"text": "In progress", "classes": "nhsuk-tag--blue"}},
    "not started": {"tag": {"text": "Not started", "classes": "nhsuk-tag--white"}},
    "cannot start": {"text": "Cannot start yet",
                     "classes": "nhsuk-task-list__status--cannot-start-yet"},
}  # fmt: skip
STATE_WORDS = {
    "draft": "Draft", "sent": "Sent", "screening": "Being checked", "queried": "Question for you",
    "ready": "Waiting for a meeting", "with_committee": "With the committee",
    "queried_by_committee": "Question for you", "to_be_revised": "To be changed",
    "rejected": "Not approved", "under_appeal": "Under appeal", "approved": "Approved",
    "refused": "Refused", "withdrawn": "Taken back", "lapsed": "Lapsed",
}  # fmt: skip


def row_of(application: Application) -> dict[str, Any]:
    """One application in the list of a person's own."""
    return {
        "href": reverse("applications:tasks", args=[application.reference]),
        "title": application.draft.title or NO_TITLE,
        "reference": application.reference,
        "organisation": application.organisation.name,
        "state": STATE_WORDS[application.state],
        "saved": application.draft.saved_at,
        "turn": APPLICATION.owner(application.state) == "applicant",
    }


def standing(application: Application) -> dict[str, str]:
    """Where an application stands, and whose turn it is."""
    return {
        "state": STATE_WORDS[application.state],
        "sentence": APPLICATION.sentences[application.state],
        "owner": OWNER_WORDS[APPLICATION.owner(application.state)],
    }


def signing(person: User, version: Version | None) -> str:
    """Whether what was sent is signed: `signed`; to be signed by this person (`yours`) or by who
    sent it (`theirs`); or nothing to say."""
    if version is None or version.application.state not in SIGNABLE:
        return ""
    if is_signed(version):
        return "signed"
    return "yours" if version.sent_by_id == person.pk else "theirs"


# --- links ------------------------------------------------------------------------------------


def address(reference: str, place: str) -> str:
    """The page on which the answer at a dotted place is given, with its box."""
    place = boxed(place)
    parts = place.split(".")
    first = parts[0]
    if first == "forms":
        return _form_address(reference, parts[1:])
    if first == "route" and len(parts) > 1:
        return reverse("applications:route", args=[reference, parts[1]])
    if first == "data":
        return _data_address(reference, parts)
    if first == "subjects" and len(parts) > 1 and parts[1] == "cohort":
        return reverse("applications:cohort", args=[reference])
    if first not in SECTIONS:
        return reverse("applications:tasks", args=[reference])
    many = section_part(first)[1] and first != "declarations"
    if many and len(parts) > 1 and parts[1].isdigit():
        here = reverse("applications:item", args=[reference, first, int(parts[1])])
        return f"{here}#{id_of(place)}" if len(parts) > 2 else here
    here = reverse("applications:section", args=[reference, first])
    return f"{here}#{id_of(place)}" if len(parts) > 1 else here


def boxed(place: str) -> str:
    """The place of the box in which the answer at `place` is given.

    Several answers of one question have one box; a date's and a choice's parts have theirs.
    """
    outer, _, number = place.rpartition(".")
    lists = ("codes", "processing", "sites", "items", "review_dates")
    return outer if number.isdigit() and outer.rpartition(".")[2] in lists else place


def _form_address(reference: str, parts: list[str]) -> str:
    if len(parts) < 2 or parts[0] not in our_library().forms:
        name = parts[0] if parts and parts[0] in our_library().forms else None
        if name is None:
            return reverse("applications:tasks", args=[reference])
        return reverse("applications:form", args=[reference, name])
    known = {section.id for section in our_library().form(parts[0]).sections}
    if parts[1] not in known:
        return reverse("applications:form", args=[reference, parts[0]])
    here = reverse("applications:form_section", args=[reference, parts[0], parts[1]])
    return f"{here}#{id_of('.'.join(parts[1:]))}"


def _data_address(reference: str, parts: list[str]) -> str:
    numbers = [int(part) for part in parts if part.isdigit()]
    anchor = f"#{id_of('.'.join(parts))}"
    if len(parts) < 3 or parts[1] != "groups" or not numbers:
        here = reverse("applications:section", args=[reference, "data"])
        return f"{here}{anchor}" if len(parts) > 1 else here
    if len(numbers) > 1:
        here = reverse("applications:variable", args=[reference, *numbers[:2]])
        # Which variable it is, is chosen on the page of its group.
        return f"{here}{anchor}" if len(parts) > 5 and parts[5] in _REASONS else here
    here = reverse("applications:group", args=[reference, numbers[0]])
    return f"{here}{anchor}" if len(parts) > 3 else here


_REASONS = frozenset({"form", "why", "coarser_would_not_do", "without_it"})


def linked(reference: str, found: Iterable[Problem]) -> list[dict[str, str]]:
    """Problems with links to where they are put right."""
    return [
        {"text": each.sentence, "href": address(reference, each.where), "where": each.where}
        for each in found
    ]


def wrong_at(found: Iterable[Problem], start: str = "") -> dict[str, str]:
    """What is wrong, by place; `start` is taken off the places and others are left out."""
    said: dict[str, list[str]] = {}
    for each in found:
        if each.where.startswith(start):
            said.setdefault(boxed(each.where[len(start) :]), []).append(each.sentence)
    return {place: " ".join(each) for place, each in said.items()}


# --- the task list ----------------------------------------------------------------------------


@dataclass(frozen=True)
class Tasks:
    """The task list: groups of lines as nhsuk-frontend's macro takes them, and how far it is."""

    groups: tuple[tuple[str, list[dict[str, Any]]], ...]
    done: int
    total: int
    stopping: int


_GROUPS = (
    ("Before you begin", ("route",)),
    ("You and the people with you", ("project", "organisation", "responsible", "people", "places")),
    ("Why and by which law", ("purpose", "legal", "opt_out")),
    ("The data", ("subjects", "data", "access", "flows", "safeguards")),
    ("Time and papers", ("period", "retention", "documents", "assessments")),
)


def task_list(
    reference: str, held: Held, at: datetime, comments: Mapping[str, int] | None = None
) -> Tasks:
    """All that is to be filled in, with how far each part is. `comments`: open ones by part."""
    waiting = comments or {}
    found = held.problems(at)
    by_section = {task.section: task for task in held.tasks(found)}
    groups = []
    states: list[str] = []
    for title, sections in _GROUPS:
        rows = [_task(reference, section, by_section[section], waiting) for section in sections]
        states += [by_section[section].state for section in sections]
        groups.append((title, rows))
    forms = [_form_task(reference, held, form, waiting) for form in held.forms.values()]
    states += [state for _, state in forms]
    more = [our_library().form(id_) for id_ in OPTIONAL if id_ not in held.forms]
    groups.append(("Assessments and other forms", [row for row, _ in forms]))
    if more:
        rows = [_optional_task(reference, form) for form in more]
        groups.append(("Forms that you may add", rows))
    declared = by_section["declarations"]
    groups.append(("Declare and send", _last(reference, found, declared, waiting)))
    states.append(declared.state)
    return Tasks(tuple(groups), states.count("done"), len(states), len(stopping(found)))


def _task(
    reference: str, section: str, task: Any, comments: Mapping[str, int]
) -> dict[str, Any]:  # fmt: skip
    row = {
        "heading": {"text": task.title},
        "href": address(reference, section),
        "status": STATUS[task.state],
    }
    return row | _hint(comments.get(section, 0))


def _hint(comments: int) -> dict[str, Any]:
    words = "open comment" if comments == 1 else "open comments"
    return {"hint": {"text": f"{comments} {words}"}} if comments else {}


def _form_task(
    reference: str, held: Held, form: FormDefinition, comments: Mapping[str, int]
) -> tuple[dict[str, Any], str]:
    progress = {one.progress for one in shown_sections(form, held.answers_of(form))}
    state = "done" if progress == {"completed"} else "in progress"
    state = "not started" if progress == {"not_started"} else state
    row = {
        "heading": {"text": form.title},
        "href": address(reference, f"forms.{form.id}"),
        "status": STATUS[state],
    }
    return row | _hint(comments.get(f"form-{form.id}", 0)), state


def _optional_task(reference: str, form: FormDefinition) -> dict[str, Any]:
    return {
        "heading": {"text": f"{form.title} (optional)"},
        "href": address(reference, f"forms.{form.id}"),
        "status": STATUS["not started"],
    }


def told_copy(application: Application) -> dict[str, Any] | None:
    """That a draft began as a copy, and what it answers anew, with links; None for any other."""
    row = Copy.objects.filter(application=application).select_related("earlier").first()
    if row is None:
        return None
    here, titles = application.reference, parts()
    return {
        "earlier": row.earlier.reference,
        "anew": [
            {"href": part_address(here, part), "title": titles.get(part, ""), "text": said}
            for part, said in row.anew
        ],
    }


def part_address(reference: str, part: str) -> str:
    """The page of a part, as comments name it: a section, or `form-` and a form's id."""
    return address(reference, f"forms.{part[5:]}" if part.startswith("form-") else part)


def _last(
    reference: str, found: Sequence[Problem], declared: Any, comments: Mapping[str, int]
) -> list[dict[str, Any]]:
    left = [each for each in stopping(found) if not each.where.startswith("declarations")]
    ready = not stopping(found)
    sending: dict[str, Any] = {"heading": {"text": "Send"}, "status": STATUS["cannot start"]}
    if ready:
        sending["href"] = reverse("applications:send", args=[reference])
        sending["status"] = STATUS["not started"]
    checking = {
        "heading": {"text": "Check your answers"},
        "hint": {"text": f"{len(left)} still to do" if left else "Everything is there"},
        "href": reverse("applications:check", args=[reference]),
        "status": {"text": ""},
    }
    return [_task(reference, "declarations", declared, comments), checking, sending]


# --- answers ----------------------------------------------------------------------------------


def told(content: ApplicationContent) -> list[dict[str, Any]]:
    """Every answer in words, by section and by what it is about; nothing that is empty."""
    sections: dict[str, dict[str, list[dict[str, str]]]] = {}
    for each in listed(content):
        row = {"label": each.label, "words": each.words, "where": each.where}
        sections.setdefault(each.section, {}).setdefault(each.item, []).append(row)
    for kept in content.kept:
        section = str(kept.path[0]) if kept.path else ""
        if section in SECTIONS:
            row = {"label": "As you typed it", "words": _plain(kept.value), "where": ""}
            sections.setdefault(section, {}).setdefault("Not readable yet", []).append(row)
    titles = questions().sections
    return [
        {"id": section, "title": titles[section], "items": list(sections[section].items())}
        for section in SECTIONS
        if section in sections
    ]


def _plain(value: Any) -> str:
    if isinstance(value, list):
        return ", ".join(_plain(each) for each in value)
    if isinstance(value, dict):
        return "; ".join(_plain(each) for each in value.values())
    return str(value)


def told_part(part: type[Part], value: Any) -> list[tuple[str, str]]:
    """What somebody typed in one part, label by label; for showing two versions of it."""
    if not isinstance(value, dict):
        return [("As it was typed", _plain(value))] if value else []
    labels = {one.field: one for one in asks(part)}
    rows: list[tuple[str, str]] = []
    for field, inner in value.items():
        one = labels.get(field)
        label = one.label if one is not None else field
        if one is not None and one.of is not None:
            for each in inner if isinstance(inner, list) else [inner]:
                rows += [(f"{label}: {name}", words) for name, words in told_part(one.of, each)]
            continue
        words = dict(one.choices) if one is not None else {}
        values = inner if isinstance(inner, list) else [inner]
        texts = (words.get(str(each), _yes(each)) for each in values)
        rows.append((label, ", ".join(texts)))
    return rows


def _yes(value: Any) -> str:
    return {True: "Yes", False: "No"}[value] if isinstance(value, bool) else _plain(value)


def told_form(form: FormDefinition, answers: Answers) -> list[dict[str, Any]]:
    """A filled-in form in words, section by section; questions without an answer are left out."""
    made = []
    for section in shown_sections(form, answers):
        rows = [row for each in section.answers if (row := _form_row(each)) is not None]
        made.append({"id": section.id, "title": section.title, "rows": rows})
    return made


def _form_row(each: ShownAnswer) -> dict[str, Any] | None:
    if each.columns and each.rows:
        return {"label": each.ask, "columns": each.columns, "rows": each.rows}
    return {"label": each.ask, "words": each.text} if each.text else None


def answers_of_version(version: ApplicationVersion) -> list[tuple[FormDefinition, Answers]]:
    """The forms of a version with their answers; a form in another version is left out."""
    found = []
    for each in version.answers:
        form = our_library().forms.get(each.form)
        if form is None or form.version != each.form_version:
            continue
        plain = {"answers": 1, "form": form.id, "form_version": form.version,
                 "values": each.plain()["values"]}  # fmt: skip
        found.append((form, Answers.read(plain, "The answers")))
    return found


def unknown_forms(version: ApplicationVersion) -> list[str]:
    """What is said of forms of a version that are none of ours, or in another version of theirs.

    Their answers cannot be shown beside the questions that they answer, so nobody can judge them.
    """
    known = {form.id for form, _ in answers_of_version(version)}
    return [
        f"The form {each.form}, version {each.form_version}, is not one that this hospital uses."
        for each in version.answers
        if each.form not in known
    ]


def items_of(held: Held, section: str) -> list[dict[str, Any]]:
    """The items of a section that is a list, each with its name and a sentence about it."""
    part, _ = section_part(section)
    stored = part_at(held.typed, (section,))
    rows = stored if isinstance(stored, list) else []
    made = []
    for n, value in enumerate(rows):
        pairs = told_part(part, value)
        name = next((words for _, words in pairs if words.strip()), f"Number {n + 1}")
        made.append({"number": n, "name": name, "rows": pairs[:6]})
    return made


# --- what changed -----------------------------------------------------------------------------


def told_changes(older: ApplicationVersion, newer: ApplicationVersion) -> dict[str, Any]:
    """What changed between two versions: in sentences, and side by side."""
    found = version_changes(older, newer)
    titles = questions().sections
    typed = [
        {
            "section": titles.get(each.section, "Forms"),
            "label": f"{each.item}: {each.label}" if each.item else each.label,
            "before": each.before,
            "after": each.after,
        }
        for each in found
        if each.section != "forms"
    ]
    return {"sentences": sentences(found), "rows": typed + _form_rows(older, newer, found)}


def _form_rows(
    older: ApplicationVersion, newer: ApplicationVersion, found: Sequence[Change]
) -> list[dict[str, Any]]:
    before = {form.id: answers for form, answers in answers_of_version(older)}
    rows = []
    for form, answers in answers_of_version(newer):
        was = before.get(form.id)
        if was is None or not any(each.item == form.id for each in found):
            continue
        rows += [
            {
                "section": form.title,
                "label": each.ask,
                "before": "".join(piece.text for piece in each.before),
                "after": "".join(piece.text for piece in each.after),
            }
            for each in form_changes(form, was, form, answers)
        ]
    return rows
