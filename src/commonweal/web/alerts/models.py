"""Who wants to hear of new projects."""

from __future__ import annotations

from django.db import models

from commonweal.web.config.letters_of_ids import random_letters


def new_reference() -> str:
    """A name for a row, which nobody is shown."""
    return random_letters(12)


class Reader(models.Model):
    """One address. `said` (sealed): address and secret. `known_by`: by what the address is found.

    `secret_hash`: of the secret in the links of its mail. `written_at`: when the first mail, with
    the link that begins it, went out; `confirmed_at`: when that link was used. `told_to`: the last
    entry of the public log that its mail knows of. `tried_at`, `tries`: of mail that failed.
    """

    reference = models.CharField(max_length=12, unique=True, default=new_reference)
    said = models.BinaryField()
    known_by = models.BinaryField(unique=True)
    secret_hash = models.BinaryField(unique=True)
    asked_at = models.DateTimeField()
    written_at = models.DateTimeField(null=True)
    confirmed_at = models.DateTimeField(null=True)
    told_to = models.BigIntegerField(default=-1)
    told_at = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    tries = models.PositiveSmallIntegerField(default=0)

    class Meta:
        """In the order in which they asked."""

        ordering = ("id",)
        indexes = (models.Index(fields=("asked_at",), name="alerts_by_asking"),)

    def __str__(self) -> str:
        return self.reference
