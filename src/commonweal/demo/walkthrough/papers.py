"""The papers that people write in the walk-through: an edited catalogue and permit drafts."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Any

CUSTODIAN = {"name": "Meadowbank Hospitals NHS Trust (fictional)", "ods": "RZZ"}
REACHED = """\
# Made up: numbers that nobody has, and addresses that lead nowhere.
phone: 01632 960 123
phone_hours: Monday to Friday, 9am to 5pm
email: your-data@meadowbank.example
post:
  - Patient data team
  - 1 Example Street
  - Meadowbank ZZ99 9ZZ
desk: The information desk in the main entrance
officer:
  phone: 01632 960 124
  email: data-protection@meadowbank.example
"""
"""How the made-up hospital's patients reach it, for the public pages."""
DATASET = "meadowbank"
PROJECT = "demo-heart-and-sugar"

ASKED: Mapping[str, Mapping[str, str]] = {
    "patients": {
        "nhs_number": "pseudonym",
        "date_of_birth": "age_band(10,90)",
        "sex": "exact",
    },
    "admissions": {
        "nhs_number": "pseudonym",
        "episode_id": "record_code",
        "admitted_on": "shift",
        "discharged_on": "shift",
        "primary_diagnosis": "truncate(3)",
    },
    "diagnoses": {"nhs_number": "pseudonym", "episode_id": "record_code", "code": "exact"},
    "lab_results": {
        "nhs_number": "pseudonym",
        "taken_at": "shift",
        "test_code": "exact",
        "value": "exact",
    },
}
"""The variables that the study asks for, each with its form, by table."""

EDITS = (
    "named the custodian and the dataset",
    "offered ages in bands of ten and of twenty years as well",
    "offered sex and ethnic group, and how poor the area is, as they are recorded",
)
"""What the data manager changes in the suggested catalogue, in words."""


ENOUGH = 5_000
"""Patients from which on the study can ask for ten-year age groups and moved dates."""

SMALLER: dict[str, dict[str, str]] = {
    "date_of_birth": {"form": "age_band(20,80)"},
    "admitted_on": {"form": "interval"},
    "discharged_on": {"form": "interval", "since": "admitted_on"},
    "taken_at": {"form": "interval"},
}
"""What is asked for in a smaller hospital instead."""


def edit(catalogue: dict[str, Any]) -> dict[str, Any]:
    """The suggested catalogue with the data manager's edits (see `EDITS`)."""
    catalogue["custodian"] = dict(CUSTODIAN)
    dataset = catalogue["datasets"][0]
    dataset["id"] = DATASET
    dataset["title"] = "Meadowbank hospital records, made up"
    more = {
        "date_of_birth": ("age_band(10,90)", "age_band(20,80)"),
        "sex": ("exact",),
        "ethnic_category": ("exact",),
        "index_of_multiple_deprivation_decile": ("exact",),
    }
    for table in dataset["tables"]:
        for variable in table["variables"]:
            wanted = more.get(variable["name"], ()) if table["name"] == "patients" else ()
            variable["forms"] += [form for form in wanted if form not in variable["forms"]]
    return catalogue


def draft(today: date, patients: int = ENOUGH) -> dict[str, Any]:
    """The permit draft of a study on diabetes and the heart, which also trains a model.

    A small hospital cannot hide people in fine detail: below `ENOUGH` patients the study asks for
    wider age groups and for days between events, about everybody.
    """
    small = patients < ENOUGH
    cohort = {"any": [{"where": _starts(code)} for code in ("E10", "E11", "I2")]}
    return {
        "permit": 1,
        "id": "DEMO-2026-001",
        "project": {
            "id": PROJECT,
            "title": "Heart and sugar",
            "lay_summary": "Which people with diabetes come to hospital with their heart, and "
            "could a computer warn earlier?",
        },
        "organisation": {"name": "University of Meadowbank (fictional)", "kind": "university"},
        "controllers": [{"name": CUSTODIAN["name"], "kind": "nhs_body"}],
        "people": [{"id": "amara", "name": "Amara Okafor", "role": "lead researcher"}],
        "purposes": ["ai_research", "ai_train"],
        "legal_basis": _legal_basis(today),
        "data": [_data(SMALLER if small else {})],
        "cohort": {"everyone": True} if small else cohort,
        "risk": {"k": 5, "suppress_up_to": 0.1 if small else 0.02},
        "processing": ["table", "python", "train"],
        "from": today.isoformat(),
        "until": (today + timedelta(days=364)).isoformat(),
        "conditions": ["Results are published within a year."],
    }


def _legal_basis(today: date) -> dict[str, Any]:
    """Section 251 support, with every variable that is asked for among its items."""
    items = sorted({name for forms in ASKED.values() for name in forms})
    return {
        "uk_gdpr_article_6": "public_task",
        "uk_gdpr_article_9": "research",
        "common_law": "s251_reg5",
        "cag": {
            "reference": "26/CAG/0999",
            "decision_maker": "hra",
            "supported_on": today.isoformat(),
            "next_review": (today + timedelta(days=365)).isoformat(),
            "items": items,
        },
    }


def _data(instead: dict[str, dict[str, str]]) -> dict[str, Any]:
    """What is asked for, as a permit lists it; `instead` changes single variables."""
    return {
        "dataset": DATASET,
        "tables": [
            {
                "table": table,
                "variables": [
                    {"variable": name, "form": form} | instead.get(name, {})
                    for name, form in forms.items()
                ],
            }
            for table, forms in ASKED.items()
        ],
    }


def _starts(code: str) -> dict[str, str]:
    return {"table": "diagnoses", "variable": "code", "op": "starts_with", "value": code}


def for_marketing(plain: dict[str, Any]) -> dict[str, Any]:
    """The draft with a purpose that is never allowed."""
    return {**plain, "id": "DEMO-2026-002", "purposes": ["marketing"]}


def with_exact_birthday(plain: dict[str, Any]) -> dict[str, Any]:
    """The draft asking for dates of birth as they are."""
    return _with_form(plain, "date_of_birth", "exact")


def with_mixed_dates(plain: dict[str, Any]) -> dict[str, Any]:
    """The draft asking for one moved date beside the true year of another (S16)."""
    return _with_form(plain, "discharged_on", "year")


def _with_form(plain: dict[str, Any], variable: str, form: str) -> dict[str, Any]:
    datasets = []
    for dataset in plain["data"]:
        tables = [
            {
                **table,
                "variables": [
                    {**item, "form": form} if item["variable"] == variable else item
                    for item in table["variables"]
                ],
            }
            for table in dataset["tables"]
        ]
        datasets.append({**dataset, "tables": tables})
    return {**plain, "id": "DEMO-2026-003", "data": datasets}
