"""What stands at the head of a public page, and how patients reach the hospital: both are files.

A page's head says who looks after it and until when it holds; the contacts are one file of the
home. Neither has a default that would make something up: what is not given is said not to be.
"""

from __future__ import annotations

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from commonweal.papers.base import Day, Identifier, Line, Paper

GROUPS: dict[str, str] = {
    "you": "Your choices and your rights",
    "protect": "What protects people",
    "decide": "Who decides, and who uses data",
    "part": "Find out more and take part",
    "cases": "What came of it: case studies",
    "service": "About this website",
}
"""Where a page stands, in this order, and what people read above it."""
Group = Literal["you", "protect", "decide", "part", "cases", "service"]
LONGEST_REVIEW_DAYS = 731
"""A text holds for two years at most without somebody reading it again."""

_PHONE = re.compile(r"\+?[0-9](?:[0-9 ]{5,18})[0-9]", re.ASCII)
_EMAIL = re.compile(r"[A-Za-z0-9._+-]{1,64}@[A-Za-z0-9-]+(?:\.[A-Za-z0-9-]+)+", re.ASCII)
_SECURE = re.compile(
    r"https://[A-Za-z0-9.-]+(?::[0-9]{1,5})?(?:/[A-Za-z0-9/_.~%?=&#+,-]*)?", re.ASCII
)


def is_secure_address(text: str) -> bool:
    """True for an `https` address of plain characters, with no name or password in it."""
    return len(text) <= 500 and _SECURE.fullmatch(text) is not None


def is_email(text: str) -> bool:
    """True for a plain address for mail."""
    return len(text) <= 100 and _EMAIL.fullmatch(text) is not None


def is_phone(text: str) -> bool:
    """True for a phone number: digits and spaces, perhaps a + before them."""
    return _PHONE.fullmatch(text) is not None


def _at_most(letters: int) -> AfterValidator:
    def check(text: str) -> str:
        if len(text) > letters:
            raise ValueError(f"is longer than {letters} characters")
        return text

    return AfterValidator(check)


def _as_it_is(text: str) -> str:
    if "{" in text or "}" in text:
        raise ValueError("has braces, and nothing is filled in there")
    return text


def _phone(text: str) -> str:
    if not is_phone(text):
        raise ValueError("must be a phone number of 7 to 20 digits and spaces")
    return text


def _email(text: str) -> str:
    if not is_email(text):
        raise ValueError("must be an address for mail")
    return text


def _secure(text: str) -> str:
    if not is_secure_address(text):
        raise ValueError("must be an address that begins with https://")
    return text


Phone = Annotated[Line, AfterValidator(_phone)]
Email = Annotated[Line, AfterValidator(_email)]
Secure = Annotated[Line, AfterValidator(_secure)]
_Plain = Annotated[Line, AfterValidator(_as_it_is)]
_Short = Annotated[Line, _at_most(60)]
_Said = Annotated[Line, _at_most(120)]


class Head(Paper):
    """The head of a page.

    `owner`: the role that looks after it; `reviewed`: when somebody last read it and found it true;
    `review_by`: until when it holds. `order`: where it stands in its group. `project`: for a case
    study, and only there: the permit in the register that it is about.
    """

    title: Annotated[_Plain, _at_most(80)]
    summary: Annotated[_Plain, _at_most(200)]
    owner: Annotated[_Plain, _at_most(80)]
    reviewed: Day
    review_by: Day
    order: Annotated[int, Field(ge=0, le=9999)]
    group: Group
    project: Identifier | None = None

    @model_validator(mode="after")
    def _fits(self) -> Self:
        days = (self.review_by - self.reviewed).days
        if not 0 < days <= LONGEST_REVIEW_DAYS:
            raise ValueError("is wrong: review_by is a day in the two years after reviewed")
        if (self.group == "cases") != (self.project is not None):
            raise ValueError(
                "is wrong: a page of the group cases names its project, and no other page does"
            )
        return self


class Officer(Paper):
    """How to reach the data protection officer; at least one way."""

    email: Email | None = None
    phone: Phone | None = None

    @model_validator(mode="after")
    def _one_way(self) -> Self:
        if self.email is None and self.phone is None:
            raise ValueError("must have email or phone")
        return self


class Contacts(Paper):
    """How patients reach the hospital. What is missing is said to be missing, on each page.

    `post`: the lines of the address, without the hospital's name; `desk`: where to go in person;
    `full_notice`: the address of the hospital's own privacy notice.
    """

    phone: Phone | None = None
    phone_hours: _Said | None = None
    email: Email | None = None
    post: Annotated[tuple[_Short, ...], Field(min_length=1, max_length=6)] | None = None
    desk: _Said | None = None
    officer: Officer | None = None
    full_notice: Secure | None = None

    @model_validator(mode="after")
    def _hours_of_a_phone(self) -> Self:
        if self.phone_hours is not None and self.phone is None:
            raise ValueError("must have phone where it has phone_hours")
        return self
