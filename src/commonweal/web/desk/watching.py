"""Where applications have been: written whenever an app moves one, in the same transaction.

Any app may move an application or an assessment; the desk's clocks need each of these moments. So
the rows are watched here, and no app has to remember to tell.
"""

from __future__ import annotations

from typing import Any

from django.db.models.signals import post_save

from commonweal.web.applications.models import Application, Version
from commonweal.web.applications.services import paper_of
from commonweal.web.config import clock
from commonweal.web.desk.models import Assessment, Case, Change

NO_TITLE = "Application without a title"


def watch() -> None:
    """Begin to watch; a second call changes nothing."""
    for model, seen in ((Application, _moved), (Version, _sent), (Assessment, _assessed)):
        post_save.connect(seen, sender=model, dispatch_uid=f"desk.{model.__name__}")


def _moved(sender: object, instance: Application, **_: Any) -> None:
    del sender
    last = Change.objects.filter(application=instance, assessment=None).last()
    if last is not None and last.state == instance.state:
        return
    now = clock.now()
    Change.objects.create(application=instance, state=instance.state, at=now)
    Case.objects.filter(application=instance).update(since=now)


def _assessed(sender: object, instance: Assessment, **_: Any) -> None:
    del sender
    last = instance.changes.last()
    if last is None or last.state != instance.state:
        Change.objects.create(
            application_id=instance.application_id,
            assessment=instance,
            state=instance.state,
            at=clock.now(),
        )


def _sent(sender: object, instance: Version, *, created: bool, **_: Any) -> None:
    """The index card follows the newest version."""
    del sender
    if not created:
        return
    paper, now = paper_of(instance), clock.now()
    card = {
        "version": instance,
        "title": paper.content.project.title or NO_TITLE,
        "ai": paper.needs_assessment,
        "since": now,
    }
    Case.objects.update_or_create(application_id=instance.application_id, defaults=card)
