"""The rooms' tests use the home of the releases' tests: with records, choices and permits."""

from __future__ import annotations

from tests.web.releases.conftest import browser_of, room

__all__ = ["browser_of", "room"]
