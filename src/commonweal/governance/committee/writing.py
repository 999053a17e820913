"""The committee's rules as a file that a custodian edits: YAML, with the meaning of each part."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import yaml

from commonweal.governance.committee.rules import CommitteeRules
from commonweal.governance.committee.vocabulary import (
    CHAIRS_WORDS,
    CRITERION_WORDS,
    LIGHTER_WORDS,
    SMALL_CHANGE_WORDS,
)


def _listed(words: Mapping[Any, str]) -> str:
    return "\n".join(f"#   {name}: {said}" for name, said in words.items())


_TOLD: Mapping[str, str] = MappingProxyType(
    {
        "rules": "# The form of this file. Leave it as it is.",
        "version": "# The number of these rules, and the fingerprint of the ones before them.",
        "committee": "# What the committee is called, and where these rules come from.",
        "adopted_on": "# From which day they hold, and when they are looked at again.",
        "quorum": "# How many must vote. Members with a conflict of interest are never counted.\n"
        "# lay_share_percent: of the votes that are cast, at least this share by lay members.",
        "decision_rule": "# How votes count: unanimous, majority, or consensus_and_chair (all but\n"
        "# dissent_at_most agree, and the chair is with them).",
        "terms": "# How many years a term of office lasts, and how often somebody may serve.",
        "meets_every_days": "# How often the committee meets.",
        "chairs_action": "# What the chair may decide between meetings, with how many lay members."
        "\n# Of these; an empty list means nothing:\n" + _listed(CHAIRS_WORDS),
        "proportionate": "# The short route: a few members decide together where all of this is so."
        "\n# Of these; without any there is no short route:\n" + _listed(CRITERION_WORDS),
        "call_in_working_days": "# How many working days a decision of the chair or of the short "
        "route waits, so that\n# any member can call it in to the whole committee.",
        "lighter_assessment": "# Workshops of impact assessments of AI, and when one may be done "
        "without.\n# Of these:\n" + _listed(LIGHTER_WORDS),
        "small_changes": "# Changes to a project that need no committee. Of these:\n"
        + _listed(SMALL_CHANGE_WORDS),
        "deadlock": "# How often votes are taken where they come to no decision, and what happens "
        "then:\n# resubmit (it has to be changed and sent again) or reject. Never a yes.",
        "absence": "# What happens to members who are not there. Nobody votes for somebody else.",
        "appeal": "# How long an appeal is in time (days), and when it is answered (working days).",
    }
)


def as_yaml(rules: CommitteeRules) -> str:
    """`rules` as a file to edit; `read_rules` reads it back as the very same rules."""
    parts = [
        "# The rules of the committee. Change what you need, then let it be looked at:",
        "#   commonweal rules check FILE",
    ]
    for name, value in rules.plain().items():
        if name in _TOLD:
            parts += ["", _TOLD[name]]
        parts.append(yaml.safe_dump({name: value}, sort_keys=False, allow_unicode=True).rstrip())
    return "\n".join(parts) + "\n"
