"""Small changes: what differs is worked out from the two versions, and nobody's word is taken.

The published list says which kinds of change may be agreed without the committee. Here each
difference is given its kind, or none; a single difference without a kind, or of a kind that is not
on the list, brings all of it to the committee. The page, the officer's act and the signer of the
permit all ask this one function (S11).
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime
from typing import Any

from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import CommonwealError, Refused
from commonweal.governance.amending.standing import Standing
from commonweal.governance.application.model import SECTIONS, ApplicationContent
from commonweal.governance.application.people import Member
from commonweal.governance.application.questions import questions
from commonweal.governance.application.terms import Evidence
from commonweal.governance.application.version import ApplicationVersion
from commonweal.governance.application.wanted import Asked, Data
from commonweal.governance.committee.decision import Decision
from commonweal.governance.committee.rules import CommitteeRules, check_small_change
from commonweal.governance.committee.vocabulary import SmallChange
from commonweal.papers.forms import Form, shows_less

Kinds = set[SmallChange]
Compare = Callable[[Any, Any, ApplicationContent], Kinds | None]
"""What was, what is, and all that was: the kinds of what differs, or None for what has no kind."""

_PROOFS = frozenset({"security_certificate"})
"""Kinds of documents that only prove: a newer one changes nothing of what was decided. Proof of
training stands with its person, and proof of a place's security with the place."""

FORMS, CATALOGUE = "forms", "catalogue"
_MORE = {
    FORMS: "the answers to a form",
    CATALOGUE: "what the catalogue says of the data",
}


def kinds_of_change(
    before: Standing, after: ApplicationVersion
) -> tuple[tuple[SmallChange, ...], tuple[str, ...]]:
    """The kinds of all that differs, and the titles of the parts where something has no kind."""
    kinds: Kinds = set()
    others: list[str] = []
    titles = questions().sections
    for section in SECTIONS:
        was, now = getattr(before.content, section), getattr(after.content, section)
        if section == "project":
            asked = {"replaces": before.permit, "change_reason": now.change_reason}
            was = was.model_copy(update=asked)
        kind = _COMPARE.get(section, _equal)(was, now, before.content)
        if kind is None:
            others.append(titles[section])
        else:
            kinds |= kind
    if {one.digest() for one in before.answers} != {one.digest() for one in after.answers}:
        others.append(_MORE[FORMS])
    if before.catalogue_digest != after.catalogue_digest:
        others.append(_MORE[CATALOGUE])
    return tuple(sorted(kinds)), tuple(others)


def check_small(
    before: Standing, after: ApplicationVersion, rules: CommitteeRules
) -> tuple[SmallChange, ...]:
    """The kinds of a change that the rules call small. Raises `Refused` CW-COMMITTEE-ROUTE."""
    kinds, others = kinds_of_change(before, after)
    if others:
        raise Refused(
            "CW-COMMITTEE-ROUTE",
            "This is not a change that the rules call small, because of "
            f"{'; '.join(others)}: the committee decides.",
        )
    check_small_change(kinds, rules)
    return kinds


def is_small(before: Standing, after: ApplicationVersion, rules: CommitteeRules) -> bool:
    """Whether `check_small` would let it pass."""
    try:
        check_small(before, after, rules)
    except CommonwealError:
        return False
    return True


def agreed_change(
    before: Standing,
    after: ApplicationVersion,
    rules: CommitteeRules,
    *,
    id_: str,
    summary: str,
    reasons: Collection[str],
    at: datetime,
) -> Decision:
    """The decision by which an officer agrees a small change. Conditions go on as they were.

    Raises `Refused` CW-COMMITTEE-ROUTE, and `PaperInvalid` CW-DECISION-INVALID for empty words.
    """
    check_small(before, after, rules)
    plain = {
        "decision": 1,
        "id": id_,
        "application": after.application,
        "version_number": after.number,
        "version_digest": after.digest(),
        "rules_version": rules.version,
        "rules_digest": rules.digest(),
        "route": "small_change",
        "outcome": "approve_with_conditions" if before.conditions else "approve",
        "summary": summary,
        "reasons": list(reasons),
        "conditions": list(before.conditions),
        "variables": [
            {"dataset": dataset, "table": table, "variable": variable, "verdict": "granted"}
            for dataset, table, variable in after.asked
        ],
        "votes": {},
        "decided_at": stamp(at),
    }
    return Decision.read(plain, "The decision", "CW-DECISION-INVALID")


# --- section by section -----------------------------------------------------------------------


def _equal(was: Any, now: Any, _: ApplicationContent) -> Kinds | None:
    return set() if was == now else None


def _people(
    was: tuple[Member, ...], now: tuple[Member, ...], before: ApplicationContent
) -> Kinds | None:
    older, newer = _by_account(was), _by_account(now)
    if older is None or newer is None:
        return None
    if older and not set(older) & set(newer):
        return None  # Another team: nobody of whom it was decided is left.
    kinds: Kinds = {"person_left"} if set(older) - set(newer) else set()
    for account, member in newer.items():
        if account not in older:
            if not _may_join(member, was, before):
                return None
            kinds.add("person_added")
        elif member != older[account]:
            if _without_proof(member) != _without_proof(older[account]):
                return None
            kinds.add("evidence_renewed")
    return kinds


def _by_account(people: tuple[Member, ...]) -> dict[str, Member] | None:
    """People by their account; None where one has none, or two have one."""
    found = {one.account: one for one in people if one.account is not None}
    return found if len(found) == len(people) else None


def _may_join(member: Member, was: tuple[Member, ...], before: ApplicationContent) -> bool:
    """Employed by an organisation in the permit, and trained in all that everybody there is.

    That the training is in date is looked at again with everything else before the permit is made.
    """
    parties = (*before.responsible.controllers, *before.responsible.processors)
    employers = {before.organisation.name, *(one.name for one in parties)} - {None}
    trained = {one.kind for one in member.training}
    shared = (
        set.intersection(*({one.kind for one in each.training} for each in was)) if was else set()
    )
    return member.employer in employers and bool(trained) and shared <= trained


def _without_proof(member: Member) -> Member:
    return member.model_copy(update={"training": (), "honorary_contract": None})


def _places(was: Any, now: Any, _: ApplicationContent) -> Kinds | None:
    if was == now:
        return set()
    bare = [[one.model_copy(update={"assurance": None}) for one in each] for each in (was, now)]
    return {"evidence_renewed"} if bare[0] == bare[1] else None


def _documents(was: Any, now: Any, _: ApplicationContent) -> Kinds | None:
    """A proof may be shown anew; who looked at one, and when, is the hospital's to write."""
    unchecked = {"checked_by": None, "checked_on": None}
    older = [one.model_copy(update=unchecked) for one in was]
    newer = [one.model_copy(update=unchecked) for one in now]
    if any(one not in newer for one in older):
        return None
    added = [one for one in newer if one not in older]
    if len(older) + len(added) != len(newer):
        return None
    if not all(_renews(one, older) for one in added):
        return None
    return {"evidence_renewed"} if added else set()


def _renews(document: Evidence, older: Collection[Evidence]) -> bool:
    """Whether a document is a newer proof of security of a kind that was shown before.

    A protocol, a letter, an order or a form says what may be done: who decided reads it anew.
    """
    dates = [one.dated for one in older if one.kind == document.kind]
    if document.kind not in _PROOFS or document.dated is None or not dates:
        return False
    return all(before is not None and document.dated > before for before in dates)


def _data(was: Data, now: Data, _: ApplicationContent) -> Kinds | None:
    if was == now:
        return set()
    same = ("dataset", "reference_date", "linkage")
    if any(getattr(was, name) != getattr(now, name) for name in same):
        return None
    if bool(now.genomic) > bool(was.genomic):
        return None
    if any(one not in was.restricted_codes for one in now.restricted_codes):
        return None
    older = {one.place: (group.reason, group.analysis_role, one) for _at, group, one in was.asked()}
    places = [item.place for _at, _group, item in now.asked()]
    if len(set(places)) != len(places):
        return None
    for _at, group, item in now.asked():
        stood = older.get(item.place)
        if item.place is None or stood is None:
            return None
        if (group.reason, group.analysis_role) != stood[:2] or not _no_more(item, stood[2]):
            return None
    return {"less_data"}


def _no_more(now: Asked, was: Asked) -> bool:
    if now == was:
        return True
    words = {"form": None, "coarser_would_not_do": None, "without_it": None}
    if now.model_copy(update=words) != was.model_copy(update=words):
        return False
    if now.form is None or was.form is None:
        return False
    return now.form == was.form or shows_less(Form.parse(now.form), Form.parse(was.form))


def _period(was: Any, now: Any, _: ApplicationContent) -> Kinds | None:
    if was == now:
        return set()
    if (was.starts, was.why_so_long) != (now.starts, now.why_so_long):
        return None
    if was.ends is None or now.ends is None or now.ends >= was.ends:
        return None
    kept = tuple(day for day in was.review_dates if day <= now.ends)
    return {"shorter_period"} if now.review_dates == kept else None


def _retention(was: Any, now: Any, _: ApplicationContent) -> Kinds | None:
    """Data may be destroyed sooner."""
    if was == now:
        return set()
    sooner = was.destroyed_by is not None and now.destroyed_by is not None
    if not sooner or now.destroyed_by > was.destroyed_by or (was.how, was.kept) != (
        now.how, now.kept,
    ):  # fmt: skip
        return None
    return {"shorter_period"}


def _assessments(was: Any, now: Any, _: ApplicationContent) -> Kinds | None:
    if was == now:
        return set()
    return {"contact_changed"} if was.model_copy(update={"dpo": now.dpo}) == now else None


def _declarations(was: Any, now: Any, _: ApplicationContent) -> Kinds | None:
    """Each change is declared anew: by whom and when may differ, what is declared may not."""
    said = [sorted((one.id or "", one.wording or 0, bool(one.agreed)) for one in each)
            for each in (was, now)]  # fmt: skip
    return set() if said[0] == said[1] else None


_COMPARE: dict[str, Compare] = {
    "people": _people,
    "places": _places,
    "documents": _documents,
    "data": _data,
    "period": _period,
    "retention": _retention,
    "assessments": _assessments,
    "declarations": _declarations,
}
"""Sections in which a difference can be small. In every other section none can."""
