"""Reviewers' papers are sealed; those in the clear are removed, and the worker tells them anew."""

from __future__ import annotations

from typing import ClassVar

import django.db.models.deletion
from django.db import migrations, models

import commonweal.web.outputs.sealed


def scrub(_apps: object, editor: object) -> None:
    """Write a SQLite file anew, so that no clear paper stays in what is free of it."""
    connection = editor.connection  # type: ignore[attr-defined]
    if connection.vendor == "sqlite" and not connection.in_atomic_block:
        with connection.cursor() as cursor:
            cursor.execute("VACUUM")


class Migration(migrations.Migration):
    atomic = False  # VACUUM is never part of a transaction; each step may be repeated by hand

    dependencies: ClassVar = [("outputs", "0003_standing_outputs")]

    operations: ClassVar = [
        migrations.DeleteModel(name="ReviewPapers"),
        migrations.CreateModel(
            name="ReviewPapers",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("turn", models.PositiveSmallIntegerField()),
                ("manifest", commonweal.web.outputs.sealed.SealedJSON()),
                ("findings", commonweal.web.outputs.sealed.SealedJSON()),
                ("tables", commonweal.web.outputs.sealed.SealedJSON(default=dict)),
                ("earlier", commonweal.web.outputs.sealed.SealedJSON(default=dict)),
                ("code", models.JSONField(default=dict)),
                ("votes", commonweal.web.outputs.sealed.SealedJSON(default=list)),
                ("members", models.JSONField(default=list)),
                ("refused", models.CharField(blank=True, max_length=64)),
                ("told_at", models.DateTimeField()),
                (
                    "output",
                    models.OneToOneField(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="papers",
                        to="outputs.output",
                    ),
                ),
            ],
            options={"ordering": ("id",)},
        ),
        migrations.RunPython(scrub, migrations.RunPython.noop),
    ]
