"""What the vault told of the counts for feasibility (S5): bands, and how its last try ended.

Nothing is decided here and nothing is counted: a row is a copy of what the vault froze for a month.
"""

from __future__ import annotations

from django.db import models
from django.db.models import Q


class Counts(models.Model):
    """The newest counts of one dataset, as the vault's worker told them.

    `told`: the paper `papers.cube.CubeTold` (bands only), of `month`; null before the first.
    `tried_at`: when the worker last tried to make a month's. `code`, `sentence`: why it could not;
    empty where it could.
    """

    dataset = models.CharField(max_length=64, unique=True)
    told = models.JSONField(null=True)
    digest = models.CharField(max_length=71, blank=True)
    month = models.CharField(max_length=7, blank=True)
    tried_at = models.DateTimeField(null=True)
    code = models.CharField(max_length=64, blank=True)
    sentence = models.TextField(blank=True)

    class Meta:
        """By dataset; what was told is told whole."""

        ordering = ("dataset",)
        constraints = (
            models.CheckConstraint(
                name="counts_told_whole",
                condition=Q(told__isnull=True, digest="", month="")
                | Q(told__isnull=False) & ~Q(digest="") & ~Q(month=""),
            ),
        )

    def __str__(self) -> str:
        return self.dataset
