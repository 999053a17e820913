"""What the fields of an event may hold: every kind has a strict form, and none is free text."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from types import MappingProxyType
from typing import Any

from commonweal.foundation.codes import CODES
from commonweal.foundation.identifiers import InvalidNHSNumber, NHSNumber

BANDS = ("under 100", "100 to 999", "1,000 to 9,999", "10,000 to 99,999", "100,000 or more")
"""How the public log says how many people: never closer than this."""


@dataclass(frozen=True)
class Field:
    """One field of an event's body: its kind, and for `one_of` the words it may hold."""

    kind: str
    required: bool = True
    words: tuple[str, ...] = ()


_IDENTIFIER = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_HASH = re.compile(r"sha256:[0-9a-f]{64}", re.ASCII)
_COMMITMENT = re.compile(r"hmac-sha256:[0-9a-f]{64}", re.ASCII)
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", re.ASCII)
_PUBLIC_KEY = re.compile(r"[A-Za-z0-9_-]{42}[AEIMQUYcgkosw048]", re.ASCII)
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{3}Z", re.ASCII)
_TEN_DIGITS = re.compile(r"(?<![0-9])[0-9]{3}[-._]?[0-9]{3}[-._]?[0-9]{4}(?![0-9])", re.ASCII)
_MAX_NUMBER = 2**53 - 1


def _is_identifier(value: Any) -> bool:
    return (
        isinstance(value, str)
        and _IDENTIFIER.fullmatch(value) is not None
        and not _holds_nhs_number(value)
    )


def _holds_nhs_number(text: str) -> bool:
    for found in _TEN_DIGITS.findall(text):
        try:
            NHSNumber(re.sub(r"[^0-9]", "", found))
        except InvalidNHSNumber:
            continue
        return True
    return False


def _is_day(value: Any) -> bool:
    if not isinstance(value, str) or not _DAY.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def _is_moment(value: Any) -> bool:
    # The form of `clock.stamp`, checked without its parser: verification reads millions of these.
    if not isinstance(value, str) or not _MOMENT.fullmatch(value):
        return False
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _matches(pattern: re.Pattern[str]) -> Callable[[Any], bool]:
    return lambda value: isinstance(value, str) and pattern.fullmatch(value) is not None


def _is_number(value: Any) -> bool:
    return type(value) is int and 0 <= value <= _MAX_NUMBER


KINDS: Mapping[str, tuple[Callable[[Any], bool], str]] = MappingProxyType({
    "permit": (_is_identifier, "the id of a permit"),
    "release": (_is_identifier, "the id of a release"),
    "output": (_is_identifier, "the id of an output"),
    "standing": (_is_identifier, "the id of a standing output"),
    "key": (_is_identifier, "the id of a key"),
    "job": (_is_identifier, "the id of a job"),
    "check": (_is_identifier, "the id of one check of an output"),
    "reference": (_is_identifier, "the name of something that was brought in"),
    "dataset": (_is_identifier, "the id of a dataset"),
    "authorisation": (_is_identifier, "the id of an authorisation to attack"),
    "application": (_is_identifier, "the id of an application"),
    "decision": (_is_identifier, "the id of a decision"),
    "question": (_is_identifier, "the id of a question"),
    "meeting": (_is_identifier, "the id of a meeting of the public panel"),
    "notice": (_is_identifier, "the id of a text for the public"),
    "concern": (_is_identifier, "the id of a concern that somebody raised"),
    "organisation": (_is_identifier, "the id of an organisation in the service"),
    "project": (_is_identifier, "the id of a project"),
    "actor": (_is_identifier, "the id of a person or service"),
    "act": (_is_identifier, "the id of a signed act"),
    "subject": (_is_identifier, "the id of what a signed act is about"),
    "hash": (_matches(_HASH), "`sha256:` and 64 hexadecimal digits, of something public"),
    "commitment": (_matches(_COMMITMENT), "`hmac-sha256:` and 64 hexadecimal digits (S10)"),
    "public_key": (_matches(_PUBLIC_KEY), "an Ed25519 verification key, base64url (43 letters)"),
    "day": (_is_day, "a date, YYYY-MM-DD"),
    "moment": (_is_moment, "a UTC time, YYYY-MM-DDTHH:MM:SS.mmmZ"),
    "number": (_is_number, "a whole number, not negative"),
    "band": (lambda value: value in BANDS, "a band of counts of people"),
    "code": (lambda value: isinstance(value, str) and value in CODES, "one of our error codes"),
    "one_of": (lambda value: isinstance(value, str), "a word of a closed list"),
})  # fmt: skip
"""Kind: how a value is checked, and how the reference page describes it."""

PUBLIC_KINDS = frozenset(KINDS) - {
    *("actor", "code", "authorisation", "question", "meeting"),
    *("act", "subject", "job", "check", "reference", "concern"),
}
"""Kinds that may appear on the public log."""
