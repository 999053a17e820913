"""The Jinja environment: strict escaping, the macros of nhsuk-frontend, and a few words of ours."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any
from zoneinfo import ZoneInfo

from django.templatetags.static import static
from django.urls import reverse
from jinja2 import ChainableUndefined, ChoiceLoader, Environment, PackageLoader

from commonweal.web.config.navigation import footer
from commonweal.web.nhsuk.fields import error_items, field, fields
from commonweal.web.publicpages.places import place

_ZONE = ZoneInfo("Europe/London")


def environment(**options: Any) -> Environment:
    """An environment for Django's Jinja2 backend, which hands in the loader and options."""
    options |= {"autoescape": True, "undefined": ChainableUndefined, "trim_blocks": True}
    made = Environment(**options)  # noqa: S701 (autoescape is among the options)
    made.loader = ChoiceLoader([options["loader"], PackageLoader("nhsuk_frontend_jinja")])
    made.globals |= {
        "static": static,
        "url": _url,
        "place": place,
        "footer_items": footer,
        "field": field,
        "fields": fields,
        "error_items": error_items,
    }
    made.filters |= {"day": day, "moment": moment, "number": number}
    return made


def _url(name: str, *args: Any, **kwargs: Any) -> str:
    return reverse(name, args=args or None, kwargs=kwargs or None)


def day(value: date | datetime | None) -> str:
    """A date as people write it: 7 November 2026."""
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = value.astimezone(_ZONE)
    return f"{value.day} {value:%B %Y}"


def moment(value: datetime | None) -> str:
    """A time as people write it: 7 November 2026 at 2:05pm."""
    if value is None:
        return ""
    local = value.astimezone(_ZONE)
    hour = local.hour % 12 or 12
    return f"{day(local)} at {hour}:{local:%M}{'am' if local.hour < 12 else 'pm'}"


def number(value: int) -> str:
    """A whole number with commas."""
    return f"{value:,}"
