"""S8: the web carries and cannot ask: nobody's record is shown but that of who signed in, then.

The naive service takes the number from the web: one fault there lists every member of a sensitive
study. Ours is attacked by a web process that has the whole database of orders and answers, its own
keys, and every box that ever passed, but no signature of the provider.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.errors import CommonwealError
from commonweal.papers.choice import new_choice_id
from commonweal.papers.order_key import OrderKey
from commonweal.papers.own_order import OwnOrder
from commonweal.papers.own_record import CONTEXT, OwnRecord, open_answer
from commonweal.papers.own_record_box import MAGIC, open_box, public_half
from commonweal.vault.mydata.believed import set_provider
from commonweal.vault.mydata.desk import answer_order
from commonweal.vault.mydata.order_key import (
    STILL_OPENS,
    place,
    publish_order_key,
    rotate_order_key,
)
from commonweal.vault.mydata.tries import WINDOW
from commonweal.vault.release.proving import prove_person
from tests.release_house import House, make_house, permitted, refused
from tests.unit.choices.helpers import nhs_numbers
from tests.unit.mydata.helpers import CLIENT, ISSUER, Browser, jwks, new_key, token

STRANGERS = nhs_numbers(30)[24:]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, Path]]:
    made = make_house(tmp_path_factory.mktemp("s08") / "house", count=24)
    data = permitted(patients={"nhs_number": "pseudonym", "sex": "exact"})
    report = made.build(made.issue(data=data))
    publish_order_key(made.custody())
    set_provider(made.custody(), ISSUER, CLIENT, frozenset({"RS512"}), jwks())
    yield made, report.folder
    made.close()


@pytest.fixture
def house(built: tuple[House, Path]) -> House:
    built[0].clock.advance(WINDOW)
    return built[0]


def order(house: House, browser: Browser, text: str, **more: Any) -> bytes:
    """What any web can write down: it has the published key, and seals what it likes."""
    plain = {"order": 1, "asked": "look", "token": text, "public": browser.public.hex(),
             "random": browser.random.hex()} | more  # fmt: skip
    key = OrderKey.load(place(house.custody()).read_bytes(), house.custody().belief)
    return OwnOrder.read(plain, "The order").sealed(key)


def carried(house: House, number: str, browser: Browser) -> tuple[bytes, bytes]:
    """An honest visit of somebody: the two boxes as they lie in the database."""
    sealed = order(house, browser, token(browser, number, house.clock.now()))
    return sealed, answer_order(house.custody(), sealed)[1]


def record_of(box: bytes, browser: Browser) -> OwnRecord:
    found = open_answer(box, browser.private).record
    assert found is not None
    return found


def code(call: Callable[[], Any]) -> str:
    try:
        call()
    except CommonwealError as error:
        return error.code
    return ""


# --- the naive twin ----------------------------------------------------------------------------


def test_naive_a_web_that_names_the_subject_lists_the_members(
    built: tuple[House, Path], house: House
) -> None:
    def naive(subject: str) -> bool:
        return code(lambda: prove_person(house.custody(), built[1], subject)) == ""

    listed = [number for number in nhs_numbers(30) if naive(number)]
    assert listed == house.numbers


def test_naive_an_answer_as_long_as_what_it_says_tells_who_is_in(
    built: tuple[House, Path], house: House
) -> None:
    def naive(number: str) -> int:
        browser = Browser()
        return len(record_of(carried(house, number, browser)[1], browser).canonical())

    lengths = {number: naive(number) for number in (*house.numbers[:2], *STRANGERS[:2])}
    inside = {lengths[number] for number in house.numbers[:2]}
    assert not inside & {lengths[number] for number in STRANGERS[:2]}


# --- ours: no subject --------------------------------------------------------------------------


def test_ours_an_order_has_no_place_for_a_number(house: House) -> None:
    browser = Browser()
    text = token(browser, house.numbers[0], house.clock.now())
    for name in ("nhs_number", "number", "subject", "person", "whose", "identifier"):
        with pytest.raises(CommonwealError):
            order(house, browser, text, **{name: house.numbers[1]})
    chosen = {"id": "abcdefghjkmnpqrs", "kind": "local_objection", "whose": house.numbers[1]}
    with pytest.raises(CommonwealError):
        order(house, browser, text, asked="choose", choice=chosen)


FORGED: dict[str, Callable[[Browser, str, Any], str]] = {
    "own key": lambda b, n, at: token(b, n, at, key=new_key("first")),
    "own key under another name": lambda b, n, at: token(b, n, at, key=new_key("mine")),
    "not signed": lambda b, n, at: _none(token(b, n, at)),
    "another's number put in": lambda b, n, at: _swapped(token(b, STRANGERS[0], at), n),
    "another service's": lambda b, n, at: token(b, n, at, aud="other"),
    "another provider's": lambda b, n, at: token(b, n, at, iss="https://evil.example"),
    "low assurance": lambda b, n, at: token(b, n, at, vot="P5.Cp.Cd"),
    "of yesterday": lambda b, n, at: token(b, n, at - timedelta(days=1)),
    "for another browser": lambda b, n, at: token(Browser(), n, at),
    "for nobody's browser": lambda b, n, at: token(b, n, at, nonce=""),
}


def _parts(text: str) -> list[Any]:
    return [json.loads(base64.urlsafe_b64decode(part + "==")) for part in text.split(".")[:2]]


def _joined(head: Any, claims: Any, mark: str) -> str:
    made = [base64.urlsafe_b64encode(json.dumps(part).encode()).rstrip(b"=").decode()
            for part in (head, claims)]  # fmt: skip
    return ".".join([*made, mark])


def _none(text: str) -> str:
    head, claims = _parts(text)
    return _joined(head | {"alg": "none"}, claims, "AA")


def _swapped(text: str, number: str) -> str:
    head, claims = _parts(text)
    return _joined(head, claims | {"nhs_number": number}, text.split(".")[2])


@pytest.mark.parametrize("how", FORGED)
def test_ours_no_signature_of_the_provider_no_answer(house: House, how: str) -> None:
    said = []
    for number in (house.numbers[0], STRANGERS[1]):
        browser = Browser()
        text = FORGED[how](browser, number, house.clock.now())
        error = refused(lambda: answer_order(house.custody(), order(house, browser, text)))  # noqa: B023
        assert error.code.startswith("CW-MYDATA-")
        said.append(str(error))
    assert len(set(said)) == 1  # and the refusal is the same for who is in and who is not


# --- ours: what lies in the database -----------------------------------------------------------


def test_ours_a_stolen_token_answers_to_nobody_elses_key(house: House) -> None:
    """The web sees the token when it fetches it from the provider, and keeps it."""
    victim, mine = Browser(), Browser()
    text = token(victim, house.numbers[0], house.clock.now())
    for more in (
        {},
        {"random": victim.random.hex()},
        {"public": mine.public.hex(), "random": victim.random.hex()},
        {"public": victim.public.hex(), "random": mine.random.hex()},
    ):
        error = refused(lambda: answer_order(house.custody(), order(house, mine, text, **more)))  # noqa: B023
        assert error.code == "CW-MYDATA-NONCE"
    # With the victim's public half the vault answers, and to the victim's browser alone.
    box = answer_order(house.custody(), order(house, victim, text))[1]
    assert code(lambda: open_answer(box, mine.private)) == "CW-MYDATA-SEAL"
    assert record_of(box, victim).releases[0].answer == "in"


def test_ours_a_stolen_database_opens_with_none_of_the_keys_in_it(
    built: tuple[House, Path], house: House
) -> None:
    visits = [(number, Browser()) for number in (*house.numbers[:3], *STRANGERS[:3])]
    rows = [(number, *carried(house, number, browser)) for number, browser in visits]
    every = b"".join(sealed + box for _, sealed, box in rows)
    for number, _, _ in rows:
        for spelt in (number.encode(), number.encode().hex().encode()):
            assert spelt not in every
    assert built[1].name.encode() not in every
    # All rows have one length each, so who is in cannot be told apart from who is not.
    assert len({len(sealed) for _, sealed, _ in rows}) == 1
    assert len({len(box) for _, _, box in rows}) == 1
    others = [Browser().private, bytes(range(32)), b"\x01" * 32]
    for _, sealed, box in rows:
        for private in others:
            assert code(lambda: open_answer(box, private)) == "CW-MYDATA-SEAL"  # noqa: B023
            assert code(lambda: open_box(sealed[16:], private, CONTEXT)) == "CW-MYDATA-SEAL"  # noqa: B023
    # An answer does not open for another visitor, and an order is no answer.
    for _, browser in visits[1:]:
        assert code(lambda: open_answer(rows[0][2], browser.private)) == "CW-MYDATA-SEAL"  # noqa: B023


def test_ours_an_answer_is_not_made_longer_or_shorter_by_what_was_chosen(house: House) -> None:
    before = len(carried(house, house.numbers[9], Browser())[1])
    for kind in ("local_objection", "no_companies", "no_ai_training"):
        browser = Browser()
        text = token(browser, house.numbers[9], house.clock.now())
        choice = {"id": new_choice_id(), "kind": kind}
        sealed = order(house, browser, text, asked="choose", choice=choice)
        assert len(sealed) == len(carried(house, STRANGERS[0], Browser())[0])
        assert open_answer(answer_order(house.custody(), sealed)[1], browser.private).receipt
    assert len(carried(house, house.numbers[9], Browser())[1]) == before


def test_ours_a_box_that_was_changed_is_no_order(house: House) -> None:
    browser = Browser()
    sealed = order(house, browser, token(browser, house.numbers[0], house.clock.now()))
    for at in (0, 15, 16, 16 + len(MAGIC), 60, len(sealed) - 1):
        changed = bytearray(sealed)
        changed[at] ^= 1
        assert code(lambda: answer_order(house.custody(), bytes(changed))) in (  # noqa: B023
            "CW-MYDATA-KEY", "CW-MYDATA-SEAL")  # fmt: skip
    # The key that the box is sealed to is mine, though the row says that it is the vault's.
    mine = OrderKey.load(place(house.custody()).read_bytes(), house.custody().belief)
    own = public_half(b"\x07" * 32)
    fake = mine.model_copy(
        update={"public_key": base64.urlsafe_b64encode(own).rstrip(b"=").decode()}
    )
    plain = {"order": 1, "asked": "look", "token": "a.b.c", "public": "0" * 64, "random": "0" * 64}
    box = OwnOrder.read(plain, "The order").sealed(fake)
    assert code(lambda: answer_order(house.custody(), box)) == "CW-MYDATA-SEAL"


def test_ours_an_old_order_is_not_answered_again(house: House) -> None:
    """Rows are kept by a thief who gives them back to the vault later, beside a key of his own."""
    browser = Browser()
    sealed, _ = carried(house, house.numbers[0], browser)
    house.clock.advance(timedelta(minutes=16))
    assert code(lambda: answer_order(house.custody(), sealed)) == "CW-MYDATA-STALE"
    fresh = order(house, browser, token(browser, house.numbers[0], house.clock.now()))
    rotate_order_key(house.custody())
    house.clock.advance(STILL_OPENS)
    assert code(lambda: answer_order(house.custody(), fresh)) == "CW-MYDATA-KEY"


def test_ours_the_log_names_nobody(house: House) -> None:
    carried(house, house.numbers[0], Browser())
    carried(house, STRANGERS[0], Browser())
    one, other = house.events("person.answered")[-2:]
    assert {k: v for k, v in one.items() if k != "at"} == {
        k: v for k, v in other.items() if k != "at"
    }
    assert set(one) == {"v", "type", "at", "role", "actor", "asked", "outcome"}


# --- what is left, and said in the known limits ------------------------------------------------


def test_what_is_left_a_web_that_begins_a_sign_in_with_its_own_key_sees_that_person(
    house: House,
) -> None:
    """It must wait until the person signs in, and learns of that person at that time, no other."""
    evil = Browser()  # the web made the pair and kept the private half
    seen = record_of(carried(house, house.numbers[0], evil)[1], evil)
    assert seen.releases[0].answer == "in"
    # The person's sign-in helps it to nobody else.
    text = token(evil, house.numbers[0], house.clock.now())
    error = refused(
        lambda: answer_order(house.custody(), order(house, evil, _swapped(text, house.numbers[1])))
    )
    assert error.code == "CW-MYDATA-TOKEN"
