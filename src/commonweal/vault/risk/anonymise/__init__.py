"""Optimal generalisation of a table: classes large and mixed enough, at the least loss.

Hierarchies, criteria and metrics; a search that proves its answer; local recoding; reports.
"""

from __future__ import annotations

from commonweal.vault.risk.anonymise.anonymise import Generalised, anonymise
from commonweal.vault.risk.anonymise.builtin import KINDS, Builtin
from commonweal.vault.risk.anonymise.candidates import Candidate
from commonweal.vault.risk.anonymise.hierarchy import Hierarchy, read_folder, read_hierarchy
from commonweal.vault.risk.anonymise.request import Request
from commonweal.vault.risk.anonymise.search import Budget

__all__ = [
    "KINDS",
    "Budget",
    "Builtin",
    "Candidate",
    "Generalised",
    "Hierarchy",
    "Request",
    "anonymise",
    "read_folder",
    "read_hierarchy",
]
