"""S11 and two people: no page tells a checker of another's vote before two people have judged.

The attack: a second checker reads every page twice and compares. Whatever the first one did
(approved, sent back, rejected, said that they have an interest, or nothing at all), each page must
be the same, byte for byte. The naive twin shows how many have judged, as many airlocks do.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from tests.web.conftest import at, db, web_home  # noqa: F401 (fixtures)
from tests.web.outputs.review_house import OUT, drawn, furnish, heard, signed_in, vote

CHOICES = ("nothing", "approve", "return", "reject", "conflicted")
WORDS = {"to_author": "PLEASE-ROUND-IT", "note": "I-SAW-THREE-PEOPLE"}
PAGES = (
    "/outputs/review/", "/outputs/review/left", "/outputs/review/history",
    f"/outputs/review/{OUT}/", f"/outputs/review/{OUT}/recall",
    *(f"/outputs/review/{OUT}/{part}" for part in (
        "files/1", "files/2", "files/3", "files/4", "files/1/text", "files/6/text",
        "files/4/picture", "together", "code")), "/account/", "/sign/", "/",
    "/outputs/",
)  # fmt: skip
_CHANGES = (
    re.compile(rb'name="csrfmiddlewaretoken" value="[^"]+"'),
    re.compile(rb'nonce="[^"]+"'),
)


def told(client: Any, address: str) -> tuple[int, bytes]:
    """What a page says, but for what is new in each answer to anybody."""
    answer = client.get(address)
    content = answer.content
    for pattern in _CHANGES:
        content = pattern.sub(b"", content)
    if answer.status_code >= 400:  # the reference of an error is the request's own
        content = re.sub(rb"[0-9A-Z]{4}-[0-9A-Z]{4}", b"", content)
    return answer.status_code, content


def kept_votes(votes: list[dict[str, Any]]) -> None:
    """The votes of the turn, as the airlock's worker tells of them."""
    from commonweal.web.config import clock
    from commonweal.web.outputs.models import ReviewPapers

    row = ReviewPapers.objects.get(output__reference=OUT)
    row.votes, row.told_at = votes, clock.now()
    row.save()


def first_votes(choice: str, *, who: str = "tara") -> None:
    """The rows after the first checker did something, or nothing; as worker and signer tell them.

    A vote that waits for the airlock has an order, which is a row as well.
    """
    from commonweal.web.config import clock
    from commonweal.web.outputs.models import Output, OutputOrder

    kept_votes([])
    if choice == "nothing":
        return
    act = heard(who, choice, 7, **WORDS)
    kept_votes([vote(who, choice, 7, **WORDS)])
    OutputOrder.objects.create(
        kind="vote", output=OUT, permit="permit-0", asked_by=act.person, act=act,
        asked_at=clock.now(),
    )  # fmt: skip
    assert Output.objects.get().state == "in_review"


@pytest.fixture
def held(db: None, at: Callable[[Any], None]) -> None:  # noqa: F811
    """A clock that stands still, so that a page can only differ by what was done."""
    from commonweal.foundation.clock import FixedClock
    from commonweal.web.config import clock

    at(FixedClock(clock.now()))


def sights(who: str, look: Callable[[Any, str], tuple[int, bytes]] = told) -> dict[str, set[Any]]:
    """By page, the different things that `who` sees after each choice of the first checker."""
    from django.db import transaction

    client = signed_in(who)
    found: dict[str, set[Any]] = {address: set() for address in PAGES}
    for choice in CHOICES:
        with transaction.atomic():
            first_votes(choice)
            for address in PAGES:
                found[address].add(look(client, address))
            transaction.set_rollback(True)
    return found


@pytest.mark.parametrize("who", ["umar", "edward", "amara"])
@pytest.mark.usefixtures("held")
def test_every_page_is_the_same_whatever_the_first_one_did(who: str) -> None:
    furnish(made=drawn())
    assert {address: len(seen) for address, seen in sights(who).items()} == dict.fromkeys(PAGES, 1)


@pytest.mark.usefixtures("held")
def test_the_list_is_in_the_same_order_whatever_was_done() -> None:
    from datetime import timedelta

    from commonweal.web.outputs.models import Output

    furnish()
    furnish(name="out-2", waited=timedelta(hours=29), title="Another")
    umar = signed_in("umar")
    before = told(umar, "/outputs/review/")
    heard("tara", "approve", 7)
    kept_votes([vote("tara", "approve", 7)])
    row = Output.objects.get(reference=OUT)
    row.save()  # as a worker that writes it anew
    assert told(umar, "/outputs/review/") == before


@pytest.mark.usefixtures("held")
def test_a_twin_that_counts_is_caught() -> None:
    """The naive page: `1 of 2 have judged`."""
    from commonweal.web.outputs.models import ReviewPapers

    def naive(client: Any, address: str) -> tuple[int, bytes]:
        status, content = told(client, address)
        count = len(ReviewPapers.objects.get().votes)
        return status, content + f"<p>{count} of 2 have judged</p>".encode()

    furnish(made=drawn())
    assert all(len(seen) == 2 for seen in sights("umar", naive).values())


@pytest.mark.usefixtures("held")
def test_a_twin_that_names_the_state_by_votes_is_caught() -> None:
    """The naive state: `partially reviewed`, which the second checker reads in the list."""
    from commonweal.web.outputs.models import ReviewPapers

    def naive(client: Any, address: str) -> tuple[int, bytes]:
        status, content = told(client, address)
        begun = bool(ReviewPapers.objects.get().votes)
        state = b"Partially reviewed" if begun else b"Waits for two people"
        return status, content.replace(b"Waits for two people", state)

    furnish()
    assert len(sights("umar", naive)["/outputs/review/"]) == 2


@pytest.mark.usefixtures("held")
def test_an_interest_opens_nothing_and_two_who_judged_open_all() -> None:
    from commonweal.web.outputs.models import Output

    furnish()
    heard("tara", "conflicted", 7, **WORDS)
    votes = [vote("tara", "conflicted", 7, **WORDS), vote("vera", "approve", 8, **WORDS)]
    kept_votes(votes)
    umar = signed_in("umar")
    _, page = told(umar, f"/outputs/review/{OUT}/")
    for secret in (*WORDS.values(), "Tara", "tara", "Vera", "vera"):
        assert secret.encode() not in page
    votes.append(vote("umar", "reject", 9))
    kept_votes(votes)
    Output.objects.update(state="consolidating")
    _, page = told(umar, f"/outputs/review/{OUT}/")
    assert b"Vera Novak" in page
    assert WORDS["note"].encode() in page


@pytest.mark.usefixtures("held")
def test_a_checker_sees_their_own_vote_and_nobody_elses() -> None:

    furnish()
    kept_votes([vote("tara", "reject", 7, **WORDS)])
    _, own = told(signed_in("tara"), f"/outputs/review/{OUT}/")
    _, other = told(signed_in("umar"), f"/outputs/review/{OUT}/")
    assert b"You have judged it." in own
    assert b"You have judged it." not in other
    assert b"PLEASE-ROUND-IT" not in other


@pytest.mark.usefixtures("held")
def test_a_turn_that_ended_after_one_vote_tells_nothing_of_it() -> None:
    """A file changed after one person had judged: the next turn is judged blind as well."""
    from commonweal.web.outputs.models import Output

    furnish()
    heard("tara", "reject", 7, **WORDS)
    umar = signed_in("umar")
    for state in ("returned", "withdrawn", "expired"):
        Output.objects.update(state=state)
        for address in PAGES:
            _, page = told(umar, address)
            assert b"PLEASE-ROUND-IT" not in page, (state, address)
            assert b"Tara" not in page, (state, address)
