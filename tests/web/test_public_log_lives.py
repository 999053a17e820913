"""The public log as it lives: witnesses sign it, its key is replaced, it goes on in a new epoch."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from commonweal.foundation.canonical import canonical
from commonweal.ledger.asking import ask
from commonweal.ledger.check_proof import NotProved, check, check_log
from commonweal.ledger.checkpoint import Checkpoint, epoch_of
from commonweal.ledger.entry import Event
from commonweal.ledger.log_keys import retire_log_key
from commonweal.ledger.marks import begin_epoch
from commonweal.ledger.note import Note
from commonweal.ledger.policy import WitnessPolicy
from commonweal.ledger.sequencer import sequence
from commonweal.ledger.store import Ledger
from commonweal.web.publiclog import signed, trusted, workers
from commonweal.web.publiclog.trusted import FORMAT
from tests.unit.ledger import support
from tests.unit.ledger.test_asking import Town
from tests.vectors.keychain.make import KEYS, Life, vkey
from tests.web.conftest import Page

Get = Callable[..., Page]
Publish = Callable[..., None]
NOBODY = "Nobody outside the hospital has signed this newest state"
MORE = "ask for more signatures from outside than there are so far"
CANNOT = "could not check the signature just now"


@pytest.fixture
def publish(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Publish:
    """Let the pages read another ledger, and these keys for it."""

    def use(ledger: Path, keys: list[Any], policy: str, chain: str | None = None) -> None:
        plain = {"format": FORMAT, "keys": [str(key) for key in keys], "chain": chain,
                 "policy": policy}  # fmt: skip
        monkeypatch.setattr(signed, "LEDGER", ledger)
        monkeypatch.setattr(trusted, "FILE", tmp_path / "keys.json")
        (tmp_path / "keys.json").write_bytes(canonical(plain))

    return use


@pytest.fixture
def town(tmp_path: Path) -> Iterator[Town]:
    (tmp_path / "town").mkdir()
    made = Town(tmp_path / "town")
    made.grow(2)
    yield made
    made.ledger.close()


def served(client: Any, base: str = "/log/") -> Callable[[str], bytes]:
    def read(name: str) -> bytes:
        answer = client.get(base + name)
        assert answer.status_code == 200, (name, answer.status_code)
        return bytes(answer.content)

    return read


# --- witnesses ----------------------------------------------------------------------------------


def test_the_page_names_the_witnesses_that_signed_the_newest_state(
    client: Any, page: Get, town: Town, publish: Publish
) -> None:
    publish(town.ledger.path, [town.signer.vkey], town.policy().format())
    shown = page("/log/").text
    assert NOBODY in shown
    assert MORE in shown
    one, two = town.witnesses
    ask(town.ledger, one.vkey, one.add_checkpoint)
    shown = page("/log/").text
    assert "w1.example, which is not the hospital, signed on" in shown
    assert "w2.example" not in shown
    assert NOBODY not in shown
    assert MORE in shown
    ask(town.ledger, two.vkey, two.add_checkpoint)
    shown = page("/log/").text
    assert "w2.example, which is not the hospital, signed on" in shown
    assert MORE not in shown
    assert page("/log/for-experts/").text.count(".example+") >= 2
    assert check_log(served(client), [str(town.signer.vkey)])["size"] == 3
    # It is the newest state that they must have signed, and not an older one.
    town.grow()
    shown = page("/log/").text
    assert NOBODY in shown
    assert MORE in shown


def test_a_witness_that_the_rules_do_not_name_is_not_shown(
    page: Get, town: Town, publish: Publish
) -> None:
    other = town.witness("w3")
    ask(town.ledger, other.vkey, other.add_checkpoint)
    publish(town.ledger.path, [town.signer.vkey], town.policy().format())
    shown = page("/log/").text
    assert "w3.example" not in shown
    assert NOBODY in shown


# --- keys ---------------------------------------------------------------------------------------


def test_with_a_replaced_key_the_pages_and_the_checker_follow_the_chain(
    client: Any, page: Get, tmp_path: Path, publish: Publish
) -> None:
    life = Life(tmp_path)
    publish(life.ledger.path, [vkey("K1"), vkey("K2"), vkey("K3")], "quorum none\n",
            life.chains["three"])  # fmt: skip
    assert CANNOT not in page("/log/").text
    assert "Yes. This page worked it out just now" in page("/log/entries/0/").text
    assert "The key was replaced." in page("/log/for-experts/").text
    chain = json.loads(client.get("/log/keys.json").content)["chain"] or ""
    read = served(client)
    size = check_log(read, [str(vkey("K3"))])["size"]
    assert check_log(read, [str(vkey("K1"))], chain)["size"] == size
    assert check(read("proof/0.tlog-proof"), [str(vkey("K1"))], None, 0, chain)["index"] == 0
    for keys, with_ in (([vkey("K1")], None), ([vkey("X")], None), ([vkey("X")], chain),
                        ([vkey("K1")], life.chains["one"])):  # fmt: skip
        with pytest.raises(NotProved):
            check_log(read, [str(key) for key in keys], with_)
    life.ledger.close()


def test_without_the_chain_or_with_another_key_the_page_claims_nothing(
    page: Get, tmp_path: Path, publish: Publish
) -> None:
    life = Life(tmp_path)
    for keys, chain in (([vkey("K1")], None), ([vkey("X")], None),
                        ([vkey("X")], life.chains["three"]), ([vkey("K1")], "no")):  # fmt: skip
        publish(life.ledger.path, keys, "quorum none\n", chain)
        assert CANNOT in page("/log/").text
        assert "could not prove it just now" in page("/log/entries/0/").text
    life.ledger.close()


def test_the_signer_publishes_the_chain_once_the_change_is_signed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    life = Life(tmp_path)
    monkeypatch.setattr(workers, "policy_of", lambda _: WitnessPolicy.parse("quorum none\n"))
    custody: Any = SimpleNamespace(
        ledger=life.ledger, ledger_keys=[vkey("K1"), vkey("K2"), vkey("K3")],
        ledger_keys_in_use=[vkey("K2"), vkey("K3")], home=SimpleNamespace(path=tmp_path),
    )  # fmt: skip
    assert workers.publish_keys(custody) == 1
    held = (tmp_path / trusted.FILE).read_bytes()
    said = json.loads(held)
    assert said["chain"] == life.chains["three"]
    assert said["keys"][0] == str(vkey("K1"))
    assert workers.publish_keys(custody) == 0
    # A change that no signature covers yet has no chain: what is published stays as it is.
    retire_log_key(life.ledger, "key-2", KEYS["K2"].verification_key)
    sequence(life.ledger)
    assert workers.publish_keys(custody) == 0
    assert (tmp_path / trusted.FILE).read_bytes() == held
    life.ledger.close()


# --- epochs and what caches keep ----------------------------------------------------------------


def _grown(ledger: Ledger, name: str) -> None:
    with ledger.transaction() as writing:
        for number in range(300):
            writing.append(support.issued(f"{name}-{number}"))
    sequence(ledger)


def test_after_a_return_to_an_older_copy_no_kept_tile_is_read_again(
    client: Any, town: Town, publish: Publish, tmp_path: Path
) -> None:
    """Two caches: one that believes what it is told, and a naive one that keeps full tiles."""
    copy = tmp_path / "copy"
    shutil.copytree(town.folder, copy)
    _grown(town.ledger, "lost")
    town.signer.sign(town.ledger, "public")
    publish(town.ledger.path, [town.signer.vkey], "quorum none\n")
    naive = {name: client.get(f"/log/{name}").content
             for name in ("tile/0/000", "tile/entries/000")}  # fmt: skip
    tags = {name: client.get(f"/log/{name}")["ETag"] for name in naive}
    for name, tag in tags.items():
        answer = client.get(f"/log/{name}")
        assert answer["Cache-Control"] == "no-cache"
        again = client.get(f"/log/{name}", headers={"if-none-match": tag})
        assert (again.status_code, again.content) == (304, b"")
        kept = client.get(f"/log/epochs/1/{name}")
        assert kept["Cache-Control"] == "public, max-age=31536000, immutable"
        assert kept.content == naive[name]
    for wrong in ("0", "01", "2", "-1", "x", "\u0661", "1.0", "sealed", "99999999999999999999"):
        for name in ("checkpoint", "tile/0/000"):
            assert client.get(f"/log/epochs/{wrong}/{name}").status_code == 404
    last = town.signer.last("public")
    assert last is not None
    with Ledger.open(copy / "ledger.sqlite", town.clock) as back:
        begin_epoch(back, last, None)
        _grown(back, "instead")
        town.signer.sign(back, "public")
    publish(copy / "ledger.sqlite", [town.signer.vkey], "quorum none\n")
    note = Note.parse(served(client)("checkpoint").decode())
    assert epoch_of(Checkpoint.parse(note.text).origin) == 2
    for name, tag in tags.items():
        assert client.get(f"/log/epochs/1/{name}").status_code == 404
        assert client.get(f"/log/epochs/2/{name}").content != naive[name]
        # Who asks again with the tag of the old tile gets the new one.
        answer = client.get(f"/log/{name}", headers={"if-none-match": tag})
        assert answer.status_code == 200
        assert answer.content != naive[name]
    key, read = str(town.signer.vkey), served(client)
    for base in ("/log/", "/log/epochs/2/"):
        assert check_log(served(client, base), [key])["size"] > 300
    with pytest.raises(NotProved):
        check_log(lambda name: naive.get(name) or read(name), [key])


# --- what entries are found by ------------------------------------------------------------------


def test_entries_are_found_by_the_release_the_output_and_the_text_that_they_name(
    client: Any, page: Get, town: Town, publish: Publish
) -> None:
    hashes = {"text_hash": support.HASH}
    figures = {"dataset": "hospital", "release": "figures-1", "figures_hash": support.HASH,
               "inner": support.COMMITMENT}  # fmt: skip
    with town.ledger.transaction() as writing:
        writing.append(Event("catalogue.described", support.JANE, figures))
        writing.append(Event("notice.published", support.JANE,
                             {"notice": "n-bcdfg", "kind": "change", **hashes}))  # fmt: skip
        writing.append(Event("notice.moved", support.JANE, {"notice": "n-hidden", "step": "offer"}))
    sequence(town.ledger)
    publish(town.ledger.path, [town.signer.vkey], "quorum none\n")
    for name in ("figures-1", "n-bcdfg"):
        assert "No entry was found." in page(f"/log/?q={name}").text  # not signed yet
        assert signed.page_about(name) is None
    town.signer.sign(town.ledger, "public")
    assert "Figures about the data" in page("/log/?q=figures-1").text
    assert "published a text" in page("/log/?q=n-bcdfg").text
    assert signed.page_about("n-bcdfg") == "/log/entries/4/"
    page("/log/entries/4/")
    for nothing in ("n-hidden", "n-bcdf", "figures", "hospital", '"release":"figures-1"'):
        assert "No entry was found." in Page(client.get("/log/", {"q": nothing})).text
        assert signed.page_about(nothing) is None


def test_found_entries_come_in_pages_that_lead_on(page: Get, town: Town, publish: Publish) -> None:
    with town.ledger.transaction() as writing:
        for number in range(25):
            step = "resumed" if number % 2 else "paused"
            writing.append(support.step(step, "permit-1"))
    sequence(town.ledger)
    town.signer.sign(town.ledger, "public")
    publish(town.ledger.path, [town.signer.vkey], "quorum none\n")
    first = page("/log/?q=permit-1")
    assert "before=8" in first.html
    second = page("/log/?q=permit-1&before=8").text
    assert "Entry 7 :" in second
    assert "Entry 1 :" in second
    assert "Entry 8 :" not in second
    assert "Entry 0 :" not in second
    for nothing in ("0", "1"):
        assert "No entry was found." in page(f"/log/?q=permit-1&before={nothing}").text
