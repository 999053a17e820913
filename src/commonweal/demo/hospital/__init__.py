"""A generated English hospital: patients with names and addresses, and five years of their care.

`make_hospital` writes eight linked tables from one seed; `write_choices` writes the choices that
its patients have made. It is meant to look like a hospital, and to measure nothing about any.
"""

from __future__ import annotations

from commonweal.demo.hospital.build import TABLES, HospitalSummary, make_hospital
from commonweal.demo.hospital.choices import ChoicesSummary, write_choices

__all__ = ["TABLES", "ChoicesSummary", "HospitalSummary", "make_hospital", "write_choices"]
