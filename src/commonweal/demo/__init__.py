"""The demonstration: a generated English hospital and the choices of its patients.

Nothing is downloaded and nobody is real. See docs/explanation/demonstration-hospital.md.
"""

from __future__ import annotations

from commonweal.demo.hospital import HospitalSummary, make_hospital, write_choices

__all__ = ["HospitalSummary", "make_hospital", "write_choices"]
