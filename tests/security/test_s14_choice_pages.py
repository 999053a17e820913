"""S14, S8: choices by page. Attackers hold the service's database, own the whole web process, or
are staff who look around.

The naive twin writes rows as they are typed and believes whatever row it finds: whoever reads it
knows who chose what, and whoever writes to it ends anybody's choice.
"""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from commonweal.foundation.clock import stamp
from commonweal.foundation.errors import CommonwealError
from commonweal.papers.base import PaperInvalid
from commonweal.papers.choice_request import SIZE, ChoiceBox, open_choice_box, written_plain
from commonweal.papers.choice_rules import DOES, KINDS
from commonweal.papers.order_key import OrderKey
from commonweal.papers.own_record_box import open_box, seal_box
from commonweal.vault.choices.journal import read_journal
from commonweal.vault.choices.requests import FOLDER, accept, refuse, waiting
from commonweal.vault.custody import Custody, open_custody
from commonweal.vault.mydata.order_key import publish_order_key, published_order_key
from tests.web.choices.test_by_page import NEW, sent, step
from tests.web.choices.test_by_program import send
from tests.web.choices.test_by_staff import DESK, once
from tests.web.choices.vault import (
    ASKED,
    CHOOSER,
    EVIDENCE,
    NAME,
    OTHER,
    PERSON,
    REACH,
    WRITTEN,
    a_vault,
    dumped,
    opened_way,
)
from tests.web.conftest import client, db, new_client, sign_in, web_home  # noqa: F401 (fixtures)
from tests.web.house import make_home
from tests.web.test_every_page import addresses

TYPED = (NAME, PERSON, REACH, CHOOSER, EVIDENCE, "1958", "LS1 9AB", "no_ai_training",
         "no_companies", "portal-1")  # fmt: skip
PUBLIC = (
    "account", "mfa", "publiclog", "register", "discovery", "oversight", "told", "publicpages",
    "assessments", "api",
)  # fmt: skip


@pytest.fixture(scope="module")
def vault(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Custody]:
    with a_vault(tmp_path_factory.mktemp("choices")) as custody:
        yield custody


@pytest.fixture
def way(db: None, web_home: Path, vault: Custody) -> Iterator[Custody]:  # noqa: F811
    with opened_way(web_home, vault):
        yield vault


# --- a stolen database --------------------------------------------------------------------------


def test_the_naive_twin_shows_who_chose_what() -> None:
    naive = [json.dumps(ASKED), json.dumps(ASKED | {"kinds": ["local_objection"]})]
    assert all(NAME in row for row in naive)
    assert [row for row in naive if "no_companies" in row] == naive[:1]
    assert len({len(row) for row in naive}) == 2  # sealed without padding, the length would tell


def test_a_stolen_database_shows_nobodys_choice(client: Any, way: Custody, sign_in: Any) -> None:  # noqa: F811
    from commonweal.web.choices.models import Box

    before = dumped()
    reference = sent(client, who="other", relation="attorney", chooser=CHOOSER)
    sign_in("edward").post(DESK, WRITTEN | {"once": once(11)})
    send()
    stolen = dumped()
    rows = [bytes(one) for one in Box.objects.values_list("sealed", flat=True)]
    # Which of the three is the public's, whose is long and whose short: nothing tells.
    assert (len(rows), {len(one) for one in rows}) == (3, {16 + 7 + 32 + SIZE + 16})
    for word in (*TYPED, reference):
        assert stolen.count(word.encode()) == before.count(word.encode()), word
    assert len(rows) == len(set(Box.objects.values_list("id", flat=True)))
    assert step(way) == 3
    answered = dumped()
    for word in (*TYPED, reference, "Receipt", "health"):
        assert answered.count(word.encode()) == before.count(word.encode()), word
    for one in waiting(way):
        refuse(way, one.reference, "made up", "edward")


def test_one_person_twice_is_two_rows_that_share_nothing(client: Any, way: Custody) -> None:  # noqa: F811
    from commonweal.web.choices.models import Box

    for _ in range(2):
        sent(client)
    one, two = (bytes(row) for row in Box.objects.values_list("sealed", flat=True))
    head = 16 + 7  # the key's id and the format; the rest is fresh
    assert one[:head] == two[:head]
    assert one[head : head + 32] != two[head : head + 32]
    same = sum(a == b for a, b in zip(one[head:], two[head:], strict=True))
    assert same < len(one) // 50
    Box.objects.all().delete()


# --- a hostile web process ----------------------------------------------------------------------


def hostile(way: Custody, plain: dict[str, Any]) -> None:
    """What the web could write with the published key and full rights on its database."""
    from commonweal.web.choices.models import Box

    key = published_order_key(way)
    content = json.dumps({"box": 1, "asked_at": stamp(way.clock.now()), **plain}).encode()
    box = seal_box(content, key.raw, f"commonweal/choice-box/1/{key.key}", size=SIZE)
    Box(sealed=bytes.fromhex(key.key) + box).save(force_insert=True)


def written(way: Custody, number: int, **more: Any) -> dict[str, Any]:
    now = way.clock.now()
    plain = written_plain(
        id_=once(number), number=PERSON, kind="no_companies", project=None,
        day=now.date().isoformat(), at=stamp(now), set_by="staff", channel="desk",
        evidence="x", trusted=None, entered_by="edward",
    )  # fmt: skip
    return {name: value for name, value in (plain | more).items() if value is not None}


ENDS: list[dict[str, Any]] = [
    {"kind": None, "takes_back": 1},
    {"effective_to": "2030-01-01"},
    {"kind": "project_consent", "project": "heart"},
    {"kind": "ndoo"},
    {"kind": "national_data_opt_out"},
    {"channel": "page", "set_by": "self", "entered_by": None},
    {"whose": {"kind": "record_key", "identifier": "7", "dataset": "hospital"}},
    {"effective_from": "2999-01-01"},
    {"made_on": "2020-01-01"},
    {"made_on": "2020-01-01", "effective_from": "2020-01-01"},
    {"set_by": "trusted_person", "trusted": {"relation": "parent", "born_on": "1980-01-01"}},
]


def test_the_naive_twin_ends_anybodys_choice() -> None:
    journal = [{"person": PERSON, "kind": "local_objection"}]
    row = {"takes_back": 0}  # what a worker finds that believes its rows
    if "takes_back" in row:
        del journal[row["takes_back"]]
    assert journal == []


@pytest.mark.parametrize("more", ENDS)
def test_a_hostile_web_ends_nothing_and_says_no_yes(way: Custody, more: dict[str, Any]) -> None:
    from commonweal.web.choices.models import Box

    before = read_journal(way).number
    hostile(way, {"written": written(way, 21, **more)})
    step(way)
    assert read_journal(way).number == before
    assert Box.objects.get().code == "CW-CHOICES-BOX"  # kept, and staff are told of it


def test_it_can_add_a_no_and_what_it_replays_counts_once(way: Custody) -> None:
    before = read_journal(way).number
    for _ in range(3):
        hostile(way, {"written": written(way, 22)})
    assert step(way) == 3
    assert read_journal(way).number == before + 1
    hostile(way, {"written": written(way, 22, kind="local_objection")})
    step(way)
    assert read_journal(way).number == before + 1
    assert read_journal(way).entry(before + 1).choice.kind == "no_companies"


def test_it_cannot_read_what_is_in_a_box(client: Any, way: Custody) -> None:  # noqa: F811
    from django.conf import settings

    from commonweal.web.choices.models import Box

    sent(client)
    row = bytes(Box.objects.get().sealed)
    key = published_order_key(way)
    guesses = [key.raw, settings.SECRET_KEY.encode()[:32], bytes(31) + b"\x01"]
    for guess in guesses:
        with pytest.raises(CommonwealError) as caught:
            open_choice_box(row, guess)
        assert caught.value.code == "CW-MYDATA-SEAL"
    # The vault itself opens a box in no other context than its own.
    private = way.keyring.secret_of(key.key).subkey("x25519").use()
    with pytest.raises(CommonwealError):
        open_box(row[16:], private, f"commonweal/own-order/1/{key.key}")
    Box.objects.all().delete()


def test_a_request_of_its_own_is_only_a_request(way: Custody) -> None:
    """However it is forged: without staff who checked a person it records nothing."""
    before = read_journal(way).number
    said = {"reference": "n-bcdf-bcdf-bcdf", "kinds": ["local_objection"], "name": NAME,
            "born_on": "1958-03-27", "postcode": "LS1 9AB", "nhs_number": PERSON,
            "reach": "me"}  # fmt: skip
    for _ in range(2):
        hostile(way, {"request": said})
    assert step(way) == 2
    assert read_journal(way).number == before
    assert [one.reference for one in waiting(way)] == ["n-bcdf-bcdf-bcdf"]
    for wrong in ({"kinds": ["ndoo"]}, {"kinds": ["project_consent"]}, {"reference": "../../x"},
                  {"takes_back": 1}):  # fmt: skip
        hostile(way, {"request": said | wrong})
    step(way)
    assert [one.reference for one in waiting(way)] == ["n-bcdf-bcdf-bcdf"]
    files = [one.name for one in (way.home.path / FOLDER).iterdir()]
    assert {one for one in files if one.endswith(".waits")} == {"n-bcdf-bcdf-bcdf.waits"}
    assert {one.rpartition(".")[2] for one in files} <= {"waits", "refused"}
    whose = {"kind": "nhs_number", "identifier": PERSON}
    assert len(accept(way, "n-bcdf-bcdf-bcdf", whose, "asked by phone", "edward")) == 1


def test_no_box_holds_two_things_or_a_receipt_for_the_public(way: Custody) -> None:
    now = way.clock.now()
    base = {"box": 1, "asked_at": stamp(now)}
    for wrong in ({}, {"written": written(way, 23), "request": {}}, {"answer_to": "0" * 64}):
        with pytest.raises(PaperInvalid):
            ChoiceBox.read({**base, **wrong}, "It")


# --- "your care team cannot see this choice here" -----------------------------------------------


@pytest.fixture
def chosen(
    db: None,  # noqa: F811
    web_home: Path,  # noqa: F811
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[Custody]:
    """A home of the service's in which choices were recorded and a request waits."""
    from django.conf import settings

    from commonweal.web.choices.workers import tell

    home = make_home(tmp_path / "home", stores=tmp_path / "stores", tables=False)
    here = replace(settings.ENVIRONMENT, home=home)
    monkeypatch.setattr(settings, "ENVIRONMENT", here)
    monkeypatch.setattr(settings, "HOME", replace(settings.HOME, path=home))
    with open_custody(home, _clock(), root_store=tmp_path / "stores") as custody:
        assert isinstance(publish_order_key(custody), OrderKey)
        tell(custody)
        yield custody
    shutil.rmtree(home)


def _clock() -> Any:
    from commonweal.foundation.clock import SystemClock

    return SystemClock()


def test_nothing_of_the_service_differs_once_a_choice_is_recorded(chosen: Custody) -> None:
    """Pages are made of the database and of the home; a choice is in neither but sealed."""
    from commonweal.web.choices.models import Box, VaultSays

    before = dumped()
    for number, kind in enumerate(("no_companies", "local_objection"), start=31):
        hostile(chosen, {"written": written(chosen, number, kind=kind)})
    assert step(chosen) == 2
    assert read_journal(chosen).number == 2
    assert Box.objects.count() == 0
    assert dumped() == before
    assert VaultSays.objects.get().waiting == 0
    held = b"".join(
        one.read_bytes() for one in sorted(chosen.home.path.rglob("*")) if one.is_file()
    )
    for word in (PERSON, f'"kind":"{KINDS[0]}"', 'no_ai_training"'):
        assert word.encode() not in held, word


def test_no_page_of_staff_or_of_the_care_team_tells_a_choice(chosen: Custody) -> None:
    """Every address for people who signed in, as somebody with every role that there is."""
    from commonweal.web.accounts.models import ApiToken, Membership, User
    from commonweal.web.accounts.people import PEOPLE
    from commonweal.web.accounts.services import make_token
    from commonweal.web.config import clock
    from commonweal.web.ledgerlink.models import governed_write

    hostile(chosen, {"written": written(chosen, 41)})
    hostile(chosen, {"written": written(chosen, 42, whose={"kind": "nhs_number",
                                                           "identifier": OTHER})})  # fmt: skip
    client = new_client()  # noqa: F811
    sent(client)
    assert step(chosen) == 3
    person = User.objects.get(public_id="william")
    held = Membership.objects.filter(user=person).first()
    assert held is not None
    with governed_write():
        for role in {role for one in PEOPLE for role in one.roles} - {"clinician"}:
            Membership.objects.create(
                user=person, organisation=held.organisation, role=role, begins=clock.today()
            )
    client.post("/account/people/sign-in/", {"person": "william"})
    seen = 0
    for name, path in addresses():
        if name.startswith(PUBLIC):
            continue  # the same for everybody: a choice changes nothing that they are made of
        answer = client.get(path, follow=True)
        content = b"".join(answer.streaming_content) if answer.streaming else answer.content
        seen += answer.status_code == 200
        for word in (PERSON, OTHER, NAME, REACH, "choice.recorded", DOES["no_companies"]):
            if name == "choices:desk" and word == DOES["no_companies"]:
                continue  # the form asks it
            assert word.encode() not in content, (name, word)
    assert seen > 40
    secret = make_token(person, "all", [scope for scope, _ in ApiToken.SCOPES])[1]
    for path in ("me", "applications", "permits", "studies", "ledger/entries"):
        answer = client.get(f"/api/v1/{path}", headers={"Authorization": f"Bearer {secret}"})
        assert answer.status_code == 200, path
        for word in (PERSON, OTHER, NAME, REACH, "no_companies", "choice.recorded"):
            assert word.encode() not in answer.content, (path, word)


def test_the_web_has_no_way_to_the_journal_but_the_workers() -> None:
    """Modules of the service that name the vault's choices are workers, which no page imports."""
    web = Path(__file__).resolve().parents[2] / "src" / "commonweal" / "web"
    found = [
        one.relative_to(web).as_posix()
        for one in web.rglob("*.py")
        if "vault.choices" in one.read_text() or "vault.mydata" in one.read_text()
    ]
    assert found
    assert all(Path(one).name == "workers.py" for one in found), found
    assert NEW.startswith("/your-choices/")
