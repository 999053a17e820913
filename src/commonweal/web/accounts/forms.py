"""Forms of accounts."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django import forms
from django.contrib.auth.password_validation import validate_password
from django.core.exceptions import ValidationError

from commonweal.web.accounts.models import ApiToken, Organisation
from commonweal.web.accounts.roles import ROLES, WORDS
from commonweal.web.letters.models import Choice
from commonweal.web.nhsuk.fields import (
    CheckboxesField,
    DateField,
    EmailField,
    Look,
    PasswordField,
    RadiosField,
    SelectField,
    TextField,
)

KINDS_SAID = [(kind, said[0].upper() + said[1:]) for kind, said in Organisation.KINDS]


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

    def __init__(
        self,
        *args: Any,
        organisations: list[tuple[str, str]],
        roles: Iterable[str] = ROLES,
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, organisations, roles)


def _offer(form: forms.Form, organisations: list[tuple[str, str]], roles: Iterable[str]) -> None:
    empty = [("", "Choose one")]
    form.fields["organisation"].choices = empty + organisations
    form.fields["role"].choices = empty + [
        (role, WORDS[role][0].upper() + WORDS[role][1:]) for role in roles
    ]


class GiveForm(forms.Form):
    """A role for somebody who has an account."""

    organisation = SelectField(label="Organisation", missing="Choose an organisation.")
    role = SelectField(label="Role", missing="Choose a role.")
    last_day = DateField(
        label="Last day of the role",
        help_text="Leave it empty if the role has no end yet. For example, 31 3 2027.",
        required=False,
    )

    def __init__(
        self,
        *args: Any,
        organisations: list[tuple[str, str]],
        roles: Iterable[str],
        **kwargs: Any,
    ) -> None:
        super().__init__(*args, **kwargs)
        _offer(self, organisations, roles)


class AccreditedForm(forms.Form):
    """Until when a person is accredited."""

    until = DateField(
        label="Accredited until",
        help_text="The last day. From the next one the account is stopped. Leave it empty if no "
        "accreditation is needed.",
        required=False,
    )


class OrganisationForm(forms.Form):
    """What is known of an organisation."""

    name = TextField(label="Name", max_length=200, missing="Enter the organisation's name.")
    kind = SelectField(
        label="Kind", choices=[("", "Choose one"), *KINDS_SAID], missing="Choose a kind."
    )
    reference = TextField(
        label="Reference",
        help_text="Such as its ODS code, company number or charity number. Leave it empty if it "
        "has none.",
        max_length=40,
        required=False,
        look=Look(width=20),
    )
    assured_until = DateField(
        label="Data security assurance (DSPT) until",
        help_text="The last day. From the next one, people with roles only there are stopped. "
        "Leave it empty if it needs none.",
        required=False,
    )

    def clean_name(self) -> str:
        """A name that can be printed."""
        return _printable(self.cleaned_data["name"])

    def clean_reference(self) -> str:
        """A reference that can be printed."""
        return _printable(self.cleaned_data["reference"])


class OftenForm(forms.Form):
    """How often a person wants mail."""

    often = RadiosField(
        label="How often do you want mail?", choices=Choice.OFTEN, missing="Choose one."
    )


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
