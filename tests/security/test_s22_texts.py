"""S22: a figure that no airlock saw reaches the public in somebody's own words.

The naive service shows what an officer typed as soon as it is saved: a count of four people of one
ward is out, and nobody had looked. Ours holds a text until a second person has looked, and a figure
about people until it cites an output that was released and not taken back.
"""

from __future__ import annotations

from typing import Any

import pytest

from tests.web.conftest import client, db, page, web_home  # noqa: F401 (fixtures)
from tests.web.publishing.test_publishing import (  # noqa: F401 (fixtures)
    SECOND,
    WRITER,
    code,
    people,
    said,
)

SECRETS = (
    "4 people on the ward had it.",
    "Four of the women had it.",
    "\uff14 people had it.",
    "It was 1 in 3.",
    "It was 33 per cent.",
    "A third of the patients had it.",
    "Only two babies were ill.",
)


class NaiveSite:
    """What is saved is shown."""

    def __init__(self) -> None:
        self.shown: list[str] = []

    def save(self, text: str) -> None:
        self.shown.append(text)


@pytest.mark.parametrize("text", SECRETS)
def test_naive_the_figure_is_out(text: str) -> None:
    site = NaiveSite()
    site.save(text)
    assert text in site.shown


@pytest.mark.parametrize("text", SECRETS)
@pytest.mark.parametrize("place", ["text", "title"])
def test_ours_the_figure_goes_to_nobody(
    people: dict[str, Any],  # noqa: F811
    page: Any,  # noqa: F811
    text: str,
    place: str,
) -> None:
    from commonweal.web.publishing import services

    made = services.write(people[WRITER], **said(**{place: text}))
    assert code(lambda: services.offer(people[WRITER], made)) == "CW-STATE-GUARD"
    assert text not in page("/what-went-wrong/").text
    assert text not in page("/texts/").text


def test_ours_an_output_that_was_not_released_cannot_be_cited(
    people: dict[str, Any],  # noqa: F811
) -> None:
    from commonweal.web.publishing import services

    for about in ({"permit": "none-such", "output": "o-1"}, {"permit": "", "output": "o-1"}):
        call = lambda a=about: services.write(  # noqa: E731
            people[WRITER], **said(text=SECRETS[0], **a)
        )
        assert code(call) == "CW-NOTICE-PROJECT"


def test_ours_one_person_alone_publishes_nothing(
    people: dict[str, Any],  # noqa: F811
    page: Any,  # noqa: F811
) -> None:
    """Also with rights on every page: whoever wrote is refused, and rows need their event."""
    from commonweal.foundation.errors import Fault
    from commonweal.web.publishing import services
    from commonweal.web.publishing.models import Notice

    made = services.write(people[WRITER], **said())
    services.offer(people[WRITER], made)
    seen = services.text_hash(made)
    call = lambda: services.publish(people[WRITER], made, "Fine.", seen=seen)  # noqa: E731
    assert code(call) == "CW-STATE-ROLE"
    with pytest.raises(Fault, match="ledger event only"):
        Notice.objects.filter(pk=made.pk).update(state="published")
    assert made.title not in page("/what-went-wrong/").text
    services.publish(people[SECOND], made, "It names nobody.", seen=seen)
    assert made.title in page("/what-went-wrong/").text
