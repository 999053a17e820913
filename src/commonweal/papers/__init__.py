"""Papers: all that travels between rooms, frozen and self-validating.

Catalogue, cohort, forms, permit and its status, trust policy, roster and people's signed acts,
release manifest and summary, and the signatures on them. A paper that exists is valid; a paper that
is signed is canonical.
"""

from commonweal.papers.catalogue import Catalogue
from commonweal.papers.cohort import Cohort
from commonweal.papers.forms import Form
from commonweal.papers.permit import Permit, PermitDraft
from commonweal.papers.permit_status import PermitStatus
from commonweal.papers.refusal import PermitRefused
from commonweal.papers.trust import TrustPolicy

__all__ = [
    "Catalogue",
    "Cohort",
    "Form",
    "Permit",
    "PermitDraft",
    "PermitRefused",
    "PermitStatus",
    "TrustPolicy",
]
