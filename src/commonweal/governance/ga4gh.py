"""A permit in the words of GA4GH: visas, and codes of data use (DUO). For export only.

A visa is the claim that a named person may use a dataset (GA4GH Passport, ControlledAccessGrants).
It is written here and not signed: a hospital's broker signs it with its own key. Codes of the Data
Use Ontology say less than a permit does, so each says what it was read off, and what no code can
say is listed as well. Nothing reads these back: a permit is obeyed by itself and by nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from types import MappingProxyType
from typing import Any
from urllib.parse import quote

from commonweal.ledger.state import end_of_day
from commonweal.papers.permit import Permit

VISA_LIFE = timedelta(hours=1)
"""How long a visa holds: a permit can be stopped at any time, and a visa cannot."""

_HEALTH = ("DUO:0000006", "health or medical or biomedical research")
PURPOSE_CODES: Mapping[str, tuple[str, str] | None] = MappingProxyType(
    {
        "research": _HEALTH,
        "ai_research": _HEALTH,
        "ai_train": _HEALTH,
        "ai_test": _HEALTH,
        "public_health": _HEALTH,
        "health_technology_assessment": _HEALTH,
        "feasibility": _HEALTH,
        "service_planning": None,
        "quality_improvement": None,
        "clinical_audit": None,
        "official_statistics": None,
    }
)
"""Purpose of a permit: its code and label. None: the ontology is about research and has none."""


@dataclass(frozen=True)
class DataUse:
    """One code, and what of the permit it was read off. No code: nothing says this."""

    code: str | None
    label: str
    of: str

    def plain(self) -> dict[str, str | None]:
        """As JSON."""
        return {"code": self.code, "label": self.label, "of": self.of}


def duo_codes(permit: Permit) -> tuple[DataUse, ...]:
    """The codes of data use that a permit amounts to, each once, and what no code can say."""
    found: list[DataUse] = []
    for purpose in permit.purposes:
        code = PURPOSE_CODES[purpose]
        if code is None:
            found.append(DataUse(None, purpose.replace("_", " "), "purposes"))
        elif code[0] not in {one.code for one in found}:
            found.append(DataUse(*code, "purposes"))
    found += [
        DataUse("DUO:0000026", "user specific restriction", "people"),
        DataUse("DUO:0000027", "project specific restriction", "project"),
        DataUse("DUO:0000028", "institution specific restriction", "organisation"),
        DataUse("DUO:0000025", "time limit on use", "until"),
    ]
    if permit.legal_basis.ethics is not None:
        found.append(DataUse("DUO:0000021", "ethics approval required", "legal_basis"))
    found.append(DataUse(None, "nobody may be re-identified", "agreement"))
    return tuple(found)


def visas(permit: Permit, *, issuer: str, at: datetime) -> list[dict[str, Any]]:
    """The claims of one visa for each person whom the permit names. `issuer`: an https address.

    Ask only for a permit that is active. Empty where the permit's time has not begun or is over.
    """
    ends = end_of_day(permit.until.isoformat())
    if not permit.begins <= at < ends:
        return []
    dataset = quote(permit.dataset.dataset, safe="")
    return [
        {
            "iss": issuer,
            "sub": person.id,
            "iat": int(at.timestamp()),
            "exp": int(min(ends, at + VISA_LIFE).timestamp()),
            "ga4gh_visa_v1": {
                "type": "ControlledAccessGrants",
                "asserted": int(permit.issued_at.timestamp()),
                "value": f"{issuer}/data/{dataset}/",
                "source": issuer,
                "by": "dac",
            },
        }
        for person in permit.people
    ]
