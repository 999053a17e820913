"""The generated parts of the reference pages: states, forms, fields, codes and the cohort grammar.

A page holds pairs of markers, `<!-- generated: NAME -->` and `<!-- end -->`; `fill` puts the part
called NAME between them. `python -m commonweal.papers.reference FOLDER` fills every page of a
folder. A test compares the pages with what would be generated, so that they cannot grow old.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import get_args

from commonweal.foundation.codes import CODES
from commonweal.foundation.errors import CommonwealError, Fault
from commonweal.foundation.files import translated
from commonweal.papers.catalogue import ROLE_FORMS
from commonweal.papers.cohort import Op
from commonweal.papers.forms import FORMS
from commonweal.papers.permit import Permit
from commonweal.papers.permit_check import ACTIONS
from commonweal.papers.permit_state import SENTENCES, STATES, TERMINAL, TRANSITIONS
from commonweal.papers.sentences import ACTION_WORDS, OPERATION_WORDS, PURPOSE_WORDS
from commonweal.papers.vocabulary import REFUSED_PURPOSES, ROLES

FIELDS: dict[str, str] = {
    "permit": "Version of this form of paper: 1.",
    "id": "The permit's name for machines.",
    "version": "Counts up when a permit is written anew.",
    "supersedes": "The permit that this one replaces.",
    "project": "Id, title and summary in plain words.",
    "organisation": "Who asks.",
    "controllers": "Who decides about the data in law.",
    "processors": "Who works for the controllers.",
    "people": "Who may work under the permit: account, name and role.",
    "purposes": "What the data may be used for, from the closed list below.",
    "legal_basis": "UK GDPR Articles 6 and 9, the route under the duty of confidentiality, section "
    "251 support, ethics.",
    "choices": "Whether the national opt-out applies; every exemption with who, when and why. "
    "Objections always apply.",
    "data": "One dataset: its tables, their variables, each in one form.",
    "cohort": "Which people, in the cohort grammar. Everyone where it is absent.",
    "reference_date": "The date at which ages are taken. The first day where it is absent.",
    "shift_weeks": "How far dates in the form `shift` may move either way, in weeks.",
    "restricted_codes": "Legally restricted code lists that may be seen, each with its gateway.",
    "genomic": "Whether variables of the role `genomic` may be named.",
    "risk": "Limits of re-identification risk, by patient.",
    "processing": "What may be done, from the closed list below.",
    "delivery": "`enclave`: the data stay. `handover`: they are handed over.",
    "holdout_share": "Share of people whom no job sees, kept to test models (S2).",
    "link_across_refreshes": "Whether a person keeps the same code in a refresh (S13).",
    "optimise_generalisation": "Whether coarser forms that the catalogue offers may be chosen to "
    "keep the limits of risk. A form is never finer than the one that is named.",
    "intruder_test": "The largest share of people whom attackers may find before a release; else "
    "none is made ([the intruder](../explanation/intruder.md)).",
    "sites": "Hospital sites of a federation.",
    "outputs": "Rules for what may leave: profile, minimum number of people, and limits for models "
    "that are stricter than the hospital's, or that none may leave "
    "([models](../explanation/models.md)).",
    "from": "First day.",
    "until": "Last day, whole.",
    "review_dates": "When people look at it again.",
    "conditions": "What else was promised.",
    "agreement_hash": "Hash of the data sharing agreement.",
    "aia_hash": "Hash of the algorithmic impact assessment.",
    "dpia_hash": "Hash of the data protection impact assessment.",
    "authority": "`committee`, or `direct`: issued at the command line without a committee.",
    "issued_at": "When it was issued.",
    "say_no_until": "Until when people can say no; nothing is released before.",
    "catalogue_digest": "Hash of all that the catalogue decides about this dataset.",
    "cag_grace_days": "Days after the section 251 review date before work stops.",
}
"""What each field of a permit says, in the order in which people read them."""

ISSUED_FIELDS = frozenset(
    {"authority", "issued_at", "say_no_until", "catalogue_digest", "cag_grace_days"}
)
"""Fields that issuing adds: a draft cannot have them."""


def states_diagram() -> str:
    """The permit's states as a Mermaid diagram, from `TRANSITIONS` and what time does."""
    lines = ["```mermaid", "stateDiagram-v2", "    [*] --> drafted"]
    for event, (origins, target) in TRANSITIONS.items():
        lines += [f"    {o} --> {target} : {event}" for o in STATES if o in origins]
    lines += [
        f"    {state} --> {target} : {why}"
        for state, target, why in (
            ("announced", "active", "time to say no is over"),
            *((live, "expired", "last day is over") for live in LIVE),
        )
    ]
    lines += [f"    {state} --> [*]" for state in STATES if state in TERMINAL]
    return "\n".join([*lines, "```"])


LIVE = tuple(s for s in STATES if s not in TERMINAL and s not in ("drafted", "expired"))
"""States that the last day ends."""


def states_table() -> str:
    """Each state with its sentence."""
    return _table(("state", "what it means"), ((f"`{s}`", SENTENCES[s]) for s in STATES))


def forms_table() -> str:
    """Each form with its arguments, the types it fits and what a reader sees."""
    rows = []
    for kind, rule in FORMS.items():
        arguments = f"({', '.join(rule.arguments)})" if rule.arguments else ""
        shown = rule.sentence.format(*(f"*{name}*" for name in rule.arguments))
        rows.append(
            (
                f"`{kind}{arguments}`",
                ", ".join(sorted(rule.types)),
                shown,
                "yes" if rule.built else "not yet",
            )
        )
    return _table(("form", "types", "what is shown", "built"), rows)


def date_forms_table() -> str:
    """What a form shows of a date: the groups that rule S16 keeps apart."""
    rows = [(f"`{kind}`", rule.dates) for kind, rule in FORMS.items() if rule.dates is not None]
    return _table(("form", "shows a date as"), rows)


def role_forms_table() -> str:
    """The roles that are limited to some forms."""
    rows = [
        (f"`{role}`", ", ".join(f"`{kind}`" for kind in sorted(ROLE_FORMS[role])))
        for role in ROLES
        if role in ROLE_FORMS
    ]
    return _table(("role", "can only be offered as"), rows)


def fields_table() -> str:
    """The fields of a permit."""
    needed = {
        field.alias or name for name, field in Permit.model_fields.items() if field.is_required()
    }
    rows = ((f"`{name}`", _who_writes(name, needed), sentence) for name, sentence in FIELDS.items())
    return _table(("field", "written", "what it says"), rows)


def purposes_table() -> str:
    """Purposes that a permit can have, and those that none can have."""
    allowed = ((f"`{code}`", words) for code, words in PURPOSE_WORDS.items())
    refused = ((f"`{code}`", f"never: {words}") for code, words in REFUSED_PURPOSES.items())
    return _table(("purpose", "meaning"), (*allowed, *refused))


def actions_table() -> str:
    """What can be asked of a permit."""
    built = {
        "release": "build a release", "open": "unseal a release",
        "recompute": "unseal a release to work out what a job asked for",
        **ACTION_WORDS,
    }  # fmt: skip
    return _table(("action", "meaning"), ((f"`{action}`", built[action]) for action in ACTIONS))


def codes_table() -> str:
    """The codes of refusals and faults around permits."""
    about = {"PERMIT", "SIGNATURE", "FORM", "CATALOGUE", "PAPER"}
    rows = ((f"`{code}`", CODES[code]) for code in CODES if code.split("-")[1] in about)
    return _table(("code", "when"), rows)


def operations_table() -> str:
    """What a condition of a cohort can say."""
    return _table(
        ("op", "the row counts when its value"),
        ((f"`{op}`", OPERATION_WORDS[op]) for op in get_args(Op)),
    )


PARTS: dict[str, Callable[[], str]] = {
    "states-diagram": states_diagram,
    "states": states_table,
    "forms": forms_table,
    "date-forms": date_forms_table,
    "role-forms": role_forms_table,
    "fields": fields_table,
    "purposes": purposes_table,
    "actions": actions_table,
    "codes": codes_table,
    "operations": operations_table,
}
_MARKED = re.compile(r"(<!-- generated: ([a-z-]+) -->\n).*?(<!-- end -->)", re.DOTALL)


def fill(page: str) -> str:
    """`page` with its generated parts made anew. Raises `Fault` CW-PAPER-INVALID for a part that
    does not exist."""

    def made(match: re.Match[str]) -> str:
        if match[2] not in PARTS:
            raise Fault("CW-PAPER-INVALID", f"There is no generated part {match[2]}.")
        return f"{match[1]}{PARTS[match[2]]()}\n{match[3]}"

    return _MARKED.sub(made, page)


def main(arguments: Sequence[str]) -> int:
    """Fill every page (`*.md`) of a folder. Returns the exit code."""
    if len(arguments) != 1:
        sys.stderr.write("usage: python -m commonweal.papers.reference FOLDER\n")
        return 2
    try:
        for page in sorted(Path(arguments[0]).glob("*.md")):
            with translated(f"the page {page.name}"):
                before = page.read_text("utf-8")
                after = fill(before)
                if after != before:
                    page.write_text(after, "utf-8")
    except CommonwealError as error:
        sys.stderr.write(f"{error.sentence}\n")
        return error.exit_code
    return 0


def _who_writes(name: str, needed: set[str]) -> str:
    if name in ISSUED_FIELDS:
        return "by issuing"
    return "always" if name in needed else "where needed"


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    lines += [f"| {' | '.join(cell.replace('|', chr(92) + '|') for cell in row)} |" for row in rows]
    return "\n".join(lines)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
