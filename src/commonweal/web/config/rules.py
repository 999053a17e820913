"""The committee's rules that hold in this home: every part of the service asks here.

The signer tells the service of the rules that the home adopted, so that pages can show them and
count as the signer will. Nothing is decided by these rows: the signer reads its own papers.
"""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from django.apps import apps

from commonweal.foundation.canonical import canonical, parse_json
from commonweal.governance.committee.rules import CommitteeRules, default_rules
from commonweal.web.config import clock

_CALLED = "The rules of the committee"


def rules_in_force() -> CommitteeRules:
    """The rules that hold now: those that the signer counts by as well."""
    return rules_at(clock.now())


def rules_at(moment: datetime) -> CommitteeRules:
    """The rules that held at `moment`. A home that adopted none goes by those of the software."""
    known = apps.get_model("committee", "KnownRules")
    held = known.objects.filter(effective_from__lte=moment).order_by("-number")
    found = held.values_list("content").first()
    return _shipped() if found is None else _read(canonical(found[0]))


def every_rules() -> list[CommitteeRules]:
    """Each version that ever held here, the newest first; what shipped with the software last."""
    known = apps.get_model("committee", "KnownRules")
    rows = known.objects.order_by("-number")
    return [*(_read(canonical(row.content)) for row in rows), _shipped()]


def rules_named(digest: str) -> CommitteeRules:
    """The rules with this digest, by which something was decided; else those that hold now."""
    found = [one for one in every_rules() if one.digest() == digest]
    return found[0] if found else rules_in_force()


@lru_cache(maxsize=32)
def _read(content: bytes) -> CommitteeRules:
    return CommitteeRules.read(parse_json(content, _CALLED), _CALLED, "CW-COMMITTEE-RULES")


@lru_cache(maxsize=1)
def _shipped() -> CommitteeRules:
    return default_rules()
