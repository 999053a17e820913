"""The room of the made-up data tests: the home in which amara and bethan have a permit."""

from __future__ import annotations

from tests.web.ingress.conftest import bare, browser_of, own_home

__all__ = ["bare", "browser_of", "own_home"]
