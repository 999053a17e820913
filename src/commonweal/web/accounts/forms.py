"""Forms of accounts."""

from __future__ import annotations

from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from commonweal.web.accounts.models import ApiToken
from commonweal.web.accounts.roles import ROLES, WORDS
from commonweal.web.nhsuk.fields import (
    CheckboxesField,
    EmailField,
    Look,
    PasswordField,
    SelectField,
    TextField,
)


class AcceptForm(forms.Form):
    """Name and password of a new account."""

    name = TextField(
        label="Your full name",
        max_length=120,
        look=Look(autocomplete="name"),
        missing="Enter your full name.",
    )
    password = PasswordField(
        label="Make a password",
        help_text="At least 15 characters. Three or four words that do not belong together are "
        "good, and easy to remember.",
        look=Look(autocomplete="new-password"),
        missing="Enter a password.",
    )

    def clean_name(self) -> str:
        """A name that can be seen: it stands on papers and beside what the person decides."""
        return _printable(self.cleaned_data["name"])

    def clean_password(self) -> str:
        """The password, if it is hard enough to guess."""
        password = str(self.cleaned_data["password"])
        validate_password(password)
        return password


class InviteForm(forms.Form):
    """Whom to invite, where and as what. `organisations`: those that may be chosen."""

    email = EmailField(
        label="Their e-mail address",
        max_length=254,
        look=Look(autocomplete="off"),
        missing="Enter an e-mail address.",
    )
    organisation = SelectField(label="Organisation", missing="Choose an organisation.")
    role = SelectField(label="Role", missing="Choose a role.")

    def __init__(self, *args: Any, organisations: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        empty = [("", "Choose one")]
        self.fields["organisation"].choices = empty + organisations
        self.fields["role"].choices = empty + [
            (role, WORDS[role][0].upper() + WORDS[role][1:]) for role in ROLES
        ]


class TokenForm(forms.Form):
    """What a key for programs is called and what it allows."""

    name = TextField(
        label="What is the key for?",
        help_text="A name that you will know it by, such as: nightly list of datasets.",
        max_length=80,
        missing="Say what the key is for.",
    )
    scopes = CheckboxesField(
        label="What may it do?",
        choices=[(key, words[0].upper() + words[1:]) for key, words in ApiToken.SCOPES],
        missing="Choose at least one thing.",
    )

    def clean_name(self) -> str:
        """A name that can be printed."""
        return _printable(self.cleaned_data["name"])


def _printable(name: object) -> str:
    if not str(name).isprintable():
        raise ValidationError("The name has characters that cannot be shown.")
    return str(name)
