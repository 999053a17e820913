"""The form of mail about new projects."""

from __future__ import annotations

from django import forms

from commonweal.web.nhsuk.fields import EmailField, Look


class AskForm(forms.Form):
    """Where to write to."""

    address = EmailField(
        label="Your e-mail address",
        help_text="We use it for nothing else. You can stop it at any time.",
        max_length=254,
        error_messages={
            "required": "Enter your e-mail address.",
            "invalid": "Enter an e-mail address, such as name@example.org.",
        },
        look=Look(autocomplete="email"),
    )
