"""A roster, and what a change would make of it, in sentences for those who sign."""

from __future__ import annotations

from commonweal.papers.act_table import ROLE_WORDS, fingerprint
from commonweal.papers.credentials import RetiredCredential
from commonweal.papers.roster import Roster, RosterPerson, Term

_REASONS = {
    "replaced": "it was replaced",
    "left": "its holder signs no more",
    "compromised": "somebody else may hold it",
}
_KINDS = {"software": "a key of this demonstration", "webauthn": "a security key"}


def roster_in_words(roster: Roster) -> list[str]:
    """Everybody on a roster, with roles and what they sign with."""
    lines = [f"Version {roster.version} of the roster has {len(roster.people)} people."]
    lines += [person_in_words(person) for person in roster.people]
    if roster.site is not None:
        lines.append(
            f"People sign with security keys for {roster.site.rp_id} at "
            f"{', '.join(roster.site.origins)}."
        )
    if roster.rules is not None:
        lines.append(f"The committee decides by {_rules(roster)}.")
    return lines + [_gone(one) for one in roster.retired]


def person_in_words(person: RosterPerson) -> str:
    """One person in a line."""
    lay = ", a lay person" if person.lay else ""
    roles = "; ".join(_term(term) for term in person.roles)
    keys = ", ".join(f"{_KINDS[one.kind]} ({one.id})" for one in person.credentials)
    return (
        f"{person.name} ({person.id}), {person.organisation}{lay}: {roles}; "
        f"signs with {keys or 'nothing yet'}."
    )


def changes_in_words(before: Roster | None, after: Roster) -> list[str]:
    """What would be different; every person and credential that comes, goes or changes."""
    if before is None:
        return roster_in_words(after)
    lines = []
    for person in after.people:
        was = before.person(person.id)
        if was is None:
            lines.append(f"New: {person_in_words(person)}")
        elif was != person:
            lines.append(f"Changed: {person_in_words(person)} Until now: {person_in_words(was)}")
    gone = [one for one in before.people if after.person(one.id) is None]
    lines += [f"No more: {person_in_words(one)}" for one in gone]
    lines += [_gone(one) for one in after.retired if one not in before.retired]
    if before.site != after.site:
        site = after.site
        said = "nowhere" if site is None else f"{site.rp_id} at {', '.join(site.origins)}"
        lines.append(f"People would sign with security keys for {said}.")
    if before.rules != after.rules and after.rules is not None:
        lines.append(f"The committee would decide by {_rules(after)}.")
    return lines


def _rules(roster: Roster) -> str:
    number = (roster.rules or {}).get("version")
    marked = fingerprint(roster.rules_digest or "")
    return f"version {number} of its own rules (fingerprint {marked})"


def _term(term: Term) -> str:
    until = "" if term.until is None else f" until {term.until:%d %B %Y}"
    return f"{ROLE_WORDS[term.role]} from {term.from_:%d %B %Y}{until}"


def _gone(one: RetiredCredential) -> str:
    since = "" if one.since is None else f", since {one.since:%d %B %Y %H:%M} UTC"
    return f"The credential {one.id} signs no more: {_REASONS[one.reason]}{since}."
