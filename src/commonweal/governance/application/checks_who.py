"""What still stops sending: the organisation, those who answer for the data, people and places."""

from __future__ import annotations

import re

from commonweal.governance.application.assurance import holds_until, year_end
from commonweal.governance.application.checking import (
    Problems,
    Setting,
    in_the_future,
    missing,
    needs_document,
    runs_out,
    said_twice,
    stops,
    unchecked,
    warns,
)
from commonweal.governance.application.people import Assurance, Member, Place
from commonweal.governance.application.seeds import (
    Organisations,
    Security,
    TrainingKinds,
    read_seed,
)
from commonweal.papers.base import look

_ODS = re.compile(r"[A-Z0-9]{3,10}", re.ASCII)
NOT_ODS = "An ODS code has 3 to 10 capital letters and digits."


def is_ods(text: str) -> bool:
    """Whether `text` is written like an ODS code. Whether there is one, only the register tells."""
    return _ODS.fullmatch(text) is not None


def organisation_problems(setting: Setting) -> Problems:
    """The conditions of its kind (`organisations.yaml`)."""
    asking = setting.content.organisation
    rules = read_seed(Organisations).of(asking.kind)
    if rules is None:
        return
    for need in rules.needs:
        if getattr(asking, need.field) in (None, False):
            yield stops(f"organisation.{need.field}", "organisation", need.says)
    if asking.nhs_partner_ods is not None and not is_ods(asking.nhs_partner_ods):
        yield stops("organisation.nhs_partner_ods", "organisation", NOT_ODS)
    for kind in rules.documents:
        yield from needs_document("documents", kind, setting)


def responsible_problems(setting: Setting) -> Problems:
    """At least one controller; each party named once, with its kind and what it does."""
    part = setting.content.responsible
    yield from missing(part, "responsible", "controllers")
    for name in ("controllers", "processors"):
        parties = getattr(part, name)
        for n, party in enumerate(parties):
            place = f"responsible.{name}.{n}"
            needed = ("name", "kind") if name == "controllers" else ("name", "kind", "does")
            yield from missing(party, place, *needed)
        yield from said_twice(f"responsible.{name}", "organisation", [p.name for p in parties])
    if len(part.controllers) > 1 and part.joint is None:
        yield from missing(part, "responsible", "joint")


# --- people -----------------------------------------------------------------------------------


def people_problems(setting: Setting) -> Problems:
    """Each person is somebody, is bound by a contract, and is trained for the whole time."""
    members = setting.content.people
    if not members:
        yield stops("people", "missing", "Name at least one person who would work with the data.")
    yield from said_twice("people", "account", [member.account for member in members])
    bound = _employers(setting)
    for n, member in enumerate(members):
        place = f"people.{n}"
        yield from missing(member, place, "account", "name", "role", "employer")
        yield from _training_problems(member, place, n, setting)
        if member.employer is not None and look(member.employer) not in bound:
            yield from _honorary_problems(member, place, n, setting)


def _employers(setting: Setting) -> set[str]:
    content = setting.content
    names = [content.organisation.name, content.organisation.nhs_partner]
    names += [p.name for p in content.responsible.controllers]
    names += [p.name for p in content.responsible.processors]
    return {look(name) for name in names if name is not None}


def _training_problems(member: Member, place: str, n: int, setting: Setting) -> Problems:
    known = {each.code for each in read_seed(TrainingKinds).kinds}
    in_time = []
    for t, training in enumerate(member.training):
        at = f"{place}.training.{t}"
        yield from missing(training, at, "kind", "expires", "evidence")
        yield from in_the_future(at, f"A course of person {n + 1}", training.passed_on, setting)
        if training.kind is not None and training.kind not in known:
            yield stops(f"{at}.kind", "unknown-word", "The custodian's list has no such course.")
        elif training.kind is not None and training.expires is not None:
            in_time.append(training.expires)
    if not in_time:
        yield stops(
            f"{place}.training",
            "people",
            f"Person {n + 1} has no training with a last day on which it counts.",
        )
        return
    # One course that lasts is enough: an old one beside it does no harm.
    yield from runs_out(
        f"{place}.training", f"All training of person {n + 1}", max(in_time), setting
    )


def _honorary_problems(member: Member, place: str, n: int, setting: Setting) -> Problems:
    contract = member.honorary_contract
    if contract is None or contract.is_empty:
        yield stops(
            f"{place}.honorary_contract",
            "people",
            f"Person {n + 1} is employed by none of the organisations in this application: an "
            "honorary contract must bind them.",
        )
        return
    at = f"{place}.honorary_contract"
    yield from missing(contract, at, "with_organisation", "expires", "evidence")
    what = f"The honorary contract of person {n + 1}"
    yield from runs_out(f"{at}.expires", what, contract.expires, setting)


# --- places -----------------------------------------------------------------------------------


def place_problems(setting: Setting) -> Problems:
    """Each place lies where data may be, and is shown to be secure."""
    places = setting.content.places
    if not places:
        yield stops("places", "missing", "Name at least one place where the data would be.")
    yield from said_twice("places", "place", [each.name for each in places])
    territory = read_seed(Security).territory
    for n, each in enumerate(places):
        at = f"places.{n}"
        yield from missing(each, at, "name", "organisation", "country", "does")
        if each.country is not None and look(each.country) not in {look(c) for c in territory}:
            listed = ", ".join(territory)
            yield stops(f"{at}.country", "place", f"Data may only be in these countries: {listed}.")
        yield from _assurance_problems(each, at, n, setting)


def _assurance_problems(place: Place, at: str, n: int, setting: Setting) -> Problems:
    shown = place.assurance
    if shown is None or shown.by is None:
        yield stops(f"{at}.assurance", "security", f"Nothing shows that place {n + 1} is secure.")
        return
    at = f"{at}.assurance"
    yield from missing(shown, at, "evidence")
    yield from unchecked(f"{at}.checked_by", f"what is shown of place {n + 1}", shown)
    yield from in_the_future(f"{at}.checked_on", "The check", shown.checked_on, setting)
    yield from in_the_future(f"{at}.accepted_on", "The sign-off", shown.accepted_on, setting)
    if shown.by == "dspt":
        yield from _dspt_problems(place, shown, at, setting)
    else:
        yield from _alternative_problems(shown, at)
    yield from runs_out(at, f"The security assurance of place {n + 1}", holds_until(shown), setting)


def _dspt_problems(place: Place, shown: Assurance, at: str, setting: Setting) -> Problems:
    ods = at.removesuffix(".assurance") + ".ods"
    yield from missing(shown, at, "year", "status", "published_on")
    if place.ods is None:
        yield stops(ods, "missing", "A DSPT assessment needs the ODS code.")
    elif not is_ods(place.ods):
        yield stops(ods, "security", NOT_ODS)
    end = year_end(shown.year)
    if shown.year is not None and end is None:
        yield stops(f"{at}.year", "security", "A toolkit year is written like 2025-26.")
    yield from in_the_future(f"{at}.published_on", "The assessment", shown.published_on, setting)
    if (
        end is not None
        and shown.published_on is not None
        and shown.published_on.year < end.year - 1
    ):
        yield stops(
            f"{at}.published_on", "security", "The assessment was published before its year began."
        )
    if shown.status is not None:
        yield from _status_problems(shown, at)


def _status_problems(shown: Assurance, at: str) -> Problems:
    status = read_seed(Security).status(shown.status)
    if status is None:
        yield stops(f"{at}.status", "unknown-word", "This is not a status of a DSPT assessment.")
    elif status.accepted == "never":
        yield stops(f"{at}.status", "security", f"The status {status.title} is not enough.")
    elif status.accepted == "signed_off":
        if shown.accepted_by is None or shown.accepted_on is None:
            yield stops(
                f"{at}.accepted_by",
                "security",
                f"The status {status.title} will only do where the custodian signs it off.",
            )
        if shown.improvement_plan is None:
            yield stops(
                f"{at}.improvement_plan",
                "security",
                f"The status {status.title} goes with an improvement plan.",
            )
        yield warns(f"{at}.status", "security", f"The status is {status.title}, not met in full.")


def _alternative_problems(shown: Assurance, at: str) -> Problems:
    certificates = ("iso_certificate", "iso_expires", "cyber_certificate", "cyber_expires")
    yield from missing(shown, at, *certificates)
    if shown.accepted_by is None or shown.accepted_on is None:
        yield stops(
            f"{at}.accepted_by",
            "security",
            "Certificates in place of a DSPT assessment count only where the custodian accepts "
            f"them: {read_seed(Security).alternative}.",
        )
