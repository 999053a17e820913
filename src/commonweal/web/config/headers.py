"""Headers that neither Django nor django-csp sets: powers the page has not, and what is kept."""

from __future__ import annotations

from django.http import HttpRequest
from django.http.response import HttpResponseBase

from commonweal.web.config.requests import Answer

_POWERS = ("accelerometer", "camera", "display-capture", "geolocation", "gyroscope", "hid",
           "magnetometer", "microphone", "midi", "payment", "serial", "usb")  # fmt: skip
PERMISSIONS = ", ".join(f"{power}=()" for power in _POWERS)


class Headers:
    """Set them on every answer."""

    def __init__(self, answer: Answer) -> None:
        self.answer = answer

    def __call__(self, request: HttpRequest) -> HttpResponseBase:
        """Answer, with headers."""
        response = self.answer(request)
        response["Permissions-Policy"] = PERMISSIONS
        response["Cross-Origin-Resource-Policy"] = "same-origin"
        if "Cache-Control" not in response:
            # A page may hold what only its reader may see; a shared machine must not keep it.
            response["Cache-Control"] = "no-store"
        return response
