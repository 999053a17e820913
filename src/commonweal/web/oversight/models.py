"""How a member of the committee is shown to everybody: by name or by role, and with what interests.

That somebody is a member is decided elsewhere, with signatures. Here lies only how it is told.
"""

from __future__ import annotations

from django.db import models

from commonweal.web.accounts.models import User


class PublicFace(models.Model):
    """One person. `by_name`: only asked of lay members; they are shown by role until they say so.

    `interests` is what everybody reads. `sent` is what the person wrote since, which somebody else
    publishes or sends back with `advice`; it is empty where nothing waits.
    """

    person = models.OneToOneField(
        User, on_delete=models.PROTECT, primary_key=True, related_name="public_face"
    )
    by_name = models.BooleanField(default=False)
    interests = models.TextField(blank=True)
    published_at = models.DateTimeField(null=True)
    published_by = models.ForeignKey(User, on_delete=models.PROTECT, null=True, related_name="+")
    sent = models.TextField(blank=True)
    sent_at = models.DateTimeField(null=True)
    advice = models.TextField(blank=True)

    class Meta:
        """The one that has waited longest first."""

        ordering = ("sent_at", "person_id")

    def __str__(self) -> str:
        return f"public face {self.pk}"
