"""Addresses of those who check outputs, and of the custodian."""

from __future__ import annotations

urlpatterns: list[object] = []
