"""Scanning sources into a suggested catalogue, and checking a catalogue against its sources."""

from __future__ import annotations

from commonweal.vault.scan.check import check
from commonweal.vault.scan.findings import CheckReport, Finding
from commonweal.vault.scan.scan import ScanResult, scan, write_catalogue

__all__ = ["CheckReport", "Finding", "ScanResult", "check", "scan", "write_catalogue"]
