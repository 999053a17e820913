"""S9: the pages and files of the public log tell nothing of the sealed one: no words, no volume.

The attacker has a browser and every address of the public log. She tries each of them, with each
name that stands on the sealed log, and counts how much work an answer is. The naive twins are what
a first version of such a service does: it takes the log's name from the address, and it looks for
a permit among all entries and takes the public ones.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import pytest

from commonweal.foundation.canonical import canonical
from commonweal.foundation.clock import stamp
from commonweal.ledger import schema
from commonweal.ledger.details import Details
from commonweal.ledger.entry import Actor, Event, entry_bytes, intent_hash
from commonweal.ledger.events import TYPES
from commonweal.ledger.marks import seal_day
from commonweal.ledger.sequencer import sequence
from commonweal.ledger.store import Ledger
from tests.unit.ledger import support
from tests.unit.ledger.test_events import SAMPLES
from tests.web.conftest import client, db, web_home  # noqa: F401 (fixtures)

MARK = "sealedmark"
"""Stands in every value of a sealed entry that can hold it."""
IDS = {"release", "key", "authorisation", "application", "question", "meeting", "output",
       "standing", "job", "check", "reference", "organisation", "project", "subject", "notice",
       "concern", "choice", "decision"}  # fmt: skip
HASHED = {"hash": "sha256:" + "5e" * 32, "commitment": "hmac-sha256:" + "6f" * 32}


def sealed_events() -> Iterator[Event]:
    """One event of each type of the sealed log, whose values stand nowhere else."""
    for name, row in TYPES.items():
        if row.log == "sealed":
            fields = {
                field: declared.words[0] if declared.words
                else f"{MARK}-{declared.kind}" if declared.kind in IDS
                else HASHED.get(declared.kind, SAMPLES[declared.kind])
                for field, declared in row.fields.items()
            }  # fmt: skip
            yield Event(name, Actor("data_manager", f"{MARK}-actor"), fields)


def place(ledger: Ledger, event: Event) -> None:
    """Write an event past the rules about what may follow what: here only its words count."""
    at = ledger.clock.now()
    body = entry_bytes(event, at)
    with ledger.exclusive() as connection:
        connection.execute(
            "INSERT INTO intent (log, type, body, body_hash, permit, created_at) "
            "VALUES (?, ?, ?, ?, ?, ?)",
            (event.definition.log, event.type, body, intent_hash(stamp(at), body), event.permit,
             stamp(at)),
        )  # fmt: skip


def made(folder: Path, hints: int, every: bool = True) -> Path:
    """A signed ledger with `hints` sealed entries about the permit that the public knows."""
    folder.mkdir()
    with support.new_ledger(folder) as ledger:
        ledger.append(support.issued())
        seal_day(ledger)
        for event in sealed_events() if every else ():
            place(ledger, event)
        details = Details({"for": MARK}, f"{MARK}-key", support.KEY)
        ledger.append(support.hint(0), details=details)
        with ledger.transaction() as writing:
            for number in range(hints):
                writing.append(support.hint(number + 1))
        ledger.append(support.step("paused"))
        sequence(ledger)
        support.new_signer(folder).sign_all(ledger)
    return folder / "ledger.sqlite"


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[[Path], None]:
    def use(ledger: Path) -> None:
        from commonweal.web.publiclog import signed, trusted

        key = support.new_signer(tmp_path / "again").vkey
        plain = {"format": trusted.FORMAT, "keys": [str(key)], "chain": None,
                 "policy": "quorum none\n"}  # fmt: skip
        (tmp_path / "keys.json").write_bytes(canonical(plain))
        monkeypatch.setattr(trusted, "FILE", tmp_path / "keys.json")
        monkeypatch.setattr(signed, "LEDGER", ledger)

    return use


def secrets_of(path: Path) -> list[bytes]:
    """What no answer may hold: marks, and the bytes of sealed entries, hashes, roots and notes."""
    with Ledger.open(path, support.new_clock()) as ledger, ledger.reading() as connection:
        bodies = connection.execute("SELECT body FROM intent WHERE log = 'sealed'").fetchall()
        hashes = connection.execute(
            "SELECT leaf_hash FROM entry WHERE log = 'sealed' "
            "UNION SELECT hash FROM node WHERE log = 'sealed' "
            "UNION SELECT body_hash FROM intent WHERE log = 'sealed' "
            "UNION SELECT root FROM checkpoint WHERE log = 'sealed' "
            "UNION SELECT ciphertext FROM detail"
        ).fetchall()
    found = [MARK.encode(), b"5e" * 32, b"6f" * 32, b"/sealed\n", *(body for (body,) in bodies)]
    for (one,) in hashes:
        found += [one, one.hex().encode(), base64.b64encode(one)]
    return found


def addresses(path: Path) -> list[str]:
    """Every address of the public log, each place of it tried with what the sealed log has."""
    from commonweal.web.publiclog.urls import urlpatterns

    with Ledger.open(path, support.new_clock()) as ledger:
        public, sealed = ledger.size("public"), ledger.size("sealed")
    names = sorted({str(value) for event in sealed_events() for value in event.fields.values()})
    numbers = sorted({*range(public + 2), sealed - 1, sealed, *range(public, public + sealed, 9)})
    tiles = [
        f"{log}{kind}/000{width}"
        for log in ("", "sealed/") for kind in ("0", "1", "entries", "sealed")
        for width in ("", f".p/{public}", f".p/{sealed}", f".p/{sealed % 256}", ".p/1", ".p/9")
    ]  # fmt: skip
    values = {
        "number": [*map(str, numbers), "sealed", "sealed/0", *names[:9]],
        "name": [f"{one}.tlog-proof" for one in [*numbers, "sealed", "sealed/0", MARK]],
        "place": tiles,
        "epoch": ["1", "sealed", "0", "2", "sealed/1"],
    }
    parameters = ["", "?log=sealed", "?log=sealed&from=0", "?q=sealed", "?from=3&log[]=sealed",
                  "?before=9999&q=" + support.PERMIT, "?page=2&log=sealed"]  # fmt: skip
    found = [f"/log/?q={quote(name)}" for name in [*names, *map(str, numbers), "details", MARK]]
    for pattern in urlpatterns:
        made = [str(pattern.pattern)]
        for part in pattern.pattern.converters:
            made = [one.replace(f"<{kind}:{part}>", value)
                    for one in made for kind in ("str", "path") if f"<{kind}:{part}>" in one
                    for value in values[part]]  # fmt: skip
        # Parameters need trying at one address of each kind only.
        found += [f"/log/{one}" for one in made] + [f"/log/{made[0]}{one}" for one in parameters]
    return list(dict.fromkeys(found))


# --- words --------------------------------------------------------------------------------------


def test_naive_the_name_of_a_log_in_the_address_gives_the_sealed_one(tmp_path: Path) -> None:
    path = made(tmp_path / "a", hints=3)

    def naive(log: str, start: int) -> list[bytes]:
        with Ledger.open(path, support.new_clock()) as ledger, ledger.reading() as connection:
            rows = connection.execute(
                "SELECT body FROM entry JOIN intent ON intent.id = intent_id "
                "WHERE entry.log = ? AND idx >= ? ORDER BY idx", (log, start),
            ).fetchall()  # fmt: skip
        return [body for (body,) in rows]

    assert not any(one in b"".join(naive("public", 0)) for one in secrets_of(path))
    assert MARK.encode() in b"".join(naive("sealed", 0))


def test_ours_no_address_and_no_parameter_shows_a_sealed_entry(
    client: Any,  # noqa: F811
    tmp_path: Path,
    shown: Callable[[Path], None],
) -> None:
    path = made(tmp_path / "a", hints=12)
    shown(path)
    secrets, found = secrets_of(path), {200: 0, 302: 0, 400: 0, 404: 0}
    # The search box shows again what was typed; nothing else may come back.
    for address in addresses(path):
        answer = client.get(address)
        found[answer.status_code] += 1
        content = bytes(answer.content)
        typed = unquote(address.partition("?q=")[2])
        content = content.replace(f'value="{typed}"'.encode(), b"")
        held = [one for one in secrets if one in content]
        assert held == [], (address, held[:2])
        for name, value in answer.headers.items():
            assert MARK not in value or answer.status_code == 302, (address, name)
    assert found[200] > 60
    assert found[404] > 60


def test_ours_the_types_that_are_shown_are_those_of_the_public_log(
    client: Any,  # noqa: F811
    tmp_path: Path,
    shown: Callable[[Path], None],
) -> None:
    shown(made(tmp_path / "a", hints=3))
    lines = [json.loads(one) for one in client.get("/log/entries.jsonl").content.splitlines()]
    assert [one["entry"]["type"] for one in lines] == [
        "trust.policy_set", "permit.issued", "sealed.root", "permit.paused"
    ]  # fmt: skip
    # Found by the permit that stands on both logs: the public entries, and no other.
    body = client.get("/log/", {"q": support.PERMIT}).content.decode()
    assert body.count('class="house-timeline__item"') == 2


# --- volume -------------------------------------------------------------------------------------


def naive_search(path: Path) -> int:
    """The steps of SQLite for the search among all entries of a permit."""
    with Ledger.open(path, support.new_clock()) as ledger, ledger.reading() as connection:
        steps = 0

        def step() -> None:
            nonlocal steps
            steps += 1

        connection.set_progress_handler(step, 1)
        connection.execute(
            "SELECT entry.idx, body FROM intent INDEXED BY intent_by_permit "
            "JOIN entry ON entry.intent_id = intent.id WHERE permit = ? AND entry.log = 'public' "
            "ORDER BY intent.id DESC LIMIT 21", (support.PERMIT,),
        ).fetchall()  # fmt: skip
        connection.set_progress_handler(None, 1)
    return steps


def our_steps(browser: Any, address: str, monkeypatch: pytest.MonkeyPatch) -> int:
    """The steps of SQLite that the ledger takes for one address."""
    steps, connect = 0, schema.connect

    def counted(path: Path) -> Any:
        connection = connect(path)

        def step() -> None:
            nonlocal steps
            steps += 1

        connection.set_progress_handler(step, 1)
        return connection

    with monkeypatch.context() as held:
        held.setattr(schema, "connect", counted)
        assert browser.get(address).status_code == 200, address
    return steps


def test_naive_the_search_for_a_permit_works_longer_the_more_is_sealed(tmp_path: Path) -> None:
    few, many = (naive_search(made(tmp_path / str(n), hints=n, every=False)) for n in (10, 1_000))
    assert many > few + 990


def test_ours_no_answer_takes_more_steps_when_more_is_sealed(
    client: Any,  # noqa: F811
    tmp_path: Path,
    shown: Callable[[Path], None],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    places = ["", "entries/1/", "for-experts/", "checkpoint", "keys.json", "entries.jsonl",
              "entries.csv", "log.atom", "proof/1.tlog-proof", "tile/0/000.p/4",
              "tile/entries/000.p/4", "epochs/1/checkpoint", "epochs/1/tile/0/000.p/4",
              *(f"?q={name}" for name in (support.PERMIT, "release-1", "job-4"))]  # fmt: skip
    counts = []
    for hints in (10, 1_000):
        shown(made(tmp_path / str(hints), hints=hints, every=False))
        counts.append({one: our_steps(client, f"/log/{one}", monkeypatch) for one in places})
    assert counts[0] == counts[1]
    assert counts[0][f"?q={support.PERMIT}"] > counts[0]["keys.json"]
