"""Accounts, organisations, memberships with a role, invitations and keys for programs.

A person's `public_id` never changes and is what the ledger, papers and permits call them. Who holds
which role is governed: it is written with its event only.
"""

from __future__ import annotations

import secrets
from datetime import date, datetime
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.db import models
from django.db.models import Q

from commonweal.foundation.errors import WrongUsage
from commonweal.web.accounts.hashing import hashed
from commonweal.web.accounts.roles import ROLES, WORDS, is_staff
from commonweal.web.config.letters_of_ids import random_letters
from commonweal.web.ledgerlink.models import Governed, GovernedQuery


def new_public_id() -> str:
    """A new id: a letter for its kind would say something, so it says nothing."""
    return random_letters(14)


class UserManager(BaseUserManager["User"]):
    """Makes accounts. E-mail addresses are compared without capitals."""

    def create_user(self, email: str, name: str, password: str | None = None, **more: Any) -> User:
        """A new account; without a password nobody can sign in by one."""
        if not email:
            raise WrongUsage("CW-WEB-INVITATION", "An account needs an e-mail address.")
        user = self.model(email=email.casefold(), name=name, **more)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def get_by_natural_key(self, username: str | None) -> User:
        """The account with this address, however it is capitalised."""
        return self.get(email=(username or "").casefold())


class User(AbstractBaseUser):
    """A person with an account. `accredited_until`: the day their accreditation runs out."""

    public_id = models.CharField(max_length=64, unique=True, default=new_public_id, editable=False)
    email = models.EmailField(unique=True, max_length=254)
    name = models.CharField(max_length=120)
    is_active = models.BooleanField(default=True)
    is_made_up = models.BooleanField(default=False, editable=False)
    accredited_until = models.DateField(null=True, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)

    USERNAME_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = ["name"]
    objects = UserManager()

    class Meta:
        """Order."""

        ordering = ("name", "id")

    def __str__(self) -> str:
        return self.public_id

    def roles_on(self, day: date) -> frozenset[str]:
        """The roles that the person holds on `day`, anywhere.

        For what a person may not be beside them, and what their sign-in needs. What they may do is
        asked of `wide_roles_on` or `roles_for`.
        """
        return frozenset(one.role for one in self.memberships.all() if one.holds_on(day))

    def wide_roles_on(self, day: date) -> frozenset[str]:
        """Those that the person holds for all projects: a role for one counts there only."""
        held = (one for one in self.memberships.all() if not one.project)
        return frozenset(one.role for one in held if one.holds_on(day))

    def roles_for(self, project: str, day: date) -> frozenset[str]:
        """Those that count for one project: held for all of them, or for this very one."""
        held = (one for one in self.memberships.all() if one.project in ("", project))
        return frozenset(one.role for one in held if one.holds_on(day))

    def is_staff_on(self, day: date) -> bool:
        """True if one of the roles held on `day` needs a second factor."""
        return is_staff(self.roles_on(day))


class Organisation(models.Model):
    """A legal person. `assured_until`: when its data security assurance (DSPT) runs out."""

    KINDS: ClassVar[list[tuple[str, str]]] = [
        ("custodian", "this hospital"),
        ("nhs_body", "NHS body"),
        ("university", "university"),
        ("charity", "charity"),
        ("company", "company"),
        ("government", "government"),
        ("local_authority", "local authority"),
        ("other", "other"),
    ]
    public_id = models.CharField(max_length=64, unique=True, default=new_public_id, editable=False)
    name = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=20, choices=KINDS)
    reference = models.CharField(max_length=40, blank=True)
    assured_until = models.DateField(null=True, blank=True)

    class Meta:
        """Order."""

        ordering = ("name",)

    def __str__(self) -> str:
        return self.name


class Membership(Governed):
    """A role of a person at an organisation, for one project or all of them, with its term."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="memberships")
    organisation = models.ForeignKey(
        Organisation, on_delete=models.PROTECT, related_name="memberships"
    )
    role = models.CharField(max_length=32, choices=[(role, WORDS[role]) for role in ROLES])
    project = models.CharField(max_length=64, blank=True)
    begins = models.DateField()
    ends = models.DateField(null=True, blank=True)

    objects = GovernedQuery.as_manager()

    class Meta:
        """A role is held once at a time."""

        base_manager_name = "objects"
        ordering = ("user_id", "role", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("user", "organisation", "role", "project"),
                condition=Q(ends__isnull=True),
                name="role_held_once",
            ),
            models.CheckConstraint(
                name="term_in_order",
                condition=Q(ends__isnull=True) | Q(ends__gte=models.F("begins")),
            ),
            models.CheckConstraint(name="role_known", condition=Q(role__in=ROLES)),
        )

    def __str__(self) -> str:
        return f"{self.role} {self.pk}"

    def holds_on(self, day: date) -> bool:
        """True from the first day of the term until before its last."""
        return self.begins <= day and (self.ends is None or day < self.ends)


class Invitation(models.Model):
    """A way in for one person, for some days. Only a hash of its secret is kept.

    The secret is drawn when the mail is made, so that none waits anywhere: each mail has its own,
    and only the last one works. `withdrawn_at`: nobody comes in with it any more.
    """

    email = models.EmailField(max_length=254)
    organisation = models.ForeignKey(Organisation, on_delete=models.PROTECT)
    role = models.CharField(max_length=32, choices=[(role, WORDS[role]) for role in ROLES])
    project = models.CharField(max_length=64, blank=True)
    secret_hash = models.CharField(max_length=64, unique=True)
    invited_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="invited")
    expires_at = models.DateTimeField()
    accepted_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    def __str__(self) -> str:
        return f"invitation {self.pk}"

    def draw_secret(self) -> str:
        """A new way in; every older one works no more. Only its hash is kept."""
        secret = secrets.token_urlsafe(32)
        self.secret_hash = hashed(secret)
        self.save(update_fields=["secret_hash"])
        return secret

    def is_open(self, at: datetime) -> bool:
        """True while somebody can come in with it."""
        return self.accepted_at is None and self.withdrawn_at is None and at < self.expires_at


class ExternalIdentity(Governed):
    """Whom a provider calls `subject` is this person. It came about by an invitation."""

    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="identities")
    provider = models.CharField(max_length=20)
    issuer = models.CharField(max_length=300)
    subject = models.CharField(max_length=255)
    linked_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    objects = GovernedQuery.as_manager()

    class Meta:
        """One person for a subject, and one subject for a person at a provider."""

        base_manager_name = "objects"
        ordering = ("user_id", "id")
        constraints = (
            models.UniqueConstraint(
                fields=("issuer", "subject"),
                condition=Q(ended_at__isnull=True),
                name="subject_once",
            ),
            models.UniqueConstraint(
                fields=("user", "provider"), condition=Q(ended_at__isnull=True), name="linked_once"
            ),
        )

    def __str__(self) -> str:
        return f"{self.provider} {self.pk}"


class SignIn(models.Model):
    """One session of a person, from signing in to its end. Its number stands in the session.

    A session without a row here, or with one that has ended, is over at once. `device`: browser and
    system in two words. `provider_session`: what the provider calls its own session, which may end
    first.
    """

    public_id = models.CharField(max_length=64, unique=True, default=new_public_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="sign_ins")
    means = models.CharField(max_length=20)
    device = models.CharField(max_length=60, blank=True)
    provider_session = models.CharField(max_length=255, blank=True, db_index=True)
    began_at = models.DateTimeField()
    seen_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        """The newest first."""

        ordering = ("-began_at", "-id")
        indexes = (models.Index(fields=("user", "ended_at"), name="sign_in_open"),)

    def __str__(self) -> str:
        return self.public_id


class ApiToken(Governed):
    """A key for programs that act for a person. Only a hash is kept; it never decides (S11)."""

    SCOPES: ClassVar[list[tuple[str, str]]] = [
        ("catalogue:read", "read the catalogue"),
        ("register:read", "read the register of projects"),
        ("me:read", "see whose key it is"),
        ("applications:read", "read the applications that you write"),
        ("permits:read", "read the permits of your projects"),
        ("studies:read", "see how the studies of your projects stand"),
        ("studies:send", "send studies of your projects, and take them back"),
        ("choices:write", "send what people chose, if you write choices down"),
    ]
    public_id = models.CharField(max_length=64, unique=True, default=new_public_id, editable=False)
    user = models.ForeignKey(User, on_delete=models.PROTECT, related_name="tokens")
    name = models.CharField(max_length=80)
    secret_hash = models.CharField(max_length=64, unique=True)
    scopes = models.JSONField(default=list)
    created_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    objects = GovernedQuery.as_manager()

    class Meta:
        """Newest first."""

        base_manager_name = "objects"
        ordering = ("-created_at", "-id")

    def __str__(self) -> str:
        return self.public_id
