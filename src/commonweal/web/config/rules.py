"""The committee's rules that hold in this home: every part of the service asks here."""

from __future__ import annotations

from functools import cache

from commonweal.governance.committee.rules import CommitteeRules, default_rules


@cache
def rules_in_force() -> CommitteeRules:
    """The rules that hold in this home: those that the signer counts by as well."""
    return default_rules()
