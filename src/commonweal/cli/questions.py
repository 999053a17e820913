"""`commonweal forms`: list, check, copy and carry the forms that people fill in."""

from __future__ import annotations

import json as json_text
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from commonweal.cli.options import JsonOption, group, names, new_place
from commonweal.cli.show import emit, note

if TYPE_CHECKING:
    from collections.abc import Iterable

    from commonweal.governance.forms.changing import FormChange
    from commonweal.governance.forms.library import Library
    from commonweal.governance.forms.schema import FormDefinition
    from commonweal.governance.problems import Problem

app = group("The forms that people fill in: list, check and copy them.")

FolderOption = Annotated[
    Path | None,
    typer.Option(help="A folder of forms (YAML) in place of ours.", show_default=False),
]
OutOption = Annotated[
    Path, typer.Option(help="The file to write; it must not exist.", callback=new_place)
]


@app.command("list")
def list_forms(folder: FolderOption = None, json: JsonOption = False) -> None:
    """List the forms that there are."""
    forms = list(_library(folder))
    plain = [
        {
            "id": form.id,
            "version": form.version,
            "title": form.title,
            "questions": len(form.questions()),
            "locked": sum(question.locked for question in form.questions()),
            "filled_by": list(form.filled_by),
        }
        for form in forms
    ]
    lines = [
        f"{form.id:16} version {form.version}  {len(form.questions()):3} questions  {form.title}"
        for form in forms
    ]
    emit(json, {"forms": plain}, lines)


@app.command("check")
def check(
    file: Annotated[Path, typer.Argument(help="The form (YAML).", metavar="FILE")],
    against: Annotated[
        Path | None,
        typer.Option(help="The version before, to see what changed.", show_default=False),
    ] = None,
    approved_by: Annotated[
        str | None,
        typer.Option(
            help="The two people who approve a change of locked questions: A,B.",
            show_default=False,
        ),
    ] = None,
    json: JsonOption = False,
) -> int:
    """Check a form, and what changed since the version before.

    Exit code 3 if something must be put right. Advice about the wording never counts.
    """
    from commonweal.governance.forms.changing import compare
    from commonweal.governance.forms.reading import FormInvalid, load_form
    from commonweal.governance.forms.wording import form_advice
    from commonweal.governance.problems import stopping

    before = load_form(against) if against is not None else None
    form: FormDefinition | None = None
    changes: tuple[FormChange, ...] = ()
    try:
        form = load_form(file)
        problems = form_advice(form)
        if before is not None:
            compared = compare(before, form, None, names(approved_by))
            problems, changes = (*compared.problems, *problems), compared.changes
    except FormInvalid as error:
        problems = error.problems
    stops = stopping(problems)
    lines = [f"Changed: {change.sentence}." for change in changes]
    lines += [_line(problem) for problem in problems]
    lines.append(_verdict(form, len(stops)))
    plain: dict[str, Any] = {"ok": not stops, "problems": _plain(problems)}
    if form is not None:
        plain |= {"form": form.id, "version": form.version, "questions": len(form.questions())}
    if before is not None:
        plain["changes"] = [
            {"where": c.where, "what": c.what, "fields": list(c.fields), "locked": c.locked}
            for c in changes
        ]
    emit(json, plain, lines)
    return 3 if stops else 0


@app.command("export")
def export(
    form: Annotated[str, typer.Argument(help="The id of the form.", metavar="ID")],
    out: OutOption,
    fhir: Annotated[
        bool, typer.Option("--fhir", help="Write a FHIR R4 Questionnaire instead of YAML.")
    ] = False,
    folder: FolderOption = None,
    json: JsonOption = False,
) -> None:
    """Copy a form to a file, as YAML or as FHIR R4."""
    from commonweal.foundation.files import write_atomic

    library = _library(folder)
    found = library.form(form)
    if fhir:
        from commonweal.governance.forms.fhir import check_resource, questionnaire

        made = questionnaire(found)
        check_resource(made, f"The form {found.id}")
        content = json_text.dumps(made, indent=2, ensure_ascii=False).encode() + b"\n"
    else:
        content = library.text(form)
    write_atomic(out, content, mode=0o644, exclusive=True)
    plain = {"form": found.id, "version": found.version, "file": str(out)}
    emit(json, plain, [f"{found.title}, version {found.version}, is in {out}."])


@app.command("import")
def import_form(
    file: Annotated[Path, typer.Argument(help="A FHIR R4 Questionnaire (JSON).", metavar="FILE")],
    out: OutOption,
    json: JsonOption = False,
) -> int:
    """Make a form (YAML) of a FHIR R4 Questionnaire.

    Exit code 3, and nothing is written, if it holds what our forms cannot hold.
    """
    from commonweal.foundation.canonical import parse_json
    from commonweal.foundation.files import read_bytes, write_atomic
    from commonweal.governance.forms.fhir import read_questionnaire
    from commonweal.governance.forms.writing import write_form

    what = f"The file {file.name}"
    imported = read_questionnaire(parse_json(read_bytes(file, what, limit=_LIMIT), what), what)
    made = imported.definition
    if made is not None:
        write_atomic(out, write_form(made).encode(), mode=0o644, exclusive=True)
    lines = [_line(problem) for problem in imported.problems]
    if made is not None:
        lines.append(f"{made.title}, {len(made.questions())} questions, is in {out}.")
        lines.append("Read it, correct it, then run `commonweal forms check`.")
    else:
        lines.append("Nothing was written: put these right first.")
    plain: dict[str, Any] = {"ok": made is not None, "problems": _plain(imported.problems)}
    if made is not None:
        plain |= {"form": made.id, "file": str(out), "questions": len(made.questions())}
    emit(json, plain, lines)
    if made is not None:
        note(json, "Nothing in an imported form is published or locked unless it says so.")
    return 0 if made is not None else 3


_LIMIT = 4 * 1024 * 1024


def _library(folder: Path | None) -> Library:
    from commonweal.governance.forms.library import our_library

    library = our_library()
    return library if folder is None else library.with_folder(folder)


def _line(problem: Problem) -> str:
    return f"{'Advice' if problem.level == 'warns' else 'FAULT '}  {problem.sentence}"


def _verdict(form: FormDefinition | None, stops: int) -> str:
    if form is None or stops:
        return f"{stops} fault(s) to put right."
    return f"{form.title}, version {form.version}: {len(form.questions())} questions, no fault."


def _plain(problems: Iterable[Problem]) -> list[dict[str, str]]:
    return [
        {"where": p.where, "code": p.code, "sentence": p.sentence, "level": p.level}
        for p in problems
    ]
