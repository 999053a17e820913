"""A trust policy, and what a change would make of it, in sentences for those who sign."""

from __future__ import annotations

from datetime import datetime

from commonweal.papers.base import person_look
from commonweal.papers.trust import RetiredKey, TrustedKey, TrustPolicy

ROLES = {
    "permit": "permits",
    "status": "the state of permits",
    "manifest": "releases",
    "statement": "statements of absence",
    "policy": "changes of this policy",
}
_REASONS = {
    "replaced": "it was replaced",
    "left": "its holder signs no more",
    "compromised": "somebody else may hold it",
}
_TIMES = {
    "change_delay_hours": "hours that a change waits",
    "time_to_say_no_days": "days in which people can say no",
    "direct_time_to_say_no_days": "the same for permits that no committee decided",
    "hints_per_day": "hints a day about what would pass",
    "plans_per_day": "plans of a release a day",
    "attacks_per_day": "test attacks a day",
    "witness_lag_minutes": "minutes that an entry may wait for its witnesses",
    "witness_quorum": "witnesses that must sign",
}
_FRESH = {
    "permit_status_seconds": "seconds that a permit's status is good for",
    "choices_days": "days that people's choices are good for",
    "cag_review_grace_days": "days of grace after a section 251 review is due",
    "superseded_days": "days that a replaced release is kept for what jobs left of it",
}


def policy_in_words(policy: TrustPolicy) -> list[str]:
    """The policy: who signs what, how many must, who changes it, and who witnesses."""
    kind = "a demonstration" if policy.home == "demo" else "real data"
    lines = [f"Version {policy.number} of the trust policy of {policy.custodian}, for {kind}."]
    for role, needed in policy.thresholds.items():
        holders = [key.holder for key in policy.keys if role in key.roles]
        what = ROLES.get(role, role)
        least = policy.changers_needed if role == "policy" else needed
        lines.append(f"{least} of these must sign {what}: {'; '.join(dict.fromkeys(holders))}.")
    lines += _about_changes(policy)
    if policy.witnesses:
        named = ", ".join(one.name for one in policy.witnesses)
        lines.append(f"{policy.witness_quorum} of these must witness the public log: {named}.")
    for key in policy.log_keys or ():
        until = f", which signs until {_day(key.signs_until)}" if key.signs_until else ""
        lines.append(f"The ledger is signed with the key {key.id}{until}.")
    lines += [f"{_gone(one)}." for one in policy.retired or ()]
    return lines


def _about_changes(policy: TrustPolicy) -> list[str]:
    role, needed = policy.changing_role, policy.changers_needed
    holders = {person_look(key.holder) for key in policy.keys if role in key.roles}
    who = "" if role == "policy" else f" Those who sign {ROLES[role]} change it: {needed} of them."
    hours = policy.delay.total_seconds() / 3600
    lines = [f"A change counts {hours:g} hours after it is adopted.{who}"]
    if len(holders) == 1:
        lines.append("One key alone can change this policy: name more people who may.")
    elif len(holders) == needed:
        lines.append("If one of their keys is lost, nobody can change this policy: name one more.")
    return lines


def changes_in_words(before: TrustPolicy, after: TrustPolicy) -> list[str]:
    """What `after` changes, one sentence for each change; none where nothing changes."""
    lines: list[str] = []
    for key in after.keys:
        old = before.key(key.id)
        if old is None:
            lines.append(f"{key.holder} signs with the new key {key.id}: {_roles(key)}.")
        elif old.roles != key.roles:
            lines.append(f"{key.holder} with the key {key.id} now signs {_roles(key)}.")
        if key.valid_until != (None if old is None else old.valid_until):
            ends = _day(key.valid_until) or "without an end"
            lines.append(f"{key.holder} signs with the key {key.id} until: {ends}.")
    earlier = {one.id: one for one in before.retired or ()}
    lines += [f"{_gone(one, before)}." for one in after.retired or () if earlier.get(one.id) != one]
    for role, needed in after.thresholds.items():
        if before.thresholds.get(role) != needed:
            lines.append(f"{needed} must sign {ROLES.get(role, role)}.")
    lines += _changed_times(before, after)
    lines += _changed_log_keys(before, after)
    lines += _changed_witnesses(before, after)
    if before.custodian != after.custodian:
        lines.append(f"The custodian is now called {after.custodian}.")
    return lines


def _changed_times(before: TrustPolicy, after: TrustPolicy) -> list[str]:
    found = [
        (says, getattr(before, name), getattr(after, name)) for name, says in _TIMES.items()
    ] + [
        (says, getattr(before.fresh, name), getattr(after.fresh, name))
        for name, says in _FRESH.items()
    ]
    return [
        f"{says[0].upper()}{says[1:]}: {_said(new)} (was {_said(old)})."
        for says, old, new in found if old != new
    ]  # fmt: skip


def _changed_log_keys(before: TrustPolicy, after: TrustPolicy) -> list[str]:
    old = {one.id: one for one in before.log_keys or ()}
    lines = []
    for key in after.log_keys or ():
        if key == old.get(key.id):
            continue
        if key.signs_until is not None:
            lines.append(
                f"The ledger is signed with the key {key.id} until {_day(key.signs_until)}."
            )
        elif old or key != (after.log_keys or ())[0]:
            lines.append(f"The ledger is signed with the new key {key.id}.")
    return lines


def _changed_witnesses(before: TrustPolicy, after: TrustPolicy) -> list[str]:
    if before.witnesses == after.witnesses:
        return []
    named = ", ".join(one.name for one in after.witnesses or ()) or "none"
    lines = [f"The witnesses are now: {named}."]
    for one in after.witnesses or ():
        for old in before.witnesses or ():
            if old.name == one.name and old != one:
                where = f" at {one.url}" if one.url else ""
                key = "another key" if old.public_key != one.public_key else "the same key"
                lines.append(f"The witness {one.name} is run by {one.holder}{where}, with {key}.")
    return lines


def _gone(one: RetiredKey, before: TrustPolicy | None = None) -> str:
    key = before.key(one.id) if before is not None else None
    whose = f" of {key.holder}" if key is not None else ""
    since = f" since {_day(one.since)}" if one.since is not None else ""
    return f"The key {one.id}{whose} signs no more: {_REASONS[one.reason]}{since}"


def _roles(key: TrustedKey) -> str:
    return ", ".join(ROLES.get(role, role) for role in key.roles)


def _said(value: object) -> str:
    return "not said" if value is None else str(value)


def _day(at: datetime | None) -> str:
    return "" if at is None else f"{at:%d %B %Y %H:%M} UTC"
