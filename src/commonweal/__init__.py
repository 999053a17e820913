"""Commonweal: the governed way from a patient's record to public benefit.

A custodian runs it. The decision about data is the enforcement of that decision:
an approved application becomes a signed permit, and every room obeys that permit.
"""

from __future__ import annotations

__version__ = "0.1.0"
