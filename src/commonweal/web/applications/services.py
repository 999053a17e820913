"""Use cases of applications, one transaction each."""

from __future__ import annotations

import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from functools import lru_cache
from itertools import pairwise
from typing import Any

from django.db import models, transaction
from django.urls import reverse

from commonweal.foundation.errors import Failure, Refused
from commonweal.governance.application.drafts import as_typed, read_draft
from commonweal.governance.application.version import ApplicationVersion, freeze
from commonweal.governance.forms.answers import Answers
from commonweal.governance.forms.schema import FormDefinition
from commonweal.governance.states.application import APPLICATION
from commonweal.ledger.details import commitment, new_salt
from commonweal.ledger.entry import Actor, Event
from commonweal.web.accounts.models import Membership, User
from commonweal.web.applications.contents import fingerprint, held, part_at
from commonweal.web.applications.kinds import check_kind, kind_of
from commonweal.web.applications.models import Application, CoAuthor, Draft, Version
from commonweal.web.applications.policies import (
    check_send,
    check_sign,
    check_withdraw,
    check_write,
    role_for,
    writing_roles,
)
from commonweal.web.config import clock
from commonweal.web.ledgerlink.services import govern
from commonweal.web.signing.models import ASKED, HEARD, PROPOSED, SIGNED, Act
from commonweal.web.signing.services import propose

_TRIES = 5
Path = tuple[str | int, ...]


def begin(person: User, membership: Membership) -> Application:
    """A new, empty application of the organisation of `membership`."""
    now = clock.now()
    organisation = membership.organisation
    with transaction.atomic():
        row = Application.objects.create(
            organisation=organisation, begun_by=person, begun_at=now
        )  # fmt: skip
        asks = {"name": organisation.name, "kind": organisation.kind}
        if organisation.reference:
            asks["reference"] = organisation.reference
        content = {"organisation": asks}
        Draft.objects.create(application=row, content=content, saved_at=now, saved_by=person)
        CoAuthor.objects.create(
            application=row, person=person, organisation=organisation, added_at=now
        )
    return row


# --- saving -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Saved:
    """What became of a saving. `theirs`: what somebody else saved meanwhile, where it was not."""

    done: bool
    theirs: Any = None


def save_part(
    person: User, application: Application, path: Path, value: Any, seen: str | None
) -> Saved:
    """Save what was typed at `path` of the typed sections (None takes a list's item away).

    `seen`: the fingerprint of what the page showed. If something else stands there by now, nothing
    is written and `theirs` is it: the page shows both. Other parts are never touched, so two people
    can write at once. Raises `Refused` CW-STATE-STEP, and `Fault` for what is no draft.
    """

    def change(draft: Draft) -> Saved:
        typed = held(draft).typed
        theirs = part_at(typed, path)
        if seen is not None and fingerprint(theirs) != seen:
            return Saved(done=False, theirs=theirs)
        content = read_draft(_put(typed, path, value))
        draft.content = as_typed(content)
        draft.title = content.project.title or ""
        return Saved(done=True)

    return _save(person, application, change)


def save_answers(
    person: User,
    application: Application,
    form: FormDefinition,
    section: tuple[str, ...],
    make: Callable[[Answers], Answers],
    seen: str | None,
) -> Saved:
    """Save a page of a form. `section`: the questions on it. Raises as `save_part`."""

    def change(draft: Draft) -> Saved:
        before = held(draft).answers_of(form)
        theirs = answers_part(before, section)
        if seen is not None and fingerprint(theirs) != seen:
            return Saved(done=False, theirs=theirs)
        draft.forms = {**draft.forms, form.id: make(before).plain()}
        return Saved(done=True)

    return _save(person, application, change)


def answers_part(answers: Answers, section: tuple[str, ...]) -> dict[str, Any]:
    """The answers of a page of a form, those kept as typed too."""
    plain = answers.plain()
    kept = {
        name: {
            place: value
            for place, value in plain.get(name, {}).items()
            if place.partition(".")[0] in section
        }
        for name in ("values", "as_typed")
    }
    return kept if any(kept.values()) else {}


def _save(person: User, application: Application, change: Callable[[Draft], Saved]) -> Saved:
    """Read, change and write the draft; again if somebody else wrote in between."""
    for _ in range(_TRIES):
        with transaction.atomic():
            fresh = Application.objects.get(pk=application.pk)
            check_write(fresh)
            draft = Draft.objects.get(pk=application.pk)
            saved = change(draft)
            if not saved.done:
                return saved
            same = Draft.objects.filter(
                pk=draft.pk, revision=draft.revision, application__state=fresh.state
            )
            if same.update(
                content=draft.content,
                forms=draft.forms,
                title=draft.title[:500],
                revision=draft.revision + 1,
                saved_at=clock.now(),
                saved_by=person,
            ):
                return saved
    raise Failure(
        "CW-WEB-DRAFT-BUSY",
        "Others are saving this application at the same moment. Nothing of yours was saved.",
        remedy="Go back and save again.",
    )


def _put(typed: dict[str, Any], path: Path, value: Any) -> Any:
    made = deepcopy(typed)
    here: Any = made
    for step, following in pairwise(path):
        here = _inner(here, step, [] if isinstance(following, int) else {})
    last = path[-1]
    if isinstance(last, int):
        if value is None:
            del here[last : last + 1]
        elif last < len(here):
            here[last] = value
        else:
            here.append(value)
    else:
        here[last] = value
    return made


def _inner(here: Any, step: str | int, empty: Any) -> Any:
    """The list or mapping at `step`; what was typed there and is none gives way to `empty`."""
    if isinstance(step, int):
        if step >= len(here):
            here.append(empty)
            return here[-1]
    elif not isinstance(here.get(step), type(empty)):
        here[step] = empty
    if not isinstance(here[step], type(empty)):
        here[step] = empty
    return here[step]


# --- who writes -------------------------------------------------------------------------------


def colleagues(application: Application) -> list[User]:
    """Who could be added: people who write for the same organisation and do not yet write here."""
    day = clock.today()
    writes = {one.person_id for one in application.coauthors.all()}
    rows = application.organisation.memberships.select_related("user").order_by("user__name")
    found = {
        one.user.pk: one.user
        for one in rows.prefetch_related("user__memberships__organisation")
        if one.user.is_active and one.user_id not in writes
    }
    return [
        user
        for user in found.values()
        if any(
            one.organisation_id == application.organisation_id
            and one.project in ("", application.reference)
            for one in writing_roles(user, day)
        )
    ]


def add_author(person: User, application: Application, public_id: str) -> User:
    """Let a colleague write too. Raises `Refused` CW-WEB-DENIED for somebody who cannot."""
    check_write(application)
    if role_for(person, application, clock.today()) != "applicant":
        raise Refused("CW-WEB-DENIED", "Only an applicant says who else writes an application.")
    for user in colleagues(application):
        if user.public_id == public_id:
            CoAuthor.objects.get_or_create(
                application=application,
                person=user,
                defaults={
                    "organisation": application.organisation,
                    "added_by": person,
                    "added_at": clock.now(),
                },
            )
            return user
    raise Refused("CW-WEB-DENIED", "Choose somebody from the list.")


def remove_author(person: User, application: Application, public_id: str) -> None:
    """Let somebody write no longer. Whoever began it stays. Raises `Refused` CW-WEB-DENIED."""
    check_write(application)
    if role_for(person, application, clock.today()) != "applicant":
        raise Refused("CW-WEB-DENIED", "Only an applicant says who else writes an application.")
    rows = CoAuthor.objects.filter(application=application, person__public_id=public_id)
    if not rows.filter(added_by__isnull=False).delete()[0]:
        raise Refused("CW-WEB-DENIED", "Choose somebody from the list.")


# --- sending ----------------------------------------------------------------------------------


def send(person: User, application: Application) -> Version:
    """Freeze the draft and send it.

    Raises `Refused`: CW-STATE-STEP, CW-STATE-ROLE, CW-APPLY-NOT-COMPLETE. Version, state and the
    ledger's intent are written together or not at all.
    """
    now = clock.now()
    with transaction.atomic():
        # The row is locked where the database can; SQLite lets one write at a time anyway.
        fresh = Application.objects.select_for_update().get(pk=application.pk)
        role = check_send(person, fresh, clock.today())
        _close(fresh)
        draft = held(Draft.objects.get(pk=fresh.pk))
        check_kind(fresh, draft.content)
        number = fresh.versions.count() + 1
        frozen = freeze(
            fresh.reference, number, draft.content, draft.answered(),
            at=now, by=person.public_id, catalogue=draft.catalogue,
        )  # fmt: skip
        salt = new_salt()
        row = Version(
            application=fresh,
            number=number,
            content=frozen.canonical(),
            digest=frozen.digest(),
            salt=salt,
            sent_at=now,
            sent_by=person,
        )
        fresh.state = APPLICATION.check_step(fresh.state, "send", role, met=("may_be_sent",))
        fields = {
            "application": fresh.reference,
            "number": number,
            "version": commitment(salt, frozen.canonical()),
            "about": kind_of(fresh),
        }
        govern(Event("application.sent", Actor(role, person.public_id), fields), row, fresh)
    return row


def ask_to_sign(person: User, application: Application) -> Act:
    """The act by which who sent the newest version signs that they did; one that waits, if any.

    Until it is signed nobody looks at the application (`is_signed`). Raises `Refused`
    CW-APPLY-SIGN, CW-WEB-SIGNED, CW-STATE-STEP, CW-STATE-ROLE.
    """
    row = application.versions.last()
    if row is None:
        raise Refused("CW-APPLY-SIGN", "Nothing was sent yet, so there is nothing to sign.")
    day = clock.today()
    check_sign(person, application, row, day)
    waiting = Act.objects.filter(
        person=person, kind="send", object_digest=row.digest, subject=application.reference,
        state__in=(PROPOSED, SIGNED, ASKED), expires_at__gt=clock.now(),
    )  # fmt: skip
    return waiting.last() or propose(
        person, "applicant", "send", "send",
        subject=application.reference,
        object_digest=row.digest,
        back=reverse("applications:sent", args=[application.reference, row.number]),
        wish={"number": row.number},
    )  # fmt: skip


def is_signed(version: Version) -> bool:
    """Whether the ledger heard that who sent this very version signed it.

    It is what the service knows, and good for its own order of work: the signer of a permit looks
    for the act on the ledger.
    """
    return Act.objects.filter(
        kind="send", state=HEARD, object_digest=version.digest,
        subject=version.application.reference, person=version.sent_by,
    ).exists()  # fmt: skip


def _close(application: Application) -> None:
    """Let no saving that began before pass: it sees another revision, and then another state."""
    Draft.objects.filter(pk=application.pk).update(revision=models.F("revision") + 1)


def withdraw(person: User, application: Application) -> None:
    """Take an application back. Raises `Refused` CW-STATE-STEP or CW-STATE-ROLE."""
    with transaction.atomic():
        fresh = Application.objects.select_for_update().get(pk=application.pk)
        role = check_withdraw(person, fresh, clock.today())
        _close(fresh)
        fresh.state = APPLICATION.check_step(fresh.state, "withdraw", role)
        fields = {"application": fresh.reference}
        govern(Event("application.withdrawn", Actor(role, person.public_id), fields), fresh)


def paper_of(version: Version) -> ApplicationVersion:
    """The frozen paper of a version. Raises `Failure` CW-WEB-VERSION if the row was changed."""
    paper, digest = _read(bytes(version.content))
    if digest != version.digest:
        raise Failure("CW-WEB-VERSION", "A version that was sent was changed in the database.")
    return paper


@lru_cache(maxsize=16)
def _read(content: bytes) -> tuple[ApplicationVersion, str]:
    """Pages and handlers read the same version many times; what was read of these bytes is kept."""
    paper = ApplicationVersion.read(json.loads(content), "The version")
    return paper, paper.digest()
