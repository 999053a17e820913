"""Use cases of the desk, one transaction each."""

from __future__ import annotations

from commonweal.foundation.canonical import parse_json
from commonweal.governance.committee.assessment import AssessmentRecord
from commonweal.web.applications.models import Version
from commonweal.web.desk.models import Assessment

_SETTLED = frozenset({"synthesised", "lighter_route", "with_committee", "to_publish", "published"})


def record_of(version: Version) -> AssessmentRecord | None:
    """The record of a version's impact assessment, or None where there is none (yet)."""
    row = Assessment.objects.filter(version=version).first()
    if row is None or row.record is None:
        return None
    plain = parse_json(bytes(row.record), "The record of the assessment")
    return AssessmentRecord.read(plain, "The record of the assessment")


def is_settled(version: Version) -> bool:
    """True if the committee may have the version: its assessment is whole, or none is needed."""
    row = Assessment.objects.filter(version=version).first()
    if row is None:
        return False
    return row.state == "not_needed" or (row.state in _SETTLED and row.record is not None)
