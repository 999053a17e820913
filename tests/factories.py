"""Small, valid papers that tests start from and change: catalogue, draft, permit, trust, keys.

Everything is made anew at each call, so that a test may change what it gets. Keys are derived from
their names: the same name is the same key in every run.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from commonweal.foundation.clock import FixedClock
from commonweal.papers.catalogue import Catalogue
from commonweal.papers.issue import issue
from commonweal.papers.permit import Permit, PermitDraft
from commonweal.papers.permit_state import State
from commonweal.papers.permit_status import PermitStatus, make_status
from commonweal.papers.release import ReleaseManifest
from commonweal.papers.trust import TrustPolicy, encode_public
from commonweal.papers.vocabulary import Authority

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)
ROLES = ["permit", "status", "manifest", "statement"]


@dataclass(frozen=True)
class SoftwareSigner:
    """A signing key in memory, for tests only."""

    key_id: str
    private: Ed25519PrivateKey

    def sign(self, message: bytes) -> bytes:
        return self.private.sign(message)


def signer(name: str = "guardian") -> SoftwareSigner:
    """The signing key called `name`."""
    seed = hashlib.sha256(f"test key {name}".encode()).digest()
    return SoftwareSigner(name, Ed25519PrivateKey.from_private_bytes(seed))


def clock(at: datetime = NOW) -> FixedClock:
    """A clock that stands at `at`."""
    return FixedClock(at)


def key_data(name: str = "guardian", **changes: Any) -> dict[str, Any]:
    """One key of a trust policy, holding every role."""
    return {
        "id": name,
        "holder": f"Holder of {name}",
        "algorithm": "Ed25519",
        "public_key": encode_public(signer(name).private.public_key()),
        "roles": list(ROLES),
        "valid_from": "2020-01-01T00:00:00.000Z",
        **changes,
    }


def trust_data(*names: str, **changes: Any) -> dict[str, Any]:
    """A demonstration home's trust policy: these keys, one signature each, no time to say no."""
    return {
        "trust": 1,
        "home": "demo",
        "custodian": "Wharfedale Hospital",
        "keys": [key_data(name) for name in names or ("guardian",)],
        "thresholds": dict.fromkeys(ROLES, 1),
        "time_to_say_no_days": 0,
        "direct_time_to_say_no_days": 0,
        **changes,
    }


def trust(*names: str, **changes: Any) -> TrustPolicy:
    """The policy that `trust_data` describes."""
    return TrustPolicy.read(trust_data(*names, **changes), "The trust policy")


def variable(name: str, type_: str, role: str | None, *forms: str, **more: Any) -> dict[str, Any]:
    """One variable of a catalogue."""
    return {"name": name, "type": type_, "role": role, "forms": list(forms), **more}


def catalogue_data(**changes: Any) -> dict[str, Any]:
    """A hospital with the tables `patients`, `admissions` and `tests`, linked by NHS number."""
    patients = [
        variable("nhs_number", "text", "direct_identifier", "pseudonym", identifies="nhs_number"),
        variable("name", "text", "direct_identifier", identifies="name"),
        variable(
            "born", "date", "direct_identifier", "age_band(5,90)", "age_band(1,90)", "year",
            "month", "interval", identifies="date_of_birth",
        ),
        variable("sex", "text", "quasi_identifier", "exact", identifies="sex"),
        variable("ethnicity", "text", "quasi_identifier", "exact", "rollup(10)"),
        variable(
            "postcode", "text", "direct_identifier", "outward_postcode", identifies="postcode"
        ),
        variable("genome", "text", "genomic", "exact"),
        variable("undecided", "text", None),
    ]  # fmt: skip
    admissions = [
        variable("admission_id", "text", "record_key", "record_code"),
        variable("nhs_number", "text", "direct_identifier", "pseudonym", identifies="nhs_number"),
        variable(
            "admitted", "date", "quasi_identifier", "shift", "interval", "month", "year", "exact",
            identifies="event_date",
        ),
        variable("discharged", "date", "quasi_identifier", "shift", "interval", "exact"),
        variable("loaded", "date", "other", "interval", administrative=True),
        variable("audited", "date", "other", "interval", administrative=True),
        variable("diagnosis", "text", "sensitive", "exact", "truncate(3)", identifies="icd10"),
        variable("note", "text", "free_text", "redacted_text"),
        variable("days", "integer", "other", "exact", "round(5)"),
    ]  # fmt: skip
    tests = [
        variable("test_id", "text", "record_key", "record_code"),
        variable(
            "admission_id", "text", "record_key", "record_code", "pseudonym",
            links_to={"table": "admissions", "variable": "admission_id"},
        ),
        variable("code", "text", "other", "exact"),
        variable("value", "decimal", "sensitive", "exact", "round(0.5)"),
        variable("taken", "timestamp", "quasi_identifier", "shift", "interval"),
    ]  # fmt: skip
    return {
        "catalogue": 1,
        "custodian": {"name": "Wharfedale Hospital", "ods": "RXX"},
        "datasets": [
            {
                "id": "hospital",
                "title": "Hospital records",
                "source": {"kind": "folder", "location": "records"},
                "person": {"table": "patients", "variable": "nhs_number", "kind": "nhs_number"},
                "tables": [
                    {"name": "patients", "person_link": "nhs_number", "variables": patients},
                    {"name": "admissions", "person_link": "nhs_number", "variables": admissions},
                    {
                        "name": "tests",
                        "person_link": {
                            "variable": "admission_id",
                            "to_table": "admissions",
                            "to_variable": "admission_id",
                        },
                        "variables": tests,
                    },
                ],
            }
        ],
        **changes,
    }


def catalogue(**changes: Any) -> Catalogue:
    """The catalogue that `catalogue_data` describes."""
    return Catalogue.read(catalogue_data(**changes), "The catalogue", "CW-CATALOGUE-INVALID")


def draft_data(**changes: Any) -> dict[str, Any]:
    """A draft that can be issued: asthma research, admissions with shifted dates."""
    trust_ = {"name": "Wharfedale Hospital", "kind": "nhs_body", "reference": "RXX"}
    return {
        "permit": 1,
        "id": "asthma-1",
        "project": {
            "id": "asthma",
            "title": "Asthma admissions in winter",
            "lay_summary": "We want to learn why more people with asthma come in winter.",
        },
        "organisation": {"name": "University of Wharfedale", "kind": "university"},
        "controllers": [trust_],
        "people": [{"id": "amira", "name": "Amira Khan", "role": "Researcher"}],
        "purposes": ["research"],
        "legal_basis": {
            "uk_gdpr_article_6": "public_task",
            "uk_gdpr_article_9": "research",
            "common_law": "not_confidential",
        },
        "data": [{"dataset": "hospital", "tables": permitted_tables()}],
        "processing": ["table", "python"],
        "from": "2026-03-01",
        "until": "2027-02-28",
        **changes,
    }


def permitted_tables() -> list[dict[str, Any]]:
    """The tables that the draft asks for."""
    return [
        {
            "table": "patients",
            "variables": [
                {"variable": "nhs_number", "form": "pseudonym"},
                {"variable": "born", "form": "age_band(5,90)"},
                {"variable": "sex", "form": "exact"},
            ],
        },
        {
            "table": "admissions",
            "variables": [
                {"variable": "nhs_number", "form": "pseudonym"},
                {"variable": "admission_id", "form": "record_code"},
                {"variable": "admitted", "form": "shift"},
                {"variable": "diagnosis", "form": "truncate(3)"},
            ],
        },
    ]


def draft(**changes: Any) -> PermitDraft:
    """The draft that `draft_data` describes."""
    return PermitDraft.read(draft_data(**changes), "The draft", "CW-PERMIT-INVALID")


def permit_text(
    *names: str,
    authority: Authority = "direct",
    at: datetime = NOW,
    policy: TrustPolicy | None = None,
    **changes: Any,
) -> str:
    """A signed permit made from `draft_data(**changes)`."""
    signers = [signer(name) for name in names or ("guardian",)]
    chosen = policy or trust(*names)
    return issue(
        draft(**changes), catalogue(), chosen, signers, authority=authority, clock=clock(at)
    )


def permit(*names: str, policy: TrustPolicy | None = None, **more: Any) -> Permit:
    """The permit in `permit_text`."""
    return Permit.load(permit_text(*names, policy=policy, **more), policy or trust(*names))


def status(of: Permit, state: State = "active", *, at: datetime = NOW) -> PermitStatus:
    """A fresh status of `of`, signed by the guardian."""
    return PermitStatus.load(make_status(of, state, [signer()], trust(), clock(at)), trust())


def hash_of(text: str) -> str:
    """A digest that looks like any other."""
    return "sha256:" + hashlib.sha256(text.encode()).hexdigest()


def file_data(path: str, rows: int) -> dict[str, Any]:
    """One data file of a manifest."""
    return {
        "path": path,
        "rows": rows,
        "content_hash": hash_of(path),
        "sealed_hash": hash_of(f"sealed {path}"),
        "bytes": rows * 40 + 100,
    }


def risk_figures_data(**changes: Any) -> dict[str, Any]:
    """Risk figures of a release with a smallest group of 12."""
    return {
        "patients": 1620,
        "classes": 60,
        "k": 12,
        "l": {"diagnosis": {"distinct": 3, "entropy": 1.9}},
        "t": {"diagnosis": {"equal": 0.2}},
        "prosecutor": {"max": 1 / 12, "mean": 0.037, "at_risk": 0.0},
        "marketer": 0.037,
        "sample_uniques": 0,
        "shift_candidates": 17,
        "quasi_identifiers": ["born", "sex"],
        **changes,
    }


def manifest_data(**changes: Any) -> dict[str, Any]:
    """A release of 1,620 people with 5,000 admissions; 102 were removed, 405 held out."""
    column = {"name": "nhs_number", "type": "text", "form": "pseudonym", "role": "record_key"}
    age = {"name": "born", "type": "integer", "form": "age_band(5,90)", "role": "quasi_identifier"}
    table = {"patients": 1620, "admissions": 5000}
    return {
        "manifest": 1,
        "release": "asthma-1-r1",
        "sequence": 1,
        "permit_id": "asthma-1",
        "permit_hash": hash_of("permit"),
        "catalogue_digest": hash_of("catalogue"),
        "built_at": "2026-03-03T10:00:00.000Z",
        "engine": {"name": "duckdb", "version": "1.5.5"},
        "commonweal": "0.1.0",
        "source": {"kind": "folder", "fingerprint": hash_of("source")},
        "choices": {
            "applied": ["national", "local_objection", "withdrawal", "project_objection"],
            "national": {
                "applied": True,
                "checked_at": "2026-03-02T08:00:00.000Z",
                "requested": 2127,
                "returned": 2040,
                "list_hash": hash_of("list"),
            },
            "objections_hash": hash_of("objections"),
            "objections_rows": 40,
            "asserted_by": "A. Keeper",
        },
        "patients": {
            "considered": 20_000,
            "in_cohort": 2130,
            "removed": {
                "not_allowed_nationally": 87,
                "local_objection": 11,
                "by_kind": 1,
                "withdrawal": 1,
                "no_valid_identifier": 2,
            },
            "left_empty": 0,
            "suppressed": 3,
            "held_out": 405,
            "released": 1620,
        },
        "tables": {
            name: {
                "rows": rows,
                "columns": [column, age] if name == "patients" else [column],
                "files": [file_data(f"data/{name}/part-00000.parquet", rows)],
                "trimmed": 4 if name == "admissions" else 0,
                "restricted_rows": 7 if name == "admissions" else 0,
            }
            for name, rows in table.items()
        },
        "risk": {
            "before": risk_figures_data(k=1, sample_uniques=300),
            "after": risk_figures_data(),
            "limits": {"k": 5, "shift_candidates": 5, "suppress_up_to": 0.01, "rare_people": 10},
        },
        "key_ids": {"project": "project-asthma", "release_data": "release-asthma-1-r1"},
        "pseudonym_scope": "release",
        "membership": {"root": hash_of("root"), "leaves": 4096, "scheme": "blinded-v1"},
        "holdout": {
            "people": 405,
            "files": [file_data("holdout/patients/part-00000.parquet", 405)],
        },
        "audit_map": hash_of("audit"),
        "sieve": hash_of("sieve"),
        **changes,
    }


def manifest(**changes: Any) -> ReleaseManifest:
    """The manifest that `manifest_data` describes."""
    return ReleaseManifest.read(manifest_data(**changes), "The release manifest")


def put(data: Any, path: str, value: Any) -> Any:
    """`data` with `value` at a dotted path (`data.0.tables.1`); REMOVE takes the key away."""
    *way, last = path.split(".")
    here = data
    for step in way:
        here = here[int(step)] if isinstance(here, list) else here.setdefault(step, {})
    key: Any = int(last) if isinstance(here, list) else last
    if value is REMOVE:
        del here[key]
    elif isinstance(here, list) and key == len(here):
        here.append(value)
    else:
        here[key] = value
    return data


REMOVE = object()
"""In `put`: take the key away."""
