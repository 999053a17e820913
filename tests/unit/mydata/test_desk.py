"""The desk: one person's page and choices, for the browser that signed in and for nobody else."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from commonweal.cli.main import run
from commonweal.foundation.clock import parse_stamp
from commonweal.foundation.identifiers import NHSNumber
from commonweal.ledger.membership import label
from commonweal.papers.choice import new_choice_id
from commonweal.papers.order_key import OrderKey
from commonweal.papers.own_order import OwnOrder
from commonweal.papers.own_record import OwnAnswer, answer_size, open_answer
from commonweal.papers.release import StatementOfAbsence
from commonweal.vault.choices.journal import read_journal
from commonweal.vault.mydata import tries
from commonweal.vault.mydata.believed import set_provider
from commonweal.vault.mydata.desk import TICK, answer_order, whole_tick
from commonweal.vault.mydata.order_key import place, publish_order_key
from commonweal.vault.release.build import BuildReport
from commonweal.vault.release.proving import PersonProof
from commonweal.vault.release.store import airlock_folder
from tests.release_house import House, make_house, permitted, refused
from tests.unit.choices.helpers import nhs_numbers
from tests.unit.mydata.helpers import CLIENT, ISSUER, Browser, jwks, token

STRANGER = nhs_numbers(40)[-1]


@pytest.fixture(scope="module")
def built(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[House, BuildReport]]:
    house = make_house(tmp_path_factory.mktemp("desk") / "house", count=24)
    data = permitted(patients={"nhs_number": "pseudonym", "sex": "exact"})
    report = house.build(house.issue(data=data))
    publish_order_key(house.custody())
    set_provider(house.custody(), ISSUER, CLIENT, frozenset({"RS512"}), jwks())
    yield house, report
    house.close()


@pytest.fixture
def house(built: tuple[House, BuildReport]) -> House:
    made = built[0]
    made.clock.advance(tries.WINDOW)
    return made


def order(house: House, browser: Browser, number: str, **more: Any) -> bytes:
    """What a web that does its work writes down."""
    claims = more.pop("claims", {})
    plain = {
        "order": 1, "asked": "look",
        "token": token(browser, number, house.clock.now(), **claims),
        "public": browser.public.hex(), "random": browser.random.hex(),
    } | more  # fmt: skip
    key = OrderKey.load(place(house.custody()).read_bytes(), house.custody().belief)
    return OwnOrder.read(plain, "The order").sealed(key)


def ask(house: House, number: str, browser: Browser | None = None, **more: Any) -> OwnAnswer:
    browser = browser or Browser()
    asked, box = answer_order(house.custody(), order(house, browser, number, **more))
    assert asked == more.get("asked", "look")
    return open_answer(box, browser.private)


def choose(house: House, number: str, **choice: Any) -> OwnAnswer:
    claims = choice.pop("claims", {})
    usual = {"id": new_choice_id()} | choice
    return ask(house, number, asked="choose", choice=usual, claims=claims)


def test_who_is_in_gets_kinds_of_data_and_a_receipt_that_holds(
    built: tuple[House, BuildReport], house: House
) -> None:
    record = ask(house, house.numbers[3]).record
    assert record is not None
    (one,) = record.releases
    assert (one.answer, one.tables) == ("in", ("patients",))
    assert one.release == built[1].manifest["release"]
    proof = PersonProof.parse(str(one.receipt).encode())
    assert proof.verify([str(key) for key in house.custody().ledger_keys]) == one.release
    key = house.custody().keyring.secret("membership").use()
    assert proof.label == label(key, one.release, house.numbers[3])
    assert house.numbers[3] not in record.canonical().decode()


def test_the_receipt_is_checked_by_the_command_that_checks_the_ledger(
    house: House, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    record = ask(house, house.numbers[4]).record
    assert record is not None
    receipt, file = str(record.releases[0].receipt), tmp_path / "receipt.json"
    key = str(house.custody().ledger_keys[-1])
    file.write_text(receipt)
    assert run(["ledger", "check-proof", str(file), "--key", key, "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["person_in_release"] == record.releases[0].release
    plain = json.loads(receipt)
    label, index = plain["label"], plain["membership"]["index"]
    for wrong in (
        plain | {"label": label[:-1] + ("0" if label[-1] != "0" else "1")},
        plain | {"label": "x"}, plain | {"ledger_proof": "c2sp.org/tlog-proof@v1"}, {},
        plain | {"x": 1},
        plain | {"membership": plain["membership"] | {"index": index ^ 1}},
        plain | {"membership": plain["membership"] | {"release": "another"}},
    ):  # fmt: skip
        file.write_text(json.dumps(wrong))
        assert run(["ledger", "check-proof", str(file), "--key", key]) == 3
        assert "Traceback" not in capsys.readouterr().err


def test_who_is_not_in_gets_a_signed_word_that_is_theirs(house: House) -> None:
    record = ask(house, STRANGER).record
    assert record is not None
    (one,) = record.releases
    assert (one.answer, one.tables, one.receipt) == ("not_in", (), None)
    statement = StatementOfAbsence.load(str(one.statement), house.custody().belief)
    assert statement.release == one.release
    assert STRANGER not in record.canonical().decode()


def test_boxes_of_both_are_of_one_length_and_the_log_tells_them_not_apart(house: House) -> None:
    sizes, said = set(), []
    for number in (house.numbers[0], STRANGER):
        before = len(house.events("person.answered")), len(house.events("release.person_asked"))
        browser = Browser()
        box = answer_order(house.custody(), order(house, browser, number))[1]
        sizes.add(len(box))
        new = [house.events("person.answered")[before[0]:],
               house.events("release.person_asked")[before[1]:]]  # fmt: skip
        said.append(json.dumps(new, sort_keys=True))
        assert [one["purpose"] for one in new[1]] == ["own"]
    assert sizes == {answer_size(1) + 55}
    assert len(set(said)) == 1
    assert house.ledger_faults() == []


def test_both_are_made_by_the_same_steps(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    from commonweal.vault.release import membership, own

    done: list[str] = []

    def traced(name: str, real: Any) -> Any:
        def call(*given: Any, **more: Any) -> Any:
            done.append(name)
            return real(*given, **more)

        return call

    steps = [
        *[(own, name) for name in ("has_label", "any_label", "prove_label", "statement_about",
                                   "witnessed_proof", "label", "stored_list", "sha256_file")],
        (membership, "levels"), (membership, "_nonce_of"), (PersonProof, "verify"),
    ]  # fmt: skip
    for holder, name in steps:
        monkeypatch.setattr(holder, name, traced(name, getattr(holder, name)))
    traces = []
    for number in (house.numbers[0], house.numbers[-1], STRANGER):
        done.clear()
        ask(house, number)
        traces.append(tuple(done))
    assert len(set(traces)) == 1
    assert {"statement_about", "prove_label", "verify"} <= set(traces[0])


@pytest.mark.parametrize(
    ("how", "because"),
    [("gone", "list_missing"), ("flipped", "list_not_whole"), ("cut", "list_not_whole"),
     ("proof", "list_missing"), ("manifest", "release_missing")],
)  # fmt: skip
def test_what_is_missing_or_changed_makes_nobody_absent(
    built: tuple[House, BuildReport], house: House, how: str, because: str
) -> None:
    release = built[1].manifest["release"]
    kept = airlock_folder(house.custody().home.releases, release) / "membership"
    path = {"proof": built[1].folder / "ledger.tlog-proof",
            "manifest": built[1].folder / "manifest.jws"}.get(how, kept)  # fmt: skip
    whole = path.read_bytes()
    path.chmod(0o600)
    if how == "flipped":
        path.write_bytes(whole[:90] + bytes([whole[90] ^ 1]) + whole[91:])
    elif how == "cut":
        path.write_bytes(whole[:-60])
    else:
        path.rename(path.with_name("aside"))
    try:
        for number in (house.numbers[3], STRANGER):
            record = ask(house, number).record
            assert record is not None
            (one,) = record.releases
            assert (one.answer, one.because) == ("unknown", because)
    finally:
        if path.with_name("aside").exists():
            path.with_name("aside").rename(path)
        path.write_bytes(whole)


def test_a_choice_is_recorded_once_shown_and_taken_back(house: House) -> None:
    number = house.numbers[5]
    id_ = new_choice_id()
    browser = Browser()
    sealed = order(
        house, browser, number, asked="choose", choice={"id": id_, "kind": "local_objection"}
    )
    receipts = []
    for _ in range(2):  # carried twice by a worker that died, or by a web that tries it
        box = answer_order(house.custody(), sealed)[1]
        receipts.append(open_answer(box, browser.private).receipt)
        house.clock.advance(timedelta(minutes=2))
    assert receipts[0] == receipts[1]
    assert receipts[0] is not None
    journal = read_journal(house.custody())
    last = journal.entry(journal.number).choice
    assert (last.id, last.whose.identifier, last.set_by, last.channel) == (
        id_, number, "self", "page")  # fmt: skip
    assert [one.choice.id for one in journal.of_person(number)].count(id_) == 1
    shown = ask(house, number).record
    assert shown is not None
    assert [(one.id, one.honoured) for one in shown.choices] == [(id_, ())]
    other = ask(house, house.numbers[6]).record
    assert other is not None
    assert other.choices == ()
    # Nobody else takes it back.
    wrong = choose(house, house.numbers[6], takes_back=receipts[0].number)
    assert wrong.refusal is not None
    assert wrong.refusal.code == "CW-CHOICES-TAKE-BACK"
    assert choose(house, number, takes_back=receipts[0].number).receipt is not None
    shown = ask(house, number).record
    assert shown is not None
    house.clock.advance(timedelta(days=1))
    shown = ask(house, number).record
    assert shown is not None
    assert shown.choices == ()


def test_the_release_that_first_honours_a_choice_is_told(tmp_path: Path) -> None:
    house = make_house(tmp_path / "house", count=40)
    permit = house.issue(data=permitted(patients={"nhs_number": "pseudonym", "sex": "exact"}))
    house.issue_another("another-one")
    house.build(permit)
    publish_order_key(house.custody())
    set_provider(house.custody(), ISSUER, CLIENT, frozenset({"RS512"}), jwks())
    number, other = house.numbers[5], house.numbers[6]
    assert choose(house, number, kind="local_objection").receipt is not None
    assert choose(house, other, kind="project_objection", project="another-one").receipt is not None
    house.clock.advance(timedelta(hours=1))
    second = house.build(permit).manifest["release"]
    record = ask(house, number).record
    assert record is not None
    assert [one.answer for one in record.releases] == ["in", "not_in"]
    (chosen,) = record.choices
    assert [(one.permit, one.release) for one in chosen.honoured] == [
        (record.releases[0].permit, second)
    ]
    record = ask(house, other).record
    assert record is not None
    assert [one.answer for one in record.releases] == ["in", "in"]
    assert [one.honoured for one in record.choices] == [()]  # it is about a project elsewhere
    house.close()


def test_another_choice_under_the_same_id_is_refused_inside_the_answer(house: House) -> None:
    id_ = new_choice_id()
    first = choose(house, house.numbers[7], id=id_, kind="no_companies")
    assert first.receipt is not None
    for number, kind in [(house.numbers[8], "no_companies"), (house.numbers[7], "no_ai_training")]:
        answer = choose(house, number, id=id_, kind=kind)
        assert answer.refusal is not None
        assert answer.refusal.code == "CW-CHOICES-ID"


def test_children_do_not_choose_alone(house: House) -> None:
    year = house.clock.now().year - 12
    young = choose(house, STRANGER, kind="local_objection",
                   claims={"birthdate": f"{year}-12-31"})  # fmt: skip
    assert young.refusal is not None
    assert young.refusal.code == "CW-MYDATA-AGE"


def test_refusals_are_one_for_all_and_tell_the_log_their_code(house: House) -> None:
    before = len(house.events("person.answered"))
    for number in (house.numbers[3], STRANGER):
        low = {"identity_proofing_level": "P5"}
        assert refused(lambda: ask(house, number, claims=low)).code == "CW-MYDATA-LEVEL"  # noqa: B023
    new = house.events("person.answered")[before:]
    assert [(one["outcome"], one["code"]) for one in new] == [("refused", "CW-MYDATA-LEVEL")] * 2
    for number in (house.numbers[3], STRANGER):
        for _ in range(tries.MOST):
            tries.count_try(house.custody(), NHSNumber(number))
        error = refused(lambda: ask(house, number))  # noqa: B023
        assert error.code == "CW-MYDATA-TRIES"


@pytest.mark.parametrize("sealed", [b"", b"x", b"x" * 16, b"\x00" * 25_000, b"CWBOX1\n" * 9])
def test_what_is_no_order_is_refused_and_tells_the_log_nothing(house: House, sealed: bytes) -> None:
    before = len(house.events("person.answered"))
    assert refused(lambda: answer_order(house.custody(), sealed)).code in (
        "CW-MYDATA-ORDER", "CW-MYDATA-KEY", "CW-MYDATA-SEAL")  # fmt: skip
    named = bytes.fromhex(house.custody().keyring.get("person-orders").id)
    assert refused(lambda: answer_order(house.custody(), named + sealed)).code in (
        "CW-MYDATA-ORDER", "CW-MYDATA-SEAL")  # fmt: skip
    assert len(house.events("person.answered")) == before


def test_an_answer_waits_for_a_whole_tick() -> None:
    for text in ("2026-12-01T09:00:00.000Z", "2026-12-01T09:00:04.999Z"):
        assert whole_tick(parse_stamp(text)) == parse_stamp("2026-12-01T09:00:05.000Z")
    assert TICK.total_seconds() == 5
