"""Forms of studies."""

from __future__ import annotations

from django import forms

from commonweal.web.nhsuk.fields import FileField


class SendForm(forms.Form):
    """A study as one file. `order`: names what is asked, so that twice the same is once."""

    order = forms.CharField(widget=forms.HiddenInput, max_length=32)
    file = FileField(
        label="The file with your study",
        help_text="A zip file or a git bundle of at most 20 MB. Its files together have at most "
        "2.5 MB.",
        accept=".zip,.bundle", missing="Choose a file.", allow_empty_file=True,
    )  # fmt: skip
