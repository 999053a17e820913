"""The rules that a draft must meet against the catalogue before it can be issued.

Each rule has a code and one sentence that names dataset, table and variable. All faults are found;
the first is raised. Sources: ARCHITECTURE 4; S16 (dates); P3 and CAG items; P4; P10.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from commonweal.foundation.errors import Fault
from commonweal.papers.catalogue import NAMING, Catalogue, Dataset, Table, Variable
from commonweal.papers.cohort_rules import DATED, DATES, cohort_faults, interval_faults
from commonweal.papers.forms import Form
from commonweal.papers.permit import PermitDraft, PermittedVariable
from commonweal.papers.refusal import PermitRefused

RESEARCH_PURPOSES = frozenset(
    {"research", "ai_research", "ai_train", "ai_test", "health_technology_assessment"}
)
"""For these the Health Research Authority decides on section 251 support, else the Secretary of
State (P3)."""


@dataclass(frozen=True)
class Wanted:
    """One permitted variable beside what the catalogue says about it."""

    dataset: Dataset
    table: Table
    variable: Variable
    permitted: PermittedVariable

    @property
    def form(self) -> Form:
        """The form asked for."""
        return self.permitted.parsed

    @property
    def name(self) -> str:
        """`table.variable`, for sentences."""
        return f"{self.table.name}.{self.variable.name}"

    @property
    def about_people(self) -> bool:
        """True if the rows of its table belong to people."""
        return self.dataset.person.kind == "row" or self.table.person_link is not None


def wanted(draft: PermitDraft, catalogue: Catalogue) -> tuple[Wanted, ...]:
    """Every permitted variable, looked up. Raises `PermitRefused` CW-PERMIT-UNKNOWN-VARIABLE."""
    found: list[Wanted] = []
    for permitted_dataset in draft.data:
        try:
            dataset = catalogue.dataset(permitted_dataset.dataset)
            for permitted_table in permitted_dataset.tables:
                table = dataset.table(permitted_table.table)
                found += [
                    Wanted(dataset, table, table.variable(item.variable), item)
                    for item in permitted_table.variables
                ]
        except Fault as fault:
            raise PermitRefused("CW-PERMIT-UNKNOWN-VARIABLE", fault.sentence) from None
    return tuple(found)


def check_draft(draft: PermitDraft, catalogue: Catalogue) -> tuple[Wanted, ...]:
    """Refuse a draft that the catalogue or the law of forms does not allow.

    Returns the permitted variables, looked up. Raises the first `PermitRefused` in the order of
    this module; `faults` gives all.
    """
    items = wanted(draft, catalogue)
    for fault in faults(draft, catalogue, items):
        raise fault
    return items


def check_beside(draft: PermitDraft, other: PermitDraft, catalogue: Catalogue) -> None:
    """Refuse a draft whose rows can be laid beside another permit's, where dates would meet.

    Both are of one project and both have `link_across_refreshes`, so that codes and shifts are the
    same: a date shown as `shift` by one is undone by a date shown exactly or coarsely by the other,
    and an interval by its anchor (S16). Raises `PermitRefused` CW-PERMIT-DATE-FORMS.
    """
    if not any(item.parsed.kind in ("shift", "interval") for item in _permitted(draft, other)):
        return
    mine = wanted(draft, catalogue)
    try:
        theirs = wanted(other, catalogue)
    except PermitRefused:
        raise PermitRefused(
            "CW-PERMIT-DATE-FORMS",
            f"Permit {other.id} of the same project links its codes too, and the catalogue does "
            "not tell whether its dates would undo this one's.",
        ) from None
    both = (*mine, *theirs)
    anchors = (*_anchor_faults(both), *_anchor_faults((*theirs, *mine)))
    for fault in (*anchors, *_date_faults(both), *_birth_faults(both)):
        raise PermitRefused(
            fault.code,
            f"Beside permit {other.id} of the same project, which links its codes too: "
            f"{fault.sentence}",
        )


def _permitted(*drafts: PermitDraft) -> Iterator[PermittedVariable]:
    for draft in drafts:
        for table in draft.dataset.tables:
            yield from table.variables


def faults(
    draft: PermitDraft, catalogue: Catalogue, items: tuple[Wanted, ...]
) -> Iterator[PermitRefused]:
    """Every reason why the draft cannot be issued."""
    for item in items:
        yield from _role_faults(item, draft)
        yield from _form_faults(item)
    yield from _anchor_faults(items)
    yield from _date_faults(items)
    yield from _birth_faults(items)
    yield from _cohort_faults(draft, catalogue, items)
    yield from _support_faults(draft, items)


def _role_faults(item: Wanted, draft: PermitDraft) -> Iterator[PermitRefused]:
    role = item.variable.role
    if role is None:
        yield PermitRefused(
            "CW-PERMIT-ROLE-MISSING", f"No one has declared a role for {item.name} yet."
        )
    if not item.about_people and _tells_of_people(item):
        yield PermitRefused(
            "CW-PERMIT-NO-PERSON",
            f"{item.name} is about people, but its table has no link to the person: nobody's "
            "choice could be honoured in it.",
        )
    if role == "direct_identifier" and item.form.kind == "exact":
        yield PermitRefused(
            "CW-PERMIT-DIRECT-IDENTIFIER",
            f"{item.name} says who a person is and is never shown as it is.",
        )
    if role == "record_key" and item.form.kind not in ("record_code", "pseudonym"):
        yield PermitRefused(
            "CW-PERMIT-DIRECT-IDENTIFIER", f"{item.name} is a record key: only a code is shown."
        )
    if role == "genomic" and not draft.genomic:
        yield PermitRefused(
            "CW-PERMIT-GENOMIC", f"{item.name} is genomic; the permit does not name genomic data."
        )
    is_link = item.variable.name == item.table.link_variable and not item.dataset.route(item.table)
    if is_link and item.form.kind != "pseudonym":
        yield PermitRefused(
            "CW-PERMIT-DIRECT-IDENTIFIER",
            f"{item.name} says whose row it is: only a pseudonym is shown.",
        )
    if item.form.kind == "pseudonym" and not is_link:
        yield PermitRefused(
            "CW-PERMIT-PSEUDONYM-PLACE",
            f"{item.name} does not identify the person of the row; ask for record_code.",
        )


def _tells_of_people(item: Wanted) -> bool:
    """True if a variable says something of people, also where its table has no link to them."""
    variable, there = item.variable, item.variable.links_to
    if variable.role not in (None, "other", "record_key") or variable.identifies in NAMING:
        return True
    # Codes of one kind of record are the same in all tables: the rows can be joined to people.
    linked = (table.name for table in item.dataset.tables if table.person_link is not None)
    return there is not None and there.table in linked


def _form_faults(item: Wanted) -> Iterator[PermitRefused]:
    form = item.form
    if not form.rule.built:
        yield PermitRefused(
            "CW-PERMIT-FORM-NOT-BUILT",
            f"{item.name}: Commonweal cannot make the form {form.text} yet.",
        )
    elif form.text not in item.variable.forms:
        offered = ", ".join(item.variable.forms) or "none"
        yield PermitRefused(
            "CW-PERMIT-FORM-NOT-OFFERED",
            f"{item.name} is not offered as {form.text} (offered: {offered}).",
        )
    # A rollup counts people, and a shift or a first date is a person's own.
    alone = form.kind == "interval" and item.permitted.since is None
    if (alone or form.kind in ("shift", "rollup")) and not item.about_people:
        yield PermitRefused(
            "CW-PERMIT-FORM-NOT-BUILT",
            f"{item.name}: the form {form.text} needs people, and the rows of this table are not "
            "about people.",
        )
    if form.kind == "interval":
        yield from _interval_faults(item)


def _interval_faults(item: Wanted) -> Iterator[PermitRefused]:
    since = item.permitted.since
    if since is None:
        if item.variable.administrative:
            yield PermitRefused(
                "CW-PERMIT-DATE-FORMS",
                f"{item.name} is the same for many people: it can only be shown as an interval "
                "since another administrative date.",
            )
        return
    try:
        anchor = item.table.variable(since)
    except Fault as fault:
        yield PermitRefused("CW-PERMIT-UNKNOWN-VARIABLE", fault.sentence)
        return
    if anchor.role is None:
        yield PermitRefused(
            "CW-PERMIT-ROLE-MISSING",
            f"No one has declared a role for {item.table.name}.{since} yet.",
        )
    if anchor.type not in DATES or anchor.name == item.variable.name:
        yield PermitRefused("CW-PERMIT-DATE-FORMS", f"{item.name} cannot count from {since}.")
    if anchor.administrative != item.variable.administrative:
        yield PermitRefused(
            "CW-PERMIT-DATE-FORMS",
            f"{item.name} since {since} would give away a person's true date.",
        )
    if anchor.is_birth or item.variable.is_birth:
        yield PermitRefused(
            "CW-PERMIT-DATE-FORMS", f"{item.name} since {since} would give away an exact age."
        )


def _anchor_faults(items: tuple[Wanted, ...]) -> Iterator[PermitRefused]:
    """A date that is shown gives every date that is counted from it, and nobody measures that.

    A month or a year gives them too, to the month or the year. A shifted date gives them shifted;
    another interval gives what its own rule allows.
    """
    shown = {(item.table.name, item.variable.name): item.form for item in items}
    for item in items:
        since = item.permitted.since
        anchor = shown.get((item.table.name, since or ""))
        if since is None or anchor is None or anchor.kind in ("shift", "interval"):
            continue
        yield PermitRefused(
            "CW-PERMIT-DATE-FORMS",
            f"{item.name} as days since {since} would give its date away, because {since} is shown "
            f"as {anchor.text}: ask for both as {anchor.text}, so that both are measured.",
        )


def _date_faults(items: tuple[Wanted, ...]) -> Iterator[PermitRefused]:
    """S16: a shifted date meets no exact or coarser date, and no exact age."""
    shifted = next((item for item in items if item.form.kind == "shift"), None)
    for item in items:
        if item.variable.administrative and item.form.kind != "interval":
            yield PermitRefused(
                "CW-PERMIT-DATE-FORMS", f"{item.name} is administrative: only an interval is shown."
            )
        if shifted is None:
            continue
        if _undoes_shift(item):
            yield PermitRefused(
                "CW-PERMIT-DATE-FORMS",
                f"{item.name} as {item.form.text} would undo the date shift of {shifted.name}.",
            )


def _birth_faults(items: tuple[Wanted, ...]) -> Iterator[PermitRefused]:
    """A birthday moved by the same weeks as other dates still gives the exact age at each."""
    shifted = [item for item in items if item.form.kind == "shift"]
    births = [item for item in shifted if item.variable.is_birth]
    if births and len(shifted) > 1:
        yield PermitRefused(
            "CW-PERMIT-DATE-FORMS",
            f"{births[0].name} as shift beside another shifted date would give away an exact age.",
        )


def _undoes_shift(item: Wanted) -> bool:
    form, identifies = item.form, item.variable.identifies
    if item.variable.type in DATES:
        return form.names_exact_age or form.rule.dates in ("exact", "coarse")
    # A date or an age that is kept as text or as a number is still a date or an age.
    if identifies == "age":
        return form.kind != "age_band" or form.names_exact_age
    dated = identifies in DATED
    return form.names_exact_age or (dated and form.kind not in ("record_code", "age_band"))


def _cohort_faults(
    draft: PermitDraft, catalogue: Catalogue, items: tuple[Wanted, ...]
) -> Iterator[PermitRefused]:
    dataset = catalogue.dataset(draft.dataset.dataset)
    shifted = any(item.form.kind == "shift" for item in items)
    weeks = draft.shift_weeks if shifted else None
    yield from cohort_faults(draft.cohort, dataset, shift_weeks=weeks)
    counted = tuple(
        (item.table.name, item.variable.name, item.permitted.since)
        for item in items
        if item.form.kind == "interval" and item.dataset.id == dataset.id
    )
    yield from interval_faults(draft.cohort, dataset, counted, weeks=2 * draft.shift_weeks + 1)


def _support_faults(draft: PermitDraft, items: tuple[Wanted, ...]) -> Iterator[PermitRefused]:
    cag = draft.legal_basis.cag
    if cag is None or draft.legal_basis.common_law not in ("s251_reg2", "s251_reg5"):
        return
    research = bool(RESEARCH_PURPOSES & set(draft.purposes))
    decider = "hra" if research else "secretary_of_state"
    if cag.decision_maker != decider:
        yield PermitRefused(
            "CW-PERMIT-CAG-DECIDER",
            f"The section 251 support {cag.reference} was not decided by the "
            f"{'Health Research Authority' if research else 'Secretary of State'}.",
        )
    covered = set(cag.items)
    for item in items:
        if item.name not in covered and item.variable.name not in covered:
            yield PermitRefused(
                "CW-PERMIT-CAG-ITEMS",
                f"The section 251 support {cag.reference} does not cover {item.name}.",
            )
