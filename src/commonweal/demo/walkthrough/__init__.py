"""The walk-through: the whole main job on a generated hospital, told in plain words."""

from __future__ import annotations

from commonweal.demo.walkthrough.story import Step, Story, run

__all__ = ["Step", "Story", "run"]
