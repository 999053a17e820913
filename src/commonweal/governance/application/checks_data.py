"""What still stops sending: whose records, which variables, in which form, and why each is needed.

Necessity is asked for every group; for what others may know of a person (quasi-identifiers), text
and images it is asked for each variable. What the catalogue and the law of forms allow is asked of
`papers.permit_rules`, with the draft that a permit would hold: one rule, one place.
"""

from __future__ import annotations

from collections import Counter
from typing import Any

from commonweal.foundation.errors import Fault
from commonweal.governance.application.checking import (
    Problems,
    Setting,
    missing,
    stops,
    warns,
)
from commonweal.governance.application.permitted import permitted_data
from commonweal.governance.application.seeds import AnalysisRoles, read_seed
from commonweal.governance.application.wanted import Asked
from commonweal.papers.base import PaperInvalid
from commonweal.papers.catalogue import Variable
from commonweal.papers.forms import Form, shows_less
from commonweal.papers.permit import PermitDraft
from commonweal.papers.permit_rules import faults, wanted
from commonweal.papers.refusal import PermitRefused

OWN_REASON = frozenset({"quasi_identifier", "free_text", "image", "genomic"})
"""Roles of which each variable has a reason of its own. A direct identifier in a form that tells
something (an age group) is one of them, too."""
_SAYS_NOTHING = frozenset({"pseudonym", "record_code"})


def data_problems(setting: Setting) -> Problems:
    """Every group and every variable, then the whole against the catalogue."""
    data = setting.content.data
    if data.dataset is not None and setting.dataset is None:
        yield stops("data.dataset", "catalogue", "The catalogue has no such dataset.")
    roles = {each.code for each in read_seed(AnalysisRoles).roles}
    for g, group in enumerate(data.groups):
        at = f"data.groups.{g}"
        yield from missing(group, at, "analysis_role", "reason", "variables")
        if group.analysis_role is not None and group.analysis_role not in roles:
            yield stops(f"{at}.analysis_role", "unknown-word", "There is no such part.")
    counted = Counter(item.place for _, _, item in data.asked())
    for at, _, item in data.asked():
        yield from _asked_problems(at, item, setting)
        if item.place is not None and counted[item.place] > 1:
            yield stops(at, "twice", "This variable is asked for in more than one place.")
    for n, restricted in enumerate(data.restricted_codes):
        yield from missing(restricted, f"data.restricted_codes.{n}", "list", "legal_gateway")
    yield from rule_problems(setting)


def _asked_problems(at: str, item: Asked, setting: Setting) -> Problems:
    yield from missing(item, at, "table", "variable", "form")
    variable = setting.variable(item)
    if item.place is not None and setting.dataset is not None and variable is None:
        yield stops(at, "catalogue", "The catalogue has no such table or variable.")
    form = _form(item)
    if item.form is not None and form is None:
        yield stops(f"{at}.form", "catalogue", "This is not a form that a variable can have.")
    if item.since is not None and not _counts(item):
        yield stops(f"{at}.since", "catalogue", "Only an interval is counted from another date.")
    if variable is None or form is None:
        return
    if needs_own_reason(variable, form):
        yield from _necessity_problems(at, item)
    coarser = coarser_offered(variable, form)
    if coarser and item.coarser_would_not_do is None:
        listed = " or ".join(each.text for each in coarser)
        yield stops(
            f"{at}.coarser_would_not_do",
            "coarser",
            f"This variable is also offered as {listed}, which shows less. Say why that would not "
            "do, or ask for it.",
        )


def _necessity_problems(at: str, item: Asked) -> Problems:
    for field, asks in (
        ("why", "Others may know this of a person, or it says much of one: say why it is needed."),
        ("without_it", "Say what could not be found out without it."),
    ):
        if getattr(item, field) is None:
            yield stops(f"{at}.{field}", "necessity", asks)


def needs_own_reason(variable: Variable, form: Form) -> bool:
    """Whether the group's reason is not enough for this variable in this form."""
    if variable.role == "direct_identifier":
        return form.kind not in _SAYS_NOTHING
    return variable.role in OWN_REASON and form.kind not in _SAYS_NOTHING


def coarser_offered(variable: Variable, form: Form) -> tuple[Form, ...]:
    """The forms that the catalogue offers and that show less than `form`."""
    return tuple(each for each in variable.offered() if shows_less(each, form))


def _form(item: Asked) -> Form | None:
    try:
        return Form.parse(item.form or "")
    except Fault:
        return None


def _counts(item: Asked) -> bool:
    form = _form(item)
    return form is not None and form.kind == "interval"


# --- the rules of the permit ------------------------------------------------------------------


def rule_problems(setting: Setting) -> Problems:
    """What the permit's own rules would refuse (S16, cohort, section 251 items and the rest).

    They are asked of everything that is known to the catalogue, as soon as there is something; what
    it does not know was said already.
    """
    draft = trial_draft(setting)
    if draft is None:
        return
    items = wanted(draft, setting.catalogue)
    places = {".".join(item.place or ()): at for at, _, item in setting.content.data.asked()}
    for fault in faults(draft, setting.catalogue, items):
        yield stops(_place(fault, places), fault.code, fault.sentence)


def trial_draft(setting: Setting) -> PermitDraft | None:
    """A draft that holds what is asked of the data, beside stand-ins for what other checks look at.

    None where nothing that is asked for is in the catalogue.
    """
    known = {
        item.place
        for _, _, item in setting.content.data.asked()
        if item.place is not None and setting.variable(item) and _form(item) is not None
        # A day to count from is only written beside an interval; that was said already.
        if item.since is None or _counts(item)
    }
    data = permitted_data(setting.content, known, {})
    if data is None:
        return None
    content = setting.content
    plain: dict[str, Any] = {
        "permit": 1,
        "id": "trial",
        "project": {"id": "trial", "title": "trial", "lay_summary": "trial"},
        "organisation": {"name": "trial", "kind": "other"},
        "controllers": [{"name": "trial", "kind": "custodian"}],
        "people": [{"id": "trial", "name": "trial", "role": "trial"}],
        "purposes": ["research" if content.is_research else "service_planning"],
        "legal_basis": _trial_basis(content.legal.plain()),
        "data": data,
        "processing": ["table"],
        "genomic": bool(content.data.genomic),
        "from": setting.first_day.isoformat(),
        "until": setting.first_day.isoformat(),
    }
    if content.subjects.cohort is not None:
        plain["cohort"] = content.subjects.cohort.plain()
    if content.safeguards.shift_weeks is not None:
        plain["shift_weeks"] = content.safeguards.shift_weeks
    try:
        return PermitDraft.read(plain, "The application", "CW-PERMIT-INVALID")
    except PaperInvalid:
        return None  # a name twice: that is said elsewhere


def _trial_basis(legal: dict[str, Any]) -> dict[str, Any]:
    basis = {
        "uk_gdpr_article_6": "public_task",
        "uk_gdpr_article_9": "research",
        "common_law": "not_confidential",
    }
    cag = {key: value for key, value in legal.get("cag", {}).items() if key != "letter"}
    whole = {"reference", "decision_maker", "supported_on", "next_review", "items"}
    ready = whole <= set(cag) and bool(cag["items"])
    if legal.get("common_law") in ("s251_reg2", "s251_reg5") and ready:
        return {**basis, "common_law": legal["common_law"], "cag": cag}
    return basis


def _place(fault: PermitRefused, places: dict[str, str]) -> str:
    """Where a fault of the rules belongs: they name `table.variable` in their sentences."""
    if fault.code in ("CW-PERMIT-CAG-DECIDER", "CW-PERMIT-CAG-ITEMS"):
        return "legal.cag.items"
    if fault.code == "CW-PERMIT-COHORT" or fault.sentence.startswith("The cohort"):
        return "subjects.cohort"
    words = [word.rstrip(".,:;") for word in fault.sentence.split()]
    return next((places[word] for word in words if word in places), "data")


def subject_problems(setting: Setting) -> Problems:
    """A project about everybody says so on purpose."""
    cohort = setting.content.subjects.cohort
    if cohort is not None and cohort.everyone:
        yield warns("subjects.cohort", "necessity", "The records of everybody are asked for.")
